/*
 * The installer's story: meet the machine, start the setup, follow it to its end, note what came of it
 * (later restart or upgrade OpenClaw when the user asks: restart.c, upgrade.c; or leave the machine to be wiped: leaving.c). The setup runs detached on the machine, so any of this may
 * be interrupted and done again.
 */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "follow.h"
#include "installer.h"
#include "known.h"
#include "lines.h"
#include "machine.h"
#include "settings.h"
#include "ssh/ssh.h"

enum {
    STARTING_S = 10, /* within this a setup just started may not have said so yet */
    INTERRUPTIONS = 3,
    KEY_RUNS = 3, /* setups, until the machine has the key that we have */
    TOKEN_BYTES = 32,
};

/* The gateway's token is ours, and sealed before anything can know it. Made once. */
static struct err make_token(struct job *job)
{
    unsigned char random[TOKEN_BYTES];
    char token[2 * TOKEN_BYTES + 1];

    if (job_has_secret(job, SECRET_GATEWAY_TOKEN)) {
        return OK;
    }
    if (RAND_bytes(random, sizeof random) != 1) {
        abort();
    }
    for (size_t i = 0; i < sizeof random; i++) {
        (void)snprintf(token + 2 * i, 3, "%02x", random[i]);
    }
    struct err e = job_keep_secret(job, SECRET_GATEWAY_TOKEN, token, strlen(token));
    OPENSSL_cleanse(random, sizeof random);
    OPENSSL_cleanse(token, sizeof token);
    return e;
}

/* Logs in for the first time and pins the host key. Changes nothing on the machine, so it may run twice. */
struct err installer_reach(struct job *job)
{
    struct machine machine;
    const char *pin = NULL;

    TRY(installer_machine(job, &machine));
    struct err e = machine_meet(&machine, job->arena, &pin);
    if (e.kind == ERR_PERMANENT) {
        return installer_told(e, "The server can not be reached");
    }
    if (failed(e)) { /* it still boots, or does not have our key yet */
        job_wait(job, installer_pause(job->age_s, 0.5, 0.2, conf.connect_poll_s));
        return not_yet("%s", e.text);
    }
    note_set(job, "host_key", pin);
    return make_token(job);
}

static struct err start_setup(struct job *job)
{
    struct machine machine;
    const char *key, *token;
    size_t key_len, token_len;

    TRY(installer_machine(job, &machine));
    TRY(job_secret(job, SECRET_OPENROUTER_KEY, &key, &key_len));
    TRY(job_secret(job, SECRET_GATEWAY_TOKEN, &token, &token_len));
    const char *host_name = note(job, "service_name");
    struct machine_setup setup = {
        .openrouter_key = arena_strndup(job->arena, key, key_len),
        .gateway_token = arena_strndup(job->arena, token, token_len),
        .host_name = host_name ? host_name : "",
        .run_id = arena_printf(job->arena, "%s-%d", job->id, (int)note_int(job, "run", 1)),
    };
    if (job_has_secret(job, SECRET_CERTIFICATES)) {
        TRY(job_secret(job, SECRET_CERTIFICATES, &setup.certificates, &setup.certificates_len));
    }
    TRY(machine_start_setup(&machine, &setup, job->arena));
    note_set(job, "run_id", setup.run_id);
    return OK;
}

/*
 * The script starts once per run id, however often it is told to. Only a run that failed is followed by
 * one with another number, so a start that is repeated, even for a retry, never meets a foreign run.
 */
struct err installer_start_setup(struct job *job)
{
    return installer_told(start_setup(job), "The setup could not be started");
}

/* A machine that rebooted goes on where it was, with the same run, a few times. */
static bool goes_on(struct job *job, const struct setup_answer *answer)
{
    int64_t interruptions = note_int(job, "interruptions", 0);

    if (!strstr(answer->reason, "interrupted") || interruptions >= INTERRUPTIONS) {
        return false;
    }
    note_set_int(job, "interruptions", interruptions + 1);
    job_message(job, "The setup was interrupted and goes on");
    job_go(job, "reached");
    return true;
}

