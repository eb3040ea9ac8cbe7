/*
 * Restarting OpenClaw on its machine, and upgrading it to the version that is set up today. Neither changes the goal: the
 * deployment stays READY, without a new generation, and the watch over the machine goes on. It knows which one is under
 * way, and there is one at a time: the installer acts on no other meanwhile. Asking for the same again is answered as the
 * first time and changes nothing.
 */
#include "changes.h"

#include <string.h>

#include "deployments.h"
#include "events.h"
#include "settings.h"
#include "store.h"
#include "version.h"

static const char lock_sql[] =
    "select status, generation, coalesce(version, '') as version, "
    "coalesce(change_under_way(change, change_asked_at), '') as change from deployments "
    "where id = $1::uuid and user_id = $2::uuid for no key update";
static const char ask_sql[] =
    "update deployments set change = $3, change_asked_at = clock_timestamp(), change_version = $4, "
    "status_message = $5, updated_at = clock_timestamp() "
    "where id = $1::uuid and user_id = $2::uuid";

struct kind {
    const char *name, *past;
};

static const struct kind restart_kind = {"restart", "restarted"},
                         upgrade_kind = {"upgrade", "upgraded"};

/* The deployment's row, locked until the transaction ends. An answer is made when there is nothing to begin. */
static struct err lock(struct db *db, const struct request *request, struct reply *reply,
                       const struct kind *kind, struct rows **ret)
{
    TRY(db_exec(db, ret, lock_sql, P(request->id), P(request->visitor.user_id)));
    if (rows_count(*ret) == 0) {
        return deployments_not_found(request, reply);
    }
    const char *status = rows_text(*ret, 0, "status"), *change = rows_text(*ret, 0, "change");
    if (strcmp(status, "READY") != 0) {
        return refuse(request, reply, 409,
                      "Only a deployment that is READY can be %s; this one is %s.", kind->past,
                      status);
    }
    if (strcmp(change, kind->name) == 0) {
        return deployments_show(db, request, reply, request->id, 202);
    }
    if (*change) {
        bool restarts = strcmp(change, restart_kind.name) == 0;
        return refuse(request, reply, 409, "OpenClaw is being %s; wait until that is done.",
                      restarts ? restart_kind.past : upgrade_kind.past);
    }
    return OK;
}

/* Writes the wish and says it. `version`: of an upgrade; else NULL. */
static struct err ask(struct db *db, const struct request *request, struct reply *reply,
                      const struct kind *kind, const char *version, const char *message,
                      const struct event *event, const void *fields)
{
    const char *user_id = request->visitor.user_id;

    TRY(db_exec(db, NULL, ask_sql, P(request->id), P(user_id), P(kind->name), P(version),
                P(message)));
    TRY(deployments_say(db, request, request->id, event, fields));
    TRY(store_audit(db, request, user_id, event->type, request->id));
    return deployments_show(db, request, reply, request->id, 202);
}

static struct err restart(struct db *db, struct request *request, struct reply *reply)
{
    ROWS *rows = NULL;

    TRY(lock(db, request, reply, &restart_kind, &rows));
    if (reply_made(reply)) {
        return OK;
    }
    struct deployment_restart_requested fields = {
        .deployment_id = request->id,
        .generation = rows_int(rows, 0, "generation"),
    };
    return ask(db, request, reply, &restart_kind, NULL, "Restarting OpenClaw",
               &deployment_restart_requested, &fields);
}

struct err changes_restart(struct request *request, struct reply *reply)
{
    return store_transaction(restart, request, reply);
}

static struct err upgrade(struct db *db, struct request *request, struct reply *reply)
{
    const char *newest = conf.openclaw_version;
    ROWS *rows = NULL;

    TRY(lock(db, request, reply, &upgrade_kind, &rows));
    if (reply_made(reply)) {
        return OK;
    }
    const char *version = rows_text(rows, 0, "version");
    if (!*version) {
        return refuse(request, reply, 409, "It is not known which version of OpenClaw runs there.");
    }
    if (!version_is_newer(newest, version)) {
        return refuse(request, reply, 409,
                      "There is nothing newer to upgrade to: OpenClaw %s runs already.", version);
    }
    struct deployment_upgrade_requested fields = {
        .deployment_id = request->id,
        .generation = rows_int(rows, 0, "generation"),
        .version = newest,
    };
    return ask(db, request, reply, &upgrade_kind, newest,
               arena_printf(request->arena, "Upgrading OpenClaw to %s", newest),
               &deployment_upgrade_requested, &fields);
}

struct err changes_upgrade(struct request *request, struct reply *reply)
{
    return store_transaction(upgrade, request, reply);
}
