/* One connection: opening with deadlines, single statements, transactions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "db/internal.h"

/* Ours are a little longer than the server's: a server that is well says by itself that it gave up. */
enum { DEADLINE_MS = 7000, PATIENT_DEADLINE_MS = 3602 * 1000 };

struct db *db_new(const char *url, const char *application, const char *schema)
{
    struct db *db = calloc(1, sizeof *db);

    if (!db) {
        abort();
    }
    db->url = url;
    db->application = application;
    db->schema = schema;
    db->deadline_ms = DEADLINE_MS;
    return db;
}

void db_free(struct db *db)
{
    if (db) {
        PQfinish(db->conn);
        free(db);
    }
}

void db_force_index_plans(struct db *db)
{
    db->index_plans = true;
}

void db_patient(struct db *db)
{
    db->patient = true;
    db->deadline_ms = PATIENT_DEADLINE_MS;
}

void db_commit_lazily(struct db *db)
{
    db->lazy = true;
}

static struct err configure(struct db *db)
{
    char sql[400];

    (void)snprintf(sql, sizeof sql, "set search_path = %s%spublic;%s%s%s%s%s",
                   db->schema ? db->schema : "", db->schema ? ", " : "",
                   db->index_plans ? "set enable_seqscan = off; set enable_hashjoin = off; "
                                     "set enable_mergejoin = off;"
                                   : "",
                   db->lazy ? "set synchronous_commit = off;" : "", db->channel ? "listen " : "",
                   db->channel ? db->channel : "", db->channel ? ";" : "");
    return db_plain(db, sql);
}

/* One that was left in the middle of a batch is of no use either. */
static bool usable(const struct db *db)
{
    return db->conn && PQstatus(db->conn) == CONNECTION_OK &&
           PQpipelineStatus(db->conn) == PQ_PIPELINE_OFF;
}

struct err db_ready(struct db *db)
{
    if (usable(db)) {
        return OK;
    }
    db_drop(db);
    db->n_prepared = 0;
    db->in_batch = 0;
    struct err e = db_connect(db);
    if (!failed(e)) {
        if (db->opened_before) {
            METRIC_ADD(db_reconnects, 1);
        }
        db->opened_before = true;
        e = configure(db);
    }
    if (failed(e)) {
        db_drop(db); /* without its search path it must not be used */
    }
    return e;
}

struct err db_query(struct db *db, struct rows **ret, const char *sql, const struct param *params,
                    int n)
{
    const char *values[PARAMS_MAX];
    PGresult *result = NULL;

    if (n > PARAMS_MAX) {
        abort();
    }
    TRY(db_ready(db));
    params_values(params, n, values);
    bool harmless =
        strncmp(sql, "select", 6) == 0 || PQtransactionStatus(db->conn) == PQTRANS_INTRANS;
    int sent = PQsendQueryParams(db->conn, sql, n, NULL, values, NULL, NULL, 0);
    TRY(db_take(db, sent, !harmless, &result));
    if (ret) {
        *ret = (struct rows *)result;
    } else {
        PQclear(result);
    }
    return OK;
}

struct err db_script(struct db *db, const char *sql)
{
    TRY(db_ready(db));
    return db_plain(db, sql);
}

struct err db_begin(struct db *db)
{
    TRY(db_ready(db));
    return db_plain(db, "begin");
}

struct err db_commit(struct db *db)
{
    PGresult *result = NULL;

    if (!db->conn) {
        return transient("database connection lost before commit");
    }
    TRY(db_take(db, PQsendQuery(db->conn, "commit"), true, &result));
    bool committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    PQclear(result);
    return committed ? OK : transient("database rolled the transaction back");
}

void db_rollback(struct db *db)
{
    if (db->conn && PQtransactionStatus(db->conn) != PQTRANS_IDLE &&
        failed(db_plain(db, "rollback"))) {
        db_drop(db);
    }
}
