/*
 * A deployment's OpenRouter key, from its name to its end.
 *
 * OpenRouter has no idempotency key, and a key's text is told only once. So the name is committed before
 * the first attempt, whoever creates looks for that name first, and a key found there whose text we do
 * not have is of no use to anybody: it is deleted. What it has spent is the deployment's spending all the
 * same: it is written down first (spent.c) and taken off the next key's cap.
 */
#include "moves.h"

#include <math.h>
#include <string.h>

#include "base/ids.h"
#include "events.h"
#include "goals.h"
#include "listed.h"
#include "openrouter.h"
#include "settings.h"
#include "spent.h"
#include "unknown.h"

enum { CREDENTIAL_TRIES = 3, CENT_MICRO = 10000 };

static struct openrouter world_of(const struct job *job)
{
    const struct key_settings *settings = job->world;

    return (struct openrouter){
        .http = job->http,
        .arena = job->arena,
        .url = settings->url,
        .management_key = settings->management_key,
        .job = job,
    };
}

static const char *name_of(const struct job *job)
{
    const char *name = note(job, "name");

    return name ? name : arena_printf(job->arena, KEY_MARK "%s", id_short(job->id));
}

/* OpenRouter once refused valid keys for an hour: worth a few tries, but a person must know soon. */
static struct err judged(const struct job *job, struct err e)
{
    bool credentials = e.code == 401 || e.code == 403;

    if (e.kind == ERR_TRANSIENT && credentials && job->tries + 1 >= CREDENTIAL_TRIES) {
        e.kind = ERR_PERMANENT;
    }
    return e;
}

/* Nothing outside happens: what matters is that the name is committed before the key can exist. */
struct err key_name_it(struct job *job)
{
    const struct key_settings *settings = job->world;

    if (!note(job, "name")) {
        note_set(job, "name", name_of(job));
        note_set_int(job, "limit_micro", llround(settings->limit_usd * 1e6));
    }
    return OK;
}

/* The cap of the key there is: what its deployment may spend, less what earlier keys of it have spent. */
static int64_t cap_micro(const struct job *job)
{
    int64_t left = note_int(job, "limit_micro", 0) - note_int(job, "spent_micro", 0);

    return left > 0 ? left : 0;
}

static struct err issued(struct job *job, const char *hash)
{
    struct key_issued *event = arena_alloc(job->arena, sizeof *event);
    int64_t spent = note_int(job, "spent_micro", 0);
    double limit = (double)note_int(job, "limit_micro", 0) / 1e6;

    event->name = name_of(job);
    event->limit_micro = cap_micro(job);
    event->anew = note_int(job, "anew", 0);
    note_set(job, "hash", hash);
    note_set(job, "made", NULL);
    unknown_forget(job);
    job_log(job, "Created your OpenRouter key, capped at $%.2f", (double)event->limit_micro / 1e6);
    if (spent > 0) {
        job_log(job, "$%.2f of your $%.2f were spent with an earlier key", (double)spent / 1e6,
                limit);
    }
    if (event->limit_micro <
        CENT_MICRO) { /* OpenRouter makes such a key, and refuses what is asked with it */
        job_log(job, "Nothing is left of your $%.2f: OpenClaw runs, but no model will answer it",
                limit);
    }
    job_say(job, &key_issued, event);
    return OK;
}

/* Its text may be on a machine that is to be wiped: no key of before is used again. */
static bool renewing(const struct job *job)
{
    return strcmp(job->state, "renewing") == 0;
}

/* The hash of the key whose text we still have (a stage that is replayed, or one not issued yet), or "". */
static struct err kept_hash(struct job *job, const char **ret)
{
    const char *plain = NULL, *made = note(job, "made");
    size_t len = 0;

    *ret = "";
    bool usable = !renewing(job) || made;
    if (job_has_secret(job, SECRET_OPENROUTER_KEY) && usable) {
        TRY(job_secret(job, SECRET_OPENROUTER_KEY, &plain, &len));
        const char *hash = openrouter_hash(job->arena, plain);
        *ret = made && renewing(job) && strcmp(made, hash) != 0 ? "" : hash;
    }
    return OK;
}

static struct err create(struct job *job)
{
    struct openrouter at = world_of(job);
    struct openrouter_new_key key = {0};
    struct openrouter_keys keys;
    const char *name = name_of(job), *kept = "";
    bool have = false;

