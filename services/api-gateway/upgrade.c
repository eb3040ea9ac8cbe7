/*
 * Upgrading OpenClaw on its machine to the version that is set up today. Like a restart it changes no goal and no status:
 * the deployment stays READY, and what comes of it is told in its text.
 */
#include "upgrade.h"

#include <string.h>

#include "deployments.h"
#include "events.h"
#include "settings.h"
#include "store.h"
#include "version.h"

static const char lock_sql[] =
    "select status, generation, coalesce(version, '') as version from deployments "
    "where id = $1::uuid and user_id = $2::uuid for no key update";
static const char tell_sql[] =
    "update deployments set status_message = $3, updated_at = clock_timestamp() "
    "where id = $1::uuid and user_id = $2::uuid";

static struct err upgrade(struct db *db, struct request *request, struct reply *reply)
{
    const char *user_id = request->visitor.user_id, *newest = conf.openclaw_version;
    ROWS *rows = NULL;

    TRY(db_exec(db, &rows, lock_sql, P(request->id), P(user_id)));
    if (rows_count(rows) == 0) {
        return deployments_not_found(request, reply);
    }
    const char *status = rows_text(rows, 0, "status"), *version = rows_text(rows, 0, "version");
    if (strcmp(status, "READY") != 0) {
        return refuse(request, reply, 409,
                      "Only a deployment that is READY can be upgraded; this one is %s.", status);
    }
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
    const char *message = arena_printf(request->arena, "Upgrading OpenClaw to %s", newest);
    TRY(db_exec(db, NULL, tell_sql, P(request->id), P(user_id), P(message)));
    TRY(deployments_say(db, request, request->id, &deployment_upgrade_requested, &fields));
    TRY(store_audit(db, request, user_id, deployment_upgrade_requested.type, request->id));
    return deployments_show(db, request, reply, request->id, 202);
}

struct err upgrade_request(struct request *request, struct reply *reply)
{
    return store_transaction(upgrade, request, reply);
}
