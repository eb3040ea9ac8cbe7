/*
 * The user's later decisions: destroy, retry, reinstall. Each locks the deployment's row, looks at its
 * status, and writes the decision together with its event (timeline and outbox).
 */
#include "decisions.h"

#include <string.h>

#include "deployments.h"
#include "events.h"
#include "store.h"

/* `was`: the status before an ERROR; `delivered`: a machine of it was there, and is not released. */
static const char lock_sql[] =
    "select d.status, d.generation, coalesce(d.failed_piece, '') as failed_piece, "
    "d.ip_address is not null and 'server' = any (d.owed) as delivered, "
    "coalesce((select e.status from deployment_events e where e.deployment_id = d.id "
    "  and e.status <> 'ERROR' order by e.seq desc limit 1), '') as was "
    "from deployments d where d.id = $1::uuid and d.user_id = $2::uuid for no key update of d";
/* A retry starts the deployment's time anew, and so does a reinstall. */
static const char change_sql[] =
    "update deployments set status = $3, status_message = $4, generation = $5::int, "
    "anew = case when $6::boolean then $5::int else anew end, "
    "failed_piece = null, updated_at = clock_timestamp(), "
    "decided_at = case when $3 = 'DESTROYING' then decided_at else now() end "
    "where id = $1::uuid and user_id = $2::uuid";

/* The deployment's row, locked until the transaction ends; a refusal when it is not this user's. */
static struct err lock(struct db *db, const struct request *request, struct reply *reply,
                       struct rows **ret)
{
    TRY(db_exec(db, ret, lock_sql, P(request->id), P(request->visitor.user_id)));
    return rows_count(*ret) == 1 ? OK : deployments_not_found(request, reply);
}

/* Writes the decision and says it. `generation` is the decision's. */
static struct err decide(struct db *db, const struct request *request, struct reply *reply,
                         const char *status, const char *message, const struct event *event,
                         const void *fields)
{
    const struct event_common *common = fields;
    bool anew = event == &deployment_reinstall_requested;

    TRY(db_exec(db, NULL, change_sql, P(request->id), P(request->visitor.user_id), P(status),
                P(message), P(common->generation), P(anew)));
    TRY(deployments_say(db, request, request->id, event, fields));
    TRY(store_audit(db, request, request->visitor.user_id, event->type, request->id));
    return deployments_show(db, request, reply, request->id, 202);
}

static struct err destroy(struct db *db, struct request *request, struct reply *reply)
{
    ROWS *rows = NULL;

    TRY(lock(db, request, reply, &rows));
    if (reply_made(reply)) {
        return OK;
    }
    if (strncmp(rows_text(rows, 0, "status"), "DESTROY", strlen("DESTROY")) == 0) {
        return deployments_show(db, request, reply, request->id, 202);
    }
    struct deployment_destroy_requested fields = {
        .deployment_id = request->id,
        .generation = rows_int(rows, 0, "generation") + 1,
    };
    return decide(db, request, reply, "DESTROYING", "Releasing everything",
                  &deployment_destroy_requested, &fields);
}

struct err decisions_destroy(struct request *request, struct reply *reply)
{
    return store_transaction(destroy, request, reply);
}

/* The status in which the piece that gave up does its work; a server that was delivered stays delivered, also while
 * it is being installed anew. */
const char *decisions_status_of(const char *piece, const char *was)
{
    static const struct {
        const char *piece, *status;
    } known[] = {
        {"llm_key",      "PENDING"   },
        {"server",       "ORDERING"  },
        {"installation", "INSTALLING"},
        {"watch",        "INSTALLING"},
    };

    if (strcmp(was, "PROVISIONING") == 0) {
        return was;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].piece, piece) == 0) {
            return known[i].status;
        }
    }
    return "PENDING";
}

static struct err retry(struct db *db, struct request *request, struct reply *reply)
{
    ROWS *rows = NULL;

    TRY(lock(db, request, reply, &rows));
    if (reply_made(reply)) {
        return OK;
    }
    if (strcmp(rows_text(rows, 0, "status"), "ERROR") != 0) {
        return refuse(request, reply, 409,
                      "Only a deployment in ERROR can be tried again; this one is %s.",
                      rows_text(rows, 0, "status"));
    }
    const char *piece = rows_text(rows, 0, "failed_piece");
    struct deployment_retry_requested fields = {
        .deployment_id = request->id,
        .generation = rows_int(rows, 0, "generation") + 1,
        .stage = *piece ? piece : NULL,
    };
    return decide(db, request, reply, decisions_status_of(piece, rows_text(rows, 0, "was")),
                  "Trying again", &deployment_retry_requested, &fields);
}

struct err decisions_retry(struct request *request, struct reply *reply)
{
    return store_transaction(retry, request, reply);
}

/* Everything on the machine is erased; its server and address stay. Every stage works again, one after the other. */
static struct err reinstall(struct db *db, struct request *request, struct reply *reply)
{
    ROWS *rows = NULL;

    TRY(lock(db, request, reply, &rows));
    if (reply_made(reply)) {
        return OK;
    }
    const char *status = rows_text(rows, 0, "status");
    bool error = strcmp(status, "ERROR") == 0;
    if (strcmp(status, "READY") != 0 && !error) {
        return refuse(request, reply, 409,
                      "Only a deployment that is READY or in ERROR can be reinstalled; this one is "
                      "%s.",
                      status);
    }
    if (error && !rows_bool(rows, 0, "delivered")) {
        return refuse(request, reply, 409,
                      "There is no machine yet that could be reinstalled; try again instead.");
    }
    struct deployment_reinstall_requested fields = {
        .deployment_id = request->id,
        .generation = rows_int(rows, 0, "generation") + 1,
    };
    return decide(db, request, reply, "PROVISIONING", "Preparing to install anew",
                  &deployment_reinstall_requested, &fields);
}

struct err decisions_reinstall(struct request *request, struct reply *reply)
{
    return store_transaction(reinstall, request, reply);
}
