/*
 * Bringing OpenClaw to a newer version on a machine that works. The script on the machine does it, or undoes it; the
 * deployment stays what it was either way, and is told what came of it. A machine that goes away in the middle is waited
 * for, because only a run that goes on ends with one version or the other.
 */
#include <string.h>

#include "events.h"
#include "follow.h"
#include "installer.h"
#include "known.h"
#include "machine.h"
#include "settings.h"

enum {
    STARTING_S = 10,    /* within this a run just started may not have said so yet */
    BEGIN_LIMIT_S = 90, /* nothing has happened yet: no need to wait for long */
    LIMIT_S = 2 * 3600,
    TELL_S = 20, /* trouble that lasts longer is told */
    RUNS = 8,    /* starts of one upgrade; the script gives up sooner, and goes back */
    PAUSE_MOST_S = 30,
    LOOK_MOST_S = 120, /* from one look to the next, when somebody looks */
};

/* An upgrade has ended: the next one is another run. */
static void ended(struct job *job, bool worked)
{
    job_change_over(job, "upgrade", worked);
    note_set(job, "upgrade_to", NULL);
    note_set(job, "upgrade_begun", NULL);
    note_set(job, "upgrade_away", NULL);
    note_set(job, "upgrade_looked", NULL);
    note_set(job, "upgrade_told", NULL);
    note_set_int(job, "upgrade_run", note_int(job, "upgrade_run", 1) + 1);
}

/* Back to where it was, with a word about it. */
static struct err upgrade_gave_up(struct job *job, const char *why)
{
    ended(job, false);
    job_go(job, "installed");
    job_message(job, "The upgrade did not work: %s", why);
    return OK;
}

/* For how long we have found it away: time in which nobody looked (we were away ourselves) does not count. */
static int64_t machine_away_s(struct job *job)
{
    int64_t now = (int64_t)job->age_s, before = note_int(job, "upgrade_looked", 0);
    int64_t since = now < before ? 0 : now - before;
    int64_t away = note_int(job, "upgrade_away", 0) + (since > LOOK_MOST_S ? LOOK_MOST_S : since);

    note_set_int(job, "upgrade_looked", now);
    note_set_int(job, "upgrade_away", away);
    return away;
}

static void machine_is_there(struct job *job)
{
    note_set(job, "upgrade_told", NULL);
    note_set(job, "upgrade_away", NULL);
    note_set_int(job, "upgrade_looked", (int64_t)job->age_s);
}

/* The machine does not answer. */
static struct err wait_for_machine(struct job *job, struct err e, int limit_s)
{
    int64_t away_s = machine_away_s(job);

    e = installer_told(e, "The server cannot be reached");
    if (e.kind == ERR_PERMANENT || away_s > limit_s) {
        return upgrade_gave_up(job, e.text);
    }
    if (away_s > TELL_S && !note(job, "upgrade_told")) {
        note_set(job, "upgrade_told", "yes");
        job_message(job, "Upgrading OpenClaw: the server does not answer at the moment");
    }
    job_wait(job, installer_pause((double)away_s, 0.2, 0.5, PAUSE_MOST_S));
    return not_yet("%s", e.text);
}

/* The script starts once per run id, however often it is told to, and goes on where it was cut off. */
struct err installer_upgrade(struct job *job)
{
    struct machine machine;
    struct machine_upgrade upgrade = {
        .version = note(job, "upgrade_to"),
        .run_id = arena_printf(job->arena, "%s-u%d", job->id, (int)note_int(job, "upgrade_run", 1)),
    };
    int64_t begun = note_int(job, "upgrade_begun", 0);
    struct err e = installer_machine(job, &machine);

    if (!upgrade.version) {
        return upgrade_gave_up(job, "nobody said to which version");
    }
    if (begun >= RUNS) {
        return upgrade_gave_up(job, "it was interrupted again and again");
    }
    if (!failed(e)) {
        e = machine_start_upgrade(&machine, &upgrade, job->arena);
    }
    if (failed(e)) {
        return wait_for_machine(job, e, begun > 0 ? LIMIT_S : BEGIN_LIMIT_S);
    }
    machine_is_there(job);
    note_set(job, "upgrade_looked", NULL); /* another state counts its own time */
    note_set_int(job, "upgrade_begun", begun + 1);
    note_set(job, "run_id", upgrade.run_id);
    return OK;
}

static struct err start_again(struct job *job, const char *message)
{
    job_go(job, "upgrading");
    if (message) {
        job_message(job, "%s", message);
    }
    return OK;
}

/* The script is done: the new version runs, or the old one again. */
static struct err read_outcome(struct job *job)
{
    struct machine machine;
    struct setup_result result;
    const char *run_id = note(job, "run_id"), *wanted = note(job, "upgrade_to");

    TRY(installer_machine(job, &machine));
    TRY(machine_read_result(&machine, job->arena, &result));
    if (!run_id || strcmp(result.upgrade_run, run_id) != 0) {
        return start_again(job, NULL); /* it knows of no such run */
    }
    note_set(job, "version", result.openclaw_version);
    job_version(job, result.openclaw_version);
    if (result.upgraded && wanted && strcmp(result.openclaw_version, wanted) != 0) {
        /* Our numbers are older than the machine's (a restored database): this was an upgrade of before. */
        note_set_int(job, "upgrade_run", note_int(job, "upgrade_run", 1) + 1);
        return start_again(job, NULL);
    }
    ended(job, result.upgraded);
    if (!result.upgraded) {
        const char *reason = *result.upgrade_reason ? result.upgrade_reason : "no reason given";
        job_go(job, "installed");
        job_message(job, "OpenClaw %s runs as before; the upgrade to %s was undone: %.120s",
                    result.openclaw_version, wanted ? wanted : "a newer version", reason);
        return OK;
    }
    struct instance_upgraded *said = arena_alloc(job->arena, sizeof *said);
    said->ip = machine.ip;
    said->version = result.openclaw_version;
    job_say(job, &instance_upgraded, said);
    job_message(job, "OpenClaw was upgraded to %s", result.openclaw_version);
    return OK;
}

static struct err follow_upgrade(struct job *job)
{
    struct setup_answer answer;

    TRY(installer_look(job, &answer));
    machine_is_there(job);
    if (answer.status == SETUP_NONE || !installer_is_ours(job, &answer)) {
        if (job->age_s < STARTING_S) {
            job_wait(job, 0.5);
            return not_yet("the upgrade has not begun");
        }
        return start_again(job, NULL);
    }
    if (answer.status == SETUP_FAILED && strstr(answer.reason, "interrupted")) {
        return start_again(job, "The upgrade was interrupted and goes on");
    }
    if (answer.status == SETUP_FAILED) { /* the way back did not work either: once more */
        return start_again(job,
                           arena_printf(job->arena, "Upgrading OpenClaw does not work yet: %.120s",
                                        answer.reason));
    }
    return answer.status == SETUP_DONE ? read_outcome(job) : not_yet("the upgrade is at work");
}

/*
 * Looks where the upgrade is, and what came of it. Reads only; lines and the offset behind them settle together. A run
 * that takes too long is left to itself: it ends one way or the other.
 */
struct err installer_follow_upgrade(struct job *job)
{
    struct err e = follow_upgrade(job);

    if (e.kind == ERR_NOT_YET && job->age_s > LIMIT_S) {
        return upgrade_gave_up(job, "it did not end within two hours");
    }
    return failed(e) && e.kind != ERR_NOT_YET ? wait_for_machine(job, e, LIMIT_S) : e;
}
