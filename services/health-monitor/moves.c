/*
 * The watch's story: look until OpenClaw can be used from outside, say so, and go on looking. One bad
 * look is no news: three in a row are, and two good ones end it; while OpenClaw is restarted or upgraded,
 * that it is away is no news either, for some minutes. All of it only reads, so every action may run twice.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "events.h"
#include "monitor.h"
#include "probe.h"
#include "settings.h"

enum {
    BAD_LOOKS = 3,
    GOOD_LOOKS = 2,
    QUIET_S = 3,     /* first looks may fail for reasons nobody needs to read */
    RESTART_S = 180, /* so long it may be away without anybody being alarmed */
    UPGRADE_S = 600,
};

/* "https://ip[:port]/"; NULL when there is no usable address. */
static const char *url_of(const struct job *job)
{
    unsigned char address[sizeof(struct in6_addr)];
    const char *ip = note(job, "ip");
    const char *port = "";

    if (!ip) {
        return NULL;
    }
    if (conf.machine_https_port != 443) {
        port = arena_printf(job->arena, ":%d", conf.machine_https_port);
    }
    if (inet_pton(AF_INET, ip, address) == 1) {
        return arena_printf(job->arena, "https://%s%s/", ip, port);
    }
    if (inet_pton(AF_INET6, ip, address) == 1) {
        return arena_printf(job->arena, "https://[%s]%s/", ip, port);
    }
    return NULL;
}

static struct probe look_at(const struct job *job, const char *url)
{
    return probe_look(
        job->http,
        &(struct look){.url = url, .ca_file = conf.machine_ca_file, .dashboards = &conf.dashboards},
        job->arena);
}

static double at_least_at_most(double value, double least, double most)
{
    return value < least ? least : value > most ? most : value;
}

/* ±10 %, so that machines installed together are not looked at together for ever. */
static double jittered(double seconds)
{
    return seconds * (0.9 + 0.2 * (double)(clock_unix_us() % 1000) / 1000);
}

/* Before it is ready: quick at first, for the last moment of an installation is short. */
struct err monitor_await_ready(struct job *job)
{
    const char *url = url_of(job);

    if (!url) {
        return permanent("The server has no usable address");
    }
    struct probe probe = look_at(job, url);
    if (probe.verdict == VERDICT_HEALTHY) {
        struct instance_ready *said = arena_alloc(job->arena, sizeof *said);
        said->url = url;
        note_set(job, "why", NULL);
        job_say(job, &instance_ready, said);
        return OK;
    }
    const char *before = note(job, "why");
    if (job->age_s >= QUIET_S && (!before || strcmp(before, probe.text) != 0)) {
        note_set(job, "why", probe.text);
        job_message(job, "Waiting for OpenClaw: %s", probe.text);
    }
    job_wait(job, at_least_at_most(0.5 * job->age_s, 0.1, conf.probe_poll_s));
    return not_yet("%s", probe.text);
}

/* It is away because something is being done to it. */
static bool is_expected(const struct job *job)
{
    if (!job->change) {
        return false;
    }
    return job->change_age_s < (strcmp(job->change, "upgrade") == 0 ? UPGRADE_S : RESTART_S);
}

/* While it is ready. A bad look is soon followed by another one. */
struct err monitor_watch(struct job *job)
{
    const char *url = url_of(job);
    int64_t bad = note_int(job, "bad_looks", 0);

    if (!url) {
        return permanent("The server has no usable address");
    }
    struct probe probe = look_at(job, url);
    if (probe.verdict == VERDICT_HEALTHY || probe.verdict == VERDICT_OURS) {
        if (bad > 0) {
            note_set(job, "bad_looks", NULL);
        }
        job_wait(job, jittered(conf.watch_poll_s));
        return not_yet("%s", probe.text);
    }
    bad = is_expected(job) ? 0 : bad + 1;
    if (bad < BAD_LOOKS) {
        note_set_int(job, "bad_looks", bad);
        job_wait(job, at_least_at_most(conf.recheck_s, 0, conf.watch_poll_s));
        return not_yet("%s", probe.text);
    }
    struct instance_unhealthy *said = arena_alloc(job->arena, sizeof *said);
    said->reason = probe.text;
    note_set(job, "bad_looks", NULL);
    job_say(job, &instance_unhealthy, said);
    job_message(job, "OpenClaw does not work at the moment: %s", probe.text);
    return OK;
}

/* While it is not: ever more rarely, up to the ordinary pace. */
struct err monitor_await_recovery(struct job *job)
{
    const char *url = url_of(job);
    int64_t good = note_int(job, "good_looks", 0);

    if (!url) {
        return permanent("The server has no usable address");
    }
    struct probe probe = look_at(job, url);
    if (probe.verdict != VERDICT_HEALTHY) {
        if (good > 0) {
            note_set(job, "good_looks", NULL);
        }
        job_wait(job,
                 jittered(at_least_at_most(0.1 * job->age_s, conf.recheck_s, conf.watch_poll_s)));
        return not_yet("%s", probe.text);
    }
    if (good + 1 < GOOD_LOOKS) {
        note_set_int(job, "good_looks", good + 1);
        job_wait(job, at_least_at_most(conf.recheck_s, 0, conf.watch_poll_s));
        return not_yet("works again; looking once more");
    }
    note_set(job, "good_looks", NULL);
    job_say(job, &instance_recovered, arena_alloc(job->arena, sizeof(struct instance_recovered)));
    return OK;
}

/* clang-format off */
static const struct move moves[] = {
    /* state      goal       action                  then       lease poll tries limit */
    {"new",       GOAL_UP,   monitor_await_ready,    "ready",     30,  2,  5, 600, "INSTALLING", "Checking OpenClaw from outside", &instance_ready},
    {"ready",     GOAL_UP,   monitor_watch,          "unhealthy", 30, 60,  5,   0, "READY",      "OpenClaw is ready", &instance_unhealthy},
    {"unhealthy", GOAL_UP,   monitor_await_recovery, "ready",     30, 10,  5,   0, NULL,         NULL, &instance_recovered},

    {"new",       GOAL_DOWN, NULL,                   "gone",      30,  1,  5,   0, NULL, NULL, NULL},
    {"ready",     GOAL_DOWN, NULL,                   "gone",      30,  1,  5,   0, NULL, NULL, NULL},
    {"unhealthy", GOAL_DOWN, NULL,                   "gone",      30,  1,  5,   0, NULL, NULL, NULL},
    {"away",      GOAL_DOWN, NULL,                   "gone",      30,  1,  5,   0, NULL, NULL, NULL}, /* being installed anew: there is nothing to look at */
};
/* clang-format on */

const struct stage monitor_stage = {
    .piece = "watch",
    .gone = "gone",
    .moves = moves,
    .n_moves = sizeof moves / sizeof moves[0],
    .goals = monitor_goals,
    .n_goals = MONITOR_GOALS,
    .uses_change = true,
};
