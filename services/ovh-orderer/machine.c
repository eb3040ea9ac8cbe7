/* From the bare machine to one that lets us in: our mark, our key, a fresh system, its address. */
#include <stdio.h>
#include <string.h>

#include "events.h"
#include "moves.h"
#include "ssh/keypair.h"

enum { REBUILDS_MAX = 3, LOST_MAX = 5 };

/* The machine is ours but OVH is not done with it; or it does not show it everywhere yet. */
static struct err busy(struct job *job)
{
    const struct orderer_settings *settings = settings_of(job);

    return later_until(job, settings->rebuild_poll_s, settings->rebuild_limit_s,
                       "OVH delivered the server but keeps it busy for too long. The server is "
                       "kept; a retry goes on "
                       "with it");
}

static struct err own_key(struct job *job)
{
    struct ssh_keypair pair;

    if (job_has_secret(job, SECRET_SSH_KEY) && note(job, "public_key")) {
        return OK;
    }
    const char *comment = server_mark(job);
    TRY(ssh_keypair_new(settings_of(job)->ssh_key_type, comment, job->arena, &pair));
    TRY(job_keep_secret(job, SECRET_SSH_KEY, pair.private_key, strlen(pair.private_key)));
    note_set(job, "public_key", pair.public_key);
    return OK;
}

/* A row that was recalled from the topics does not know whether its late machine was given back in the life that was lost. */
static struct err given_back(const struct job *job, const struct ovh *ovh, bool *ret)
{
    struct ovh_service service = {0};

    *ret = false;
    if (!note_int(job, "recalled_late", 0)) {
        return OK;
    }
    struct err e = ovh_service(ovh, note(job, "service_name"), &service);
    *ret = !failed(e) && service.ends;
    return ovh_absent(e) ? OK : e;
}

/* A clock that was set back makes nobody wait longer. */
static bool rebuild_may_come(const struct job *job, double wait_s)
{
    double over = (double)(unix_now() - note_int(job, "rebuild_sent", 0));

    return over <= wait_s && over >= -wait_s;
}

/* A decision to install anew came while a rebuild was being asked for: what OVH answered was not heard. */
static bool rebuild_unheard(const struct job *job)
{
    return job->again && note(job, "image") &&
           note_int(job, "task", 0) <= note_int(job, "task_floor", 0);
}

/* May run again: naming the machine is the same each time, the rest reads; a key that is kept is not made again. */
struct err server_prepare(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    const char *service = note(job, "service_name"), *image = NULL;
    int64_t floor = 0;
    bool ends = false;

    if (rebuild_unheard(job)) {
        note_set_int(job, "rebuild_sent", unix_now());
    }
    TRY(given_back(job, &ovh, &ends));
    if (ends) {
        job_log(job, "The server that came late was given back already");
        note_set_int(job, "ending", 1);
        job_go(job, "unwanted");
        return OK;
    }
    struct err e = ovh_vps_mark(&ovh, service, server_mark(job));
    if (ovh_absent(e) || ovh_busy(e)) {
        return busy(job);
    }
    TRY(e);
    /* One with the key of before may still be on its way: it must not be taken for ours. */
    if (rebuild_may_come(job, ovh.settings->unknown_wait_s)) {
        job_message(job, "Finding out whether OVH still installs the system of before");
        return later(job, ovh.settings->unknown_wait_s / 6);
    }
    e = ovh_vps_rebuild_task(&ovh, service, 0, &floor);
    if (ovh_absent(e)) {
        return busy(job);
    }
    TRY(e);
    TRY(ovh_vps_image(&ovh, service, ovh.settings->os, &image));
    if (!image) { /* single images are missing for moments */
        return later_until(
            job, ovh.settings->rebuild_poll_s, ovh.settings->rebuild_limit_s / 20,
            arena_printf(
                job->arena,
                "OVH has no image '%.60s' for the server; it is kept. An operator must check "
                "OVH_OS, then retry",
                ovh.settings->os));
    }
    TRY(own_key(job));
    note_set(job, "image", image);
    int64_t last =
        note_int(job, "task", 0); /* of an earlier decision; the list may not show it yet */
    note_set_int(job, "task_floor", floor > last ? floor : last);
    return OK;
}

static struct err recovering(struct job *job, const struct ovh *ovh, const char *service, bool *ret)
{
    const char *state = "";

    *ret = false;
    if (note_int(job, "rebuild_failures", 0) > 0) {
        TRY(ovh_vps_state(ovh, service, &state));
        *ret = strcmp(state, "running") != 0 && strcmp(state, "stopped") != 0;
    }
    return OK;
}

/* From here on the machine may come to hold somebody's data: it is wiped before it is let go. */
static struct err rebuilding(struct job *job, int64_t task)
{
    note_set(job, "rebuild_sent", NULL);
    note_set(job, "rebuild_lost", NULL);
    note_set_int(job, "task", task);
    note_set_int(job, "used", 1);
    return OK;
}

