/*
 * Restarting OpenClaw on a machine that works. A restart that does not work is told to the user, but the
 * deployment stays what it was: an installation is not undone by it.
 */
#include <string.h>

#include "events.h"
#include "installer.h"
#include "known.h"
#include "machine.h"
#include "settings.h"

enum { RESTART_LIMIT_S = 180 };

/* Back to where it was, with a word about it. */
static struct err restart_gave_up(struct job *job, const char *why)
{
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

/* Reads only. */
struct err installer_await_restart(struct job *job)
{
    struct machine machine;
    const char *now = "";
    struct err e = installer_machine(job, &machine);

    if (!failed(e)) {
        e = machine_service_state(&machine, job->arena, &now);
    }
    if (failed(e) && (e.kind == ERR_PERMANENT || job->tries + 1 >= RESTART_TRIES)) {
        return restart_gave_up(job, e.text);
    }
    if (failed(e)) {
        return e;
    }
    if (strcmp(now, "active") == 0) {
        struct instance_restarted *said = arena_alloc(job->arena, sizeof *said);
        said->ip = machine.ip;
        job_say(job, &instance_restarted, said);
        job_message(job, "OpenClaw was restarted");
        return OK;
    }
    if (strcmp(now, "failed") == 0 || job->age_s > RESTART_LIMIT_S) {
        return restart_gave_up(job, arena_printf(job->arena, "the service is '%.40s'", now));
    }
    job_wait(job, installer_pause(job->age_s, 0.3, 0.2, conf.setup_poll_s));
    return not_yet("the service is '%.40s'", now);
}
