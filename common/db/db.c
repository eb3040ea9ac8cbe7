/* One connection: opening with deadlines, single statements, transactions, errors by SQLSTATE. */
#include "db/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "db/internal.h"

static const char options[] = "-c statement_timeout=5s -c idle_in_transaction_session_timeout=10s "
                              "-c lock_timeout=4s -c timezone=UTC -c client_min_messages=warning";

struct db *db_new(const char *url, const char *application, const char *schema)
{
    struct db *db = calloc(1, sizeof *db);

    if (!db) {
        abort();
    }
    db->url = url;
    db->application = application;
    db->schema = schema;
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

void db_commit_lazily(struct db *db)
{
    db->lazy = true;
}

/* The message's first line, without libpq's trailing newline; it never holds parameter values. */
static void first_line(const char *text, char *ret, size_t size)
{
    size_t len = strcspn(text, "\n");

    (void)snprintf(ret, size, "%.*s", (int)(len < size ? len : size - 1), text);
}

static enum err_kind kind_of(const char *sqlstate, bool writing)
{
    static const char *const passing[] = {"08", "40", "53", "57", "58"};

    if (strcmp(sqlstate, "40003") == 0 && writing) {
        return ERR_UNKNOWN;
    }
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        if (strncmp(sqlstate, passing[i], 2) == 0) {
            return ERR_TRANSIENT;
        }
    }
    return strcmp(sqlstate, "55P03") == 0 ? ERR_TRANSIENT : ERR_PERMANENT;
}

struct err db_error(struct db *db, const PGresult *result, bool writing)
{
    char line[160];
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *primary = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    struct err e;

    if (sqlstate && PQstatus(db->conn) == CONNECTION_OK) {
        first_line(primary ? primary : "", line, sizeof line);
        e = permanent("database: %s", line);
        e.kind = kind_of(sqlstate, writing);
        (void)snprintf(e.sqlstate, sizeof e.sqlstate, "%s", sqlstate);
        if (strcmp(sqlstate, "0A000") == 0 || strcmp(sqlstate, "26000") == 0) {
            PQfinish(db->conn); /* a migration changed what was prepared: start afresh */
            db->conn = NULL;
            e.kind = ERR_TRANSIENT;
        }
        return e;
    }
    first_line(PQerrorMessage(db->conn), line, sizeof line);
    e = writing ? unknown("database connection lost: %s", line)
                : transient("database connection lost: %s", line);
    PQfinish(db->conn);
    db->conn = NULL;
    return e;
}

static struct err run_plain(struct db *db, const char *sql)
{
    PGresult *result = PQexec(db->conn, sql);
    ExecStatusType status = PQresultStatus(result);
    struct err e = OK;

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        e = db_error(db, result, false);
    }
    PQclear(result);
    return e;
}

static struct err configure(struct db *db)
{
    char sql[400];

    (void)snprintf(sql, sizeof sql, "set search_path = %s%spublic;%s%s",
                   db->schema ? db->schema : "", db->schema ? ", " : "",
                   db->index_plans ? "set enable_seqscan = off; set enable_hashjoin = off; "
                                     "set enable_mergejoin = off;"
                                   : "",
                   db->lazy ? "set synchronous_commit = off;" : "");
    return run_plain(db, sql);
}

struct err db_ready(struct db *db)
{
    const char *keys[] = {
        "dbname",          "application_name", "options",         "connect_timeout",
        "keepalives_idle", "tcp_user_timeout", "client_encoding", NULL};
    const char *values[] = {db->url, db->application, options, "5", "30", "10000", "UTF8", NULL};

    if (db->conn && PQstatus(db->conn) == CONNECTION_OK) {
        return OK;
    }
    PQfinish(db->conn);
    db->n_prepared = 0;
    db->in_batch = 0;
    db->conn = PQconnectdbParams(keys, values, 1);
    if (PQstatus(db->conn) != CONNECTION_OK) {
        char line[180];
        first_line(PQerrorMessage(db->conn), line, sizeof line);
        PQfinish(db->conn);
        db->conn = NULL;
        return transient("database: %s", line);
    }
    if (db->opened_before) {
        METRIC_ADD(db_reconnects, 1);
    }
    db->opened_before = true;
    return configure(db);
}

struct err db_query(struct db *db, struct rows **ret, const char *sql, const struct param *params,
                    int n)
{
    const char *values[PARAMS_MAX];

    if (n > PARAMS_MAX) {
        abort();
    }
    TRY(db_ready(db));
    params_values(params, n, values);
    PGresult *result = PQexecParams(db->conn, sql, n, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        bool reading =
            strncmp(sql, "select", 6) == 0 || PQtransactionStatus(db->conn) == PQTRANS_INTRANS;
        struct err e = db_error(db, result, !reading);
        PQclear(result);
        return e;
    }
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
    return run_plain(db, sql);
}

struct err db_begin(struct db *db)
{
    TRY(db_ready(db));
    return run_plain(db, "begin");
}

struct err db_commit(struct db *db)
{
    if (!db->conn) {
        return transient("database connection lost before commit");
    }
    PGresult *result = PQexec(db->conn, "commit");
    struct err e = OK;
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        e = db_error(db, result, true);
    } else if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        e = transient("database rolled the transaction back");
    }
    PQclear(result);
    return e;
}

void db_rollback(struct db *db)
{
    if (db->conn && PQtransactionStatus(db->conn) != PQTRANS_IDLE) {
        PGresult *result = PQexec(db->conn, "rollback");
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            PQfinish(db->conn);
            db->conn = NULL;
        }
        PQclear(result);
    }
}