/* A request that got no answer, or may have gone out: OVH may still be about to carry it out. */
static void rebuild_lost(struct job *job)
{
    note_set_int(job, "rebuild_sent", unix_now());
    note_set_int(job, "rebuild_lost", note_int(job, "rebuild_lost", 0) + 1);
}

static struct err no_answer(struct job *job)
{
    note_set(job, "rebuild_lost", NULL);
    return permanent("OVH does not answer when it is asked to install the system, %d times in a "
                     "row. The server is kept; a retry asks again",
                     LOST_MAX);
}

/* A definite no. OVH replaces its images, so a retry begins with choosing one. */
static struct err refused(struct job *job, struct err e)
{
    const struct orderer_settings *settings = settings_of(job);

    if (ovh_absent(e)) { /* perhaps it is only too new */
        e = later_until(job, settings->rebuild_poll_s, settings->rebuild_limit_s,
                        arena_printf(job->arena,
                                     "OVH does not install the system: %.90s. The server is kept; "
                                     "a retry chooses its image anew",
                                     e.text));
    }
    if (e.kind == ERR_PERMANENT) {
        job_go(job, "delivered");
    }
    return e;
}

/*
 * May run again: a rebuild newer than those before the first try is ours, and is not asked for again. One that got no
 * answer is waited for before there is another: carried out late, it would wipe a machine that is in use by then.
 */
struct err server_rebuild(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    const char *service = note(job, "service_name");
    int64_t task = 0;
    bool wait = false;

    if (job->again) { /* noted at once: whatever comes of this run, the next one does not know it */
        rebuild_lost(job);
    }
    struct err e = ovh_vps_rebuild_task(&ovh, service, note_int(job, "task_floor", 0), &task);
    if (ovh_absent(e)) {
        return busy(job);
    }
    TRY(e);
    if (task > 0) {
        return rebuilding(job, task);
    }
    if (rebuild_may_come(job, ovh.settings->unknown_wait_s)) {
        job_message(job, "Finding out whether OVH installs the system");
        return later(job, ovh.settings->unknown_wait_s / 6);
    }
    if (note_int(job, "rebuild_lost", 0) >= LOST_MAX) {
        return no_answer(job);
    }
    TRY(recovering(job, &ovh, service, &wait));
    if (wait) {
        return busy(job);
    }
    e = ovh_vps_rebuild(&ovh, service, note(job, "image"), note(job, "public_key"), &task);
    if (ovh_busy(e)) {
        return busy(job);
    }
    if (e.kind == ERR_PERMANENT) {
        return refused(job, e);
    }
    if (e.kind == ERR_UNKNOWN) {
        rebuild_lost(job);
        (void)later(job, ovh.settings->unknown_wait_s / 6);
        return not_yet("%s", e.text);
    }
    TRY(e);
    return rebuilding(job, task);
}

/* A retry tries three more times. */
static struct err rebuild_failed(struct job *job, int64_t task)
{
    int64_t failures = note_int(job, "rebuild_failures", 0) + 1;

    note_set_int(job, "task_floor", task);
    note_set_int(job, "rebuild_failures", failures < REBUILDS_MAX ? failures : 0);
    job_go(job, "prepared");
    if (failures < REBUILDS_MAX) {
        job_log(job, "OVH could not install the system, trying again (%lld of %d)",
                (long long)failures + 1, REBUILDS_MAX);
        return OK;
    }
    return permanent("OVH could not install the system on %s, %d times in a row. The server is "
                     "kept; a retry tries "
                     "again, and an operator should ask OVH",
                     note(job, "service_name"), REBUILDS_MAX);
}

/* Reads only, so it may run again. */
struct err server_await_rebuild(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    int64_t task = note_int(job, "task", 0);
    enum ovh_task_state state;

    TRY(ovh_vps_task(&ovh, note(job, "service_name"), task, &state));
    switch (state) {
    case OVH_TASK_DONE:
        note_set(job, "rebuild_failures", NULL);
        return OK;
    case OVH_TASK_FAILED:
        return rebuild_failed(job, task);
    case OVH_TASK_RUNNING:
        break;
    }
    return later_until(
        job, ovh.settings->rebuild_poll_s, ovh.settings->rebuild_limit_s,
        "OVH takes too long to install the system. The server is kept; a retry goes on waiting");
}

/* Reads only, so it may run again. */
struct err server_find_address(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    struct server_ready *event = arena_alloc(job->arena, sizeof *event);
    const char *ip = NULL;

    TRY(ovh_vps_ipv4(&ovh, note(job, "service_name"), &ip));
    if (!ip) {
        return later_until(
            job, ovh.settings->address_poll_s, ovh.settings->address_limit_s,
            "OVH gave the server no IPv4 address. The server is kept; a retry looks again");
    }
    note_set(job, "ip", ip);
    event->ip = ip;
    event->service_name = note(job, "service_name");
    event->anew = note_int(job, "anew", 0);
    job_address(job, ip);
    job_log(job, "The server answers to %s (%s)", ip, event->service_name);
    job_say(job, &server_ready, event);
    return OK;
}
