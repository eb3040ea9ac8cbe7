/*
 * Restarting OpenClaw on a machine that works, until it answers again. A restart that does not work is told to
 * the user, but the deployment stays what it was: an installation is not undone by it, and whether OpenClaw can
 * be used is the monitor's to say.
 */
#include <string.h>

#include "events.h"
#include "installer.h"
#include "known.h"
#include "machine.h"
#include "settings.h"

enum {
    RESTART_LIMIT_S = 180,
    STAY_S = 30,                /* it takes some seconds; so long we stay to see the end at once */
    INVALID_CONFIGURATION = 78, /* OpenClaw's own exit status, after which nobody starts it again */
    TOO_OFTEN = 3,
};

/* Back to where it was, with a word about it. */
static struct err restart_gave_up(struct job *job, const char *why)
{
    job_change_over(job, "restart", false);
    job_go(job, "installed");
    job_message(job, "The restart did not work: %s", why);
    return OK;
}

/* Restarting twice is a little rude and otherwise harmless. */
struct err installer_restart(struct job *job)
{
    struct machine machine;
    struct err e = installer_machine(job, &machine);

    if (!failed(e)) {
        e = machine_restart(&machine, job->arena);
    }
    if (!failed(e)) {
        return OK;
    }
    if (e.kind == ERR_PERMANENT || job->tries + 1 >= RESTART_TRIES) {
        return restart_gave_up(job, e.text);
    }
    return e;
}

/* Why waiting on is in vain; NULL when it is not. */
static const char *hopeless(const struct job *job, const struct service_answer *now)
{
    bool down = strcmp(now->state, "failed") == 0;

    if (down && now->exit_status == INVALID_CONFIGURATION) {
        return "OpenClaw refuses its configuration; undo what was changed there last";
    }
    if (down) {
        return arena_printf(job->arena, "OpenClaw does not start (exit status %d)",
                            now->exit_status);
    }
    if (now->restarts >= TOO_OFTEN) {
        return arena_printf(job->arena,
                            "OpenClaw ends again and again right after its start (exit status %d)",
                            now->exit_status);
    }
    return job->age_s > RESTART_LIMIT_S ? "OpenClaw did not answer within three minutes" : NULL;
}

/* Reads only. */
struct err installer_await_restart(struct job *job)
{
    struct machine machine;
    struct service_answer now = {.state = ""};
    struct err e = installer_machine(job, &machine);

    if (!failed(e)) {
        e = machine_service(&machine, job->age_s < STAY_S, job->arena, &now);
    }
    if (failed(e) && (e.kind == ERR_PERMANENT || job->tries + 1 >= RESTART_TRIES)) {
        return restart_gave_up(job, e.text);
    }
    if (failed(e)) {
        return e;
    }
    if (now.ready) {
        struct instance_restarted *said = arena_alloc(job->arena, sizeof *said);
        said->ip = machine.ip;
        job_say(job, &instance_restarted, said);
        job_change_over(job, "restart", true);
        job_message(job, "OpenClaw was restarted");
        return OK;
    }
    const char *why = hopeless(job, &now);
    if (why) {
        return restart_gave_up(job, why);
    }
    job_wait(job, installer_pause(job->age_s, 0.05, 0.1, conf.setup_poll_s));
    return not_yet("OpenClaw does not answer yet (its service is '%.40s')", now.state);
}