/* Ends the setup with its reason in words; a retry starts it again. */
static struct err setup_failed(struct job *job, const struct setup_answer *answer)
{
    const struct secrets none = {0};
    const char *step = note(job, "step");
    const char *sentence = note(job, "sentence");
    bool known = step && sentence && strcmp(step, answer->step) == 0;
    const char *reason = line_shown(answer->reason, strlen(answer->reason), &none, job->arena);

    note_set(job, "interruptions", NULL);
    note_set_int(job, "run", note_int(job, "run", 1) + 1);
    job->message = NULL; /* the reason is what people read now */
    job_go(job, "reached");
    return permanent("%.70s failed: %.120s",
                     known ? sentence : arena_printf(job->arena, "Setup step '%s'", answer->step),
                     *reason ? reason : "no reason given");
}

static struct err follow_setup(struct job *job)
{
    struct setup_answer answer;

    TRY(installer_look(job, &answer));
    /* An earlier run's failure, or nothing at all: ours has just begun, or was lost with the machine's disk. */
    bool other = !installer_is_ours(job, &answer);
    if (answer.status == SETUP_NONE || (answer.status == SETUP_FAILED && other)) {
        if (job->age_s < STARTING_S) {
            job_wait(job, 0.5);
            return not_yet("the setup has not begun");
        }
        job_go(job, "reached");
        return OK;
    }
    if (answer.status == SETUP_FAILED) {
        return goes_on(job, &answer) ? OK : setup_failed(job, &answer);
    }
    return answer.status == SETUP_DONE
               ? OK
               : not_yet("%s", note(job, "sentence") ? note(job, "sentence") : "");
}

/*
 * Looks where the setup is. Reads only; lines and the offset behind them settle together, so a crash
 * neither loses nor repeats a line.
 */
struct err installer_follow_setup(struct job *job)
{
    return installer_told(follow_setup(job), "The setup could not be followed");
}

/* The setup once more, as a new run, when the machine does not have the key that we have. */
static struct err store_key_again(struct job *job)
{
    int64_t runs = note_int(job, "key_runs", 1);

    note_set_int(job, "run", note_int(job, "run", 1) + 1);
    job_go(job, "reached");
    if (runs >= KEY_RUNS) {
        note_set(job, "key_runs", NULL);
        return permanent("The installation could not be checked: the machine does not show the "
                         "key it was given");
    }
    note_set_int(job, "key_runs", runs + 1);
    job_message(job, "The key did not arrive as it was sent; setting OpenClaw up again");
    return OK;
}

static struct err read_result(struct job *job)
{
    struct machine machine;
    struct setup_result result;

    TRY(installer_machine(job, &machine));
    TRY(machine_read_result(&machine, job->arena, &result));
    const char *ours = installer_secret(job, SECRET_GATEWAY_TOKEN);
    if (!ours || strcmp(ours, result.gateway_token) != 0) {
        TRY(job_keep_secret(job, SECRET_GATEWAY_TOKEN, result.gateway_token,
                            strlen(result.gateway_token)));
    }
    /* Without a copy there is nothing to compare, and nothing to lose. */
    if (job_has_secret(job, SECRET_OPENROUTER_KEY) && !installer_key_is(job, result.key_hash)) {
        return store_key_again(job);
    }
    note_set(job, "key_runs", NULL);
    note_set(job, "version", result.openclaw_version);
    job_version(job, result.openclaw_version);
    job_forget_secret(job, SECRET_OPENROUTER_KEY);
    if (job_has_secret(job, SECRET_CERTIFICATES)) {
        job_forget_secret(job, SECRET_CERTIFICATES);
    }
    struct instance_installed *said = arena_alloc(job->arena, sizeof *said);
    said->ip = machine.ip;
    said->version = result.openclaw_version;
    said->anew = note_int(job, "anew", 0);
    job_say(job, &instance_installed, said);
    if (*result.skills_missing) {
        job_message(job, "OpenClaw %s is installed, without skills that could not be had: %s",
                    result.openclaw_version, result.skills_missing);
    } else {
        job_message(job, "OpenClaw %s is installed", result.openclaw_version);
    }
    return OK;
}