    if (job->again) { /* what was cut off may have sent one */
        unknown_note(job);
    }
    TRY(kept_hash(job, &kept));
    TRY(listed_all(&at, name, kept, &keys, &have));
    TRY(listed_missed_none(job, &at, &keys));
    TRY(spent_told(&keys, kept));
    if (spent_note(job, &keys, kept)) { /* committed before the only witness goes */
        job_wait(job, 0);
        return NOT_YET;
    }
    TRY(listed_delete_but(&at, &keys, kept));
    unknown_seen(job, listed_strangers(job, &keys, kept));
    if (!have) {
        struct err e = openrouter_key_create(&at, name, (double)cap_micro(job) / 1e6, &key);
        if (e.kind == ERR_UNKNOWN) {
            unknown_note(job);
        }
        TRY(e);
        TRY(job_keep_secret(job, SECRET_OPENROUTER_KEY, key.plain, strlen(key.plain)));
        kept = key.hash;
    }
    double wait_s = unknown_wait_s(job);
    if (wait_s > 0) {
        note_set(job, "made", kept);
        job_message(job, "Making sure that there is one OpenRouter key only");
        job_wait(job, wait_s);
        return NOT_YET;
    }
    return issued(job, kept);
}

/*
 * May run again at any point: it always looks for the name first and deletes what an earlier run left,
 * so there is one key at most when it ends. While a request that was given up here may still be carried out there,
 * the key there is is not issued: it is looked once more after that.
 */
struct err key_create(struct job *job)
{
    return judged(job, create(job));
}

static struct err revoke(struct job *job)
{
    struct openrouter at = world_of(job);
    struct openrouter_keys left;
    const char *hash = note(job, "hash"), *made = note(job, "made");

    if (job->again && !note_int(job, "revoking", 0)) { /* what was cut off may have asked for one */
        unknown_note(job);
    }
    note_set_int(job, "revoking", 1);
    if (hash) {
        TRY(openrouter_key_delete(&at, hash));
    }
    if (made) {
        TRY(openrouter_key_delete(&at, made));
    }
    TRY(openrouter_keys_named(&at, name_of(job), &left));
    TRY(listed_delete_but(&at, &left, ""));
    TRY(openrouter_keys_named(&at, name_of(job), &left));
    if (left.n > 0) {
        return transient("OpenRouter still lists %zu keys named %s", left.n, name_of(job));
    }
    double wait_s = unknown_wait_s(job);
    if (wait_s > 0) {
        job_message(job, "Making sure that no OpenRouter key is left");
        job_wait(job, wait_s);
        return NOT_YET;
    }
    note_set(job, "hash", NULL);
    job_forget_secret(job, SECRET_OPENROUTER_KEY);
    job_say(job, &key_revoked, arena_alloc(job->arena, sizeof(struct key_revoked)));
    return OK;
}

/* Deleting what is gone succeeds, so it may run again; it ends only when the list shows none of ours. */
struct err key_revoke(struct job *job)
{
    return judged(job, revoke(job));
}

#define REVOKING "Revoking the OpenRouter key"

/* clang-format off */
static const struct move moves[] = {
    /* state      goal       action        then      lease poll tries limit status          people                         says */
    {"new",       GOAL_UP,   key_name_it, "named",     10,  1,    3,    0, "PENDING",      "Creating your OpenRouter key", NULL},
    {"named",     GOAL_UP,   key_create,  "issued",    90,  1,    8,    0, "PENDING",      "Creating your OpenRouter key", &key_issued},
    {"renewing",  GOAL_UP,   key_create,  "issued",    90,  1,    8,    0, "PROVISIONING", "Renewing your OpenRouter key", &key_issued},
    {"new",       GOAL_DOWN, key_revoke,  "revoked",  150,  1,    8,    0, NULL,           REVOKING,                       &key_revoked},
    {"named",     GOAL_DOWN, key_revoke,  "revoked",  150,  1,    8,    0, NULL,           REVOKING,                       &key_revoked},
    {"renewing",  GOAL_DOWN, key_revoke,  "revoked",  150,  1,    8,    0, NULL,           REVOKING,                       &key_revoked},
    {"issued",    GOAL_DOWN, key_revoke,  "revoked",  150,  1,    8,    0, NULL,           REVOKING,                       &key_revoked},
};
/* clang-format on */

const struct stage llm_key_stage = {
    .piece = "llm_key",
    .gone = "revoked",
    .moves = moves,
    .n_moves = sizeof moves / sizeof moves[0],
    .goals = key_goals,
    .n_goals = KEY_GOALS,
    .uses_secrets = true,
    .world = &key_settings,
};
