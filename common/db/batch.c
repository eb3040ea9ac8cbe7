/*
 * Batches through libpq's pipeline: prepared statements, one Sync, so one transaction. Small enough
 * (BATCH_MAX statements) that both directions fit the socket buffers; libpq reads while it sends.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "db/internal.h"

enum { BATCH_DEADLINE_MS = 15000 };

struct err db_batch_begin(struct db *db)
{
    TRY(db_ready(db));
    if (PQenterPipelineMode(db->conn) != 1 || PQsetnonblocking(db->conn, 1) != 0) {
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

/* Flushes and waits until a result can be read without blocking; the deadline is for the whole batch. */
static struct err wait_readable(struct db *db, int64_t deadline)
{
    for (;;) {
        int unsent = PQflush(db->conn);
        if (unsent < 0) {
            return db_error(db, NULL, true);
        }
        if (unsent == 0 && !PQisBusy(db->conn)) {
            return OK;
        }
        int64_t left = deadline - clock_ms();
        struct pollfd p = {.fd = PQsocket(db->conn),
                           .events = (short)(POLLIN | (unsent ? POLLOUT : 0))};
        if (left <= 0 || poll(&p, 1, (int)left) == 0) {
            PQfinish(db->conn);
            db->conn = NULL;
            return unknown("database did not answer a batch in time");
        }
        if ((p.revents & (POLLIN | POLLERR | POLLHUP)) && PQconsumeInput(db->conn) != 1) {
            return db_error(db, NULL, true);
        }
    }
}

/* One statement's result (the NULL that ends it included). A failed one is turned into `why`, the first wins. */
static struct err take_result(struct db *db, int64_t deadline, PGresult **ret, struct err *why)
{
    TRY(wait_readable(db, deadline));
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
    TRY(wait_readable(db, deadline));
    PQclear(PQgetResult(db->conn));
    return OK;
}

static struct err read_all(struct db *db, struct rows **ret, struct err *why)
{
    int64_t deadline = clock_ms() + BATCH_DEADLINE_MS;
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
    TRY(wait_readable(db, deadline));
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
        PGresult *gone = NULL;
        e = why;
        if (PQexitPipelineMode(db->conn) == 1 && PQsetnonblocking(db->conn, 0) == 0) {
            gone = PQexec(db->conn, "deallocate all");
        }
        PQclear(gone);
    } else if (!failed(e) &&
               (PQexitPipelineMode(db->conn) != 1 || PQsetnonblocking(db->conn, 0) != 0)) {
        PQfinish(db->conn); /* done all the same: the next use opens a new one */
        db->conn = NULL;
    }
    if (failed(e)) {
        for (int i = 0; i < n; i++) {
            rows_free(ret[i]);
            ret[i] = NULL;
        }
    }
    return e;
}