/* The machine has the last word about its token. Reads only; the key leaves our hands once it is proven to be there. */
struct err installer_read_result(struct job *job)
{
    return installer_told(read_result(job), "The installation could not be checked");
}

/* The machine itself is released and wiped by the orderer; nothing here needs its secrets any more. */
struct err installer_forget(struct job *job)
{
    job_forget_secret(job, SECRET_GATEWAY_TOKEN);
    job_forget_secret(job, SECRET_SSH_KEY);
    job_forget_secret(job, SECRET_CERTIFICATES);
    return OK;
}

/* clang-format off */
static const struct move moves[] = {
    /* state        goal       action                   then           lease poll tries limit */
    {"new",         GOAL_UP,   installer_reach,         "reached",      25, 3,  5, 300, "INSTALLING", "Connecting to the server", NULL},
    {"reached",     GOAL_UP,   installer_start_setup,   "following",   150, 3,  6,   0, "INSTALLING", "Starting the setup", NULL},
    {"following",   GOAL_UP,   installer_follow_setup,  "set_up",       60, 1, 20, 720, "INSTALLING", "Installing OpenClaw", NULL},
    {"set_up",      GOAL_UP,   installer_read_result,   "installed",    60, 1, 10,   0, "INSTALLING", "Checking the installation", &instance_installed},
    {"leaving",     GOAL_UP,   installer_leave,         "left",         60, 1, LEAVE_TRIES + 1, 0, "PROVISIONING", "Preparing to install anew", &instance_vacated},
    {"restarting",  GOAL_UP,   installer_restart,       "coming_back", 130, 1, RESTART_TRIES + 1, 0, NULL, "Restarting OpenClaw", NULL},
    {"coming_back", GOAL_UP,   installer_await_restart, "installed",    60, 1, RESTART_TRIES + 1, 0, NULL, "Waiting for OpenClaw to answer", &instance_restarted},
    {"upgrading",   GOAL_UP,   installer_upgrade,       "upgrade_runs", 150, 1,  5,   0, NULL, "Starting the upgrade", NULL},
    {"upgrade_runs", GOAL_UP,  installer_follow_upgrade, "installed",   90, 1,  5,   0, NULL, NULL, &instance_upgraded},

    {"new",         GOAL_DOWN, installer_forget,        "gone",         30, 1,  5,   0, NULL, NULL, NULL},
    {"reached",     GOAL_DOWN, installer_forget,        "gone",         30, 1,  5,   0, NULL, NULL, NULL},
    {"following",   GOAL_DOWN, installer_forget,        "gone",         30, 1,  5,   0, NULL, NULL, NULL},
    {"set_up",      GOAL_DOWN, installer_forget,        "gone",         30, 1,  5,   0, NULL, NULL, NULL},
    {"installed",   GOAL_DOWN, installer_forget,        "gone",         30, 1,  5,   0, NULL, NULL, NULL},
    {"restarting",  GOAL_DOWN, installer_forget,        "gone",         30, 1,  5,   0, NULL, NULL, NULL},
    {"coming_back", GOAL_DOWN, installer_forget,        "gone",         30, 1,  5,   0, NULL, NULL, NULL},
    {"leaving",     GOAL_DOWN, installer_forget,        "gone",         30, 1,  5,   0, NULL, NULL, NULL},
    {"left",        GOAL_DOWN, installer_forget,        "gone",         30, 1,  5,   0, NULL, NULL, NULL},
    {"upgrading",   GOAL_DOWN, installer_forget,        "gone",         30, 1,  5,   0, NULL, NULL, NULL},
    {"upgrade_runs", GOAL_DOWN, installer_forget,       "gone",         30, 1,  5,   0, NULL, NULL, NULL},
};
/* clang-format on */

const struct stage installer_stage = {
    .piece = "installation",
    .gone = "gone",
    .moves = moves,
    .n_moves = sizeof moves / sizeof moves[0],
    .goals = installer_goals,
    .n_goals = INSTALLER_GOALS,
    .uses_secrets = true,
};
