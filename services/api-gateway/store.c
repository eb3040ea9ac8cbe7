/* Connections and transactions of the gateway. */
#include "store.h"

#include "base/crash.h"
#include "bus/relay.h"

enum { CONNECTIONS = 8, WAIT_MS = 3000 };

static struct {
    struct db_pool *pool;
    struct bus_relay *relay;
    const char *owner;
} store;

void store_open(const struct service_context *context)
{
    store.pool = db_pool_new(context->settings->database_url, context->service->name,
                             context->service->db_schema, CONNECTIONS);
    store.relay = context->relay;
    store.owner = context->owner;
}

void store_close(void)
{
    db_pool_free(store.pool);
    store.pool = NULL;
    store.relay = NULL;
}

const char *store_owner(void)
{
    return store.owner;
}

struct err store_take(struct db **ret)
{
    return db_pool_take(store.pool, WAIT_MS, ret);
}

void store_give(struct db **db)
{
    if (*db) {
        db_pool_give(store.pool, *db);
    }
}

/* Nothing is done before a commit, however the connection was lost. */
static struct err harmless(struct err e)
{
    if (e.kind == ERR_UNKNOWN) {
        e.kind = ERR_TRANSIENT;
    }
    return e;
}

static struct err run(struct db *db, store_work *work, struct request *request, struct reply *reply)
{
    TRY(db_begin(db));
    return work(db, request, reply);
}

struct err store_transaction(store_work *work, struct request *request, struct reply *reply)
{
    DB *db = NULL;

    TRY(store_take(&db));
    struct err e = harmless(run(db, work, request, reply));
    if (failed(e) || reply->status >= 400) {
        db_rollback(db);
        return e;
    }
    TRY(db_commit(db));
    crash_point("gateway.committed");
    if (store.relay) {
        relay_wake(store.relay);
    }
    return OK;
}

struct err store_read(store_work *work, struct request *request, struct reply *reply)
{
    DB *db = NULL;

    TRY(store_take(&db));
    return harmless(work(db, request, reply));
}

struct err store_audit(struct db *db, const struct request *request, const char *user_id,
                       const char *what, const char *subject)
{
    static const char sql[] = "insert into audit (user_id, what, subject, address) "
                              "values ($1::uuid, $2, left($3, 200), $4)";

    return db_exec(db, NULL, sql, P(user_id), P(what), P(subject), P(request->info->remote_addr));
}
