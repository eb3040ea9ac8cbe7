/* One connection: opening with deadlines, single statements, transactions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "db/internal.h"

/* Ours are a little longer than the server's: a server that is well says by itself that it gave up. */
enum { DEADLINE_MS = 7000, PATIENT_DEADLINE_MS = 3602 * 1000 };

/* jit: with sequential scans priced out of the market, every plan that needs one would be compiled. */
#define SESSION                                                                                    \
    " -c idle_in_transaction_session_timeout=10s -c jit=off -c timezone=UTC "                      \
    "-c client_min_messages=warning"
static const char quick[] = "-c statement_timeout=5s -c lock_timeout=1s" SESSION;
static const char patient[] = "-c statement_timeout=1h -c lock_timeout=0" SESSION;

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

/* What libpq would print on our stderr, among the log's JSON: errors come as results, notices tell us nothing. */
static void ignore_notice(void *unused, const PGresult *result)
{
    (void)unused;
    (void)result;
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

static struct err connect_now(struct db *db)
{
    const char *keys[] = {
        "dbname",          "application_name", "options",         "connect_timeout",
        "keepalives_idle", "tcp_user_timeout", "client_encoding", NULL};
    const char *values[] = {
        db->url, db->application, db->patient ? patient : quick, "5", "30", "10000", "UTF8", NULL};
    char line[180];

    db->conn = PQconnectdbParams(keys, values, 1);
    (void)PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
    if (PQstatus(db->conn) == CONNECTION_OK && PQsetnonblocking(db->conn, 1) == 0) {
        return OK;
    }
    TRY(db_url_ok(db->url));
    db_first_line(PQerrorMessage(db->conn), line, sizeof line);
    return transient("database: %s", line);
}

struct err db_ready(struct db *db)
{
    if (usable(db)) {
        return OK;
    }
    db_drop(db);
    db->n_prepared = 0;
    db->in_batch = 0;
    struct err e = connect_now(db);
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
