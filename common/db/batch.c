/*
 * Batches through libpq's pipeline: prepared statements, one Sync, so one transaction. Small enough
 * (BATCH_MAX statements) that both directions fit the socket buffers; libpq reads while it sends.
 */
#include <string.h>

#include "db/internal.h"

struct err db_batch_begin(struct db *db)
{
    TRY(db_ready(db));
    if (PQenterPipelineMode(db->conn) != 1) {
        return db_error(db, NULL, false);
    }
    db->in_batch = 0;
    return OK;
}

static struct err prepare_once(struct db *db, const char *name, const char *sql)
{
    for (int i = 0; i < db->n_prepared; i++) {
        if (strcmp(db->prepared[i], name) == 0) {
            return OK;
        }
    }
    if (db->n_prepared == PREPARED_MAX) {
        return permanent("too many prepared statements");
    }
    if (PQsendPrepare(db->conn, name, sql, 0, NULL) != 1) {
        return db_error(db, NULL, false);
    }
    db->prepared[db->n_prepared++] = name;
    db->is_prepare[db->in_batch++] = true;
    return OK;
}

struct err db_batch_add(struct db *db, const char *name, const char *sql,
                        const struct param *params, int n)
{
    const char *values[PARAMS_MAX];

    if (!db->conn || db->in_batch >= BATCH_MAX) {
        return transient("batch is %s", db->conn ? "full" : "broken");
    }
    TRY(prepare_once(db, name, sql));
    params_values(params, n, values);
    if (PQsendQueryPrepared(db->conn, name, n, values, NULL, NULL, 0) != 1) {
        return db_error(db, NULL, false);
    }
    db->is_prepare[db->in_batch++] = false;
    return OK;
}

/* One statement's result (the NULL that ends it included). A failed one is turned into `why`, the first wins. */
static struct err take_result(struct db *db, int64_t deadline, PGresult **ret, struct err *why)
{
    TRY(db_wait(db, deadline, true));
    PGresult *result = PQgetResult(db->conn);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        if (status != PGRES_PIPELINE_ABORTED && !failed(*why)) {
            *why = db_error(db, result, false);
        }
        PQclear(result);
        result = NULL;
    }
    *ret = result;
    if (!db->conn) {
        return *why;
    }
    TRY(db_wait(db, deadline, true));
    PQclear(PQgetResult(db->conn));
    return OK;
}

static struct err read_all(struct db *db, struct rows **ret, struct err *why)
{
    int64_t deadline = db_deadline(db); /* for the whole batch */
    int at = 0;

    for (int i = 0; i < db->in_batch; i++) {
        PGresult *result = NULL;
        struct err e = take_result(db, deadline, &result, why);
        if (failed(e)) {
            PQclear(result);
            return e;
        }
        if (db->is_prepare[i]) {
            PQclear(result);
        } else {
            ret[at++] = (struct rows *)result;
        }
    }
    TRY(db_wait(db, deadline, true));
    PGresult *sync = PQgetResult(db->conn);
    ExecStatusType status = PQresultStatus(sync);
    PQclear(sync);
    if (status != PGRES_PIPELINE_SYNC) {
        return db_error(db, NULL, true);
    }
    return OK;
}

struct err db_batch_end(struct db *db, struct rows **ret, int n)
{
    struct err why = OK, e;

    memset(ret, 0, sizeof *ret * (size_t)n);
    if (!db->conn) {
        return transient("database connection lost");
    }
    if (PQpipelineSync(db->conn) != 1) {
        e = db_error(db, NULL, true);
    } else {
        e = read_all(db, ret, &why);
    }
    if (!failed(e) && failed(why)) {
        db->n_prepared = 0; /* a rolled-back batch took its prepares along */
        e = why;
        if (PQexitPipelineMode(db->conn) != 1 || failed(db_plain(db, "deallocate all"))) {
            db_drop(db);
        }
    } else if (!failed(e) && PQexitPipelineMode(db->conn) != 1) {
        db_drop(db); /* done all the same: the next use opens a new one */
    }
    if (failed(e)) {
        for (int i = 0; i < n; i++) {
            rows_free(ret[i]);
            ret[i] = NULL;
        }
    }
    return e;
}
