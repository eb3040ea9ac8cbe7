/*
 * PostgreSQL through libpq: a connection used by one thread at a time, parameters never pasted into SQL,
 * SQLSTATE turned into an error kind (outages, conflicts, failovers and what a migration under way causes are
 * ERR_TRANSIENT; the rest ERR_PERMANENT), and a deadline on everything: 5 s to connect, 7 s for a statement or a
 * batch. A connection lost or late during COMMIT or a bare writing statement is ERR_UNKNOWN.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/scope.h"

struct db;   /* one connection, opened when first used and again after it broke */
struct rows; /* a result; owned by the caller, freed with rows_free */

struct param {
    const char *text; /* NULL and !own: SQL null */
    char digits[32];  /* holds numbers */
    bool own;
};

struct param param_text(const char *text);
struct param param_int(int64_t number);
struct param param_real(double number);
struct param param_bool(bool value);

#define P(value)                                                                                   \
    _Generic((value), char *: param_text, const char *: param_text, double: param_real,          \
             float: param_real, bool: param_bool, default: param_int)(value)

/* `url` and `schema` are borrowed for ever; `schema` (may be NULL) comes first in the search path. */
struct db *db_new(const char *url, const char *application, const char *schema);
void db_free(struct db *db); /* NULL is fine */

/* For migrations: an hour for each statement, locks are waited for. Before the first use. */
void db_patient(struct db *db);
/* Plans are made for big tables even when the table is still empty (measured: sequential scans stay). */
void db_force_index_plans(struct db *db);
/* Commits of this connection need not wait for the disk. Only for work that may be repeated. */
void db_commit_lazily(struct db *db);

/*
 * LISTEN (PostgreSQL's own: not through a pooler that shares connections between transactions). `channel` is a plain
 * word, borrowed for ever. Before the first use; each connection that is opened later listens, too.
 */
void db_listen(struct db *db, const char *channel);
/*
 * The next notification's payload, cut to what fits. NOT_YET when none came within `within_ms`, or as soon as `wake`
 * (an eventfd or a pipe; -1: none) can be read. After an error notifications may be lost: look at the rows.
 */
struct err db_hear(struct db *db, int wake, int within_ms, char *ret, size_t size) MUST_CHECK;

/* ERR_PERMANENT with one fixed line: what is wrong with it must not be said, it may be the password. */
struct err db_url_ok(const char *url) MUST_CHECK;

/* Opens (again) if need be. */
struct err db_ready(struct db *db) MUST_CHECK;

struct err db_query(struct db *db, struct rows **ret, const char *sql, const struct param *params,
                    int n) MUST_CHECK;

/* db_exec(db, &rows or NULL, "select $1::int", P(1)) */
#define db_exec(db, ret, sql, ...)                                                                 \
    db_query(db, ret, sql, (const struct param[]){{0}, ##__VA_ARGS__} + 1,                         \
             (int)(sizeof((const struct param[]){{0}, ##__VA_ARGS__}) / sizeof(struct param)) - 1)

struct err db_begin(struct db *db) MUST_CHECK;
struct err db_commit(struct db *db) MUST_CHECK;
void db_rollback(struct db *db); /* harmless when there is nothing to roll back */

/*
 * A batch: statements sent through libpq's pipeline, committed together. Either all happened or none;
 * results come in the order sent. `name` is the prepared statement's name, prepared on first use.
 */
struct err db_batch_begin(struct db *db) MUST_CHECK;
struct err db_batch_add(struct db *db, const char *name, const char *sql,
                        const struct param *params, int n) MUST_CHECK;
/* Sends, waits, gives `ret[0..n)` (each owned by the caller; all NULL on failure). n = number added. */
struct err db_batch_end(struct db *db, struct rows **ret, int n) MUST_CHECK;

int rows_count(const struct rows *rows);
/* Affected rows of an insert/update/delete without returning. */
int rows_affected(const struct rows *rows);
/* The column must exist (else abort: a bug). Text is "" for null; valid until rows_free. */
const char *rows_text(const struct rows *rows, int row, const char *column);
int64_t rows_int(const struct rows *rows, int row, const char *column);
double rows_real(const struct rows *rows, int row, const char *column);
bool rows_bool(const struct rows *rows, int row, const char *column);
bool rows_null(const struct rows *rows, int row, const char *column);
void rows_free(
    struct rows *rows); /* NULL is fine; wipes nothing: secrets in the database are sealed */

static inline void rows_free_p(struct rows **rows)
{
    rows_free(*rows);
}
#define ROWS SCOPED(rows_free_p) struct rows

/* A few connections shared by many threads (the gateway's request threads). */
struct db_pool;
struct db_pool *db_pool_new(const char *url, const char *application, const char *schema, int size);
void db_pool_free(struct db_pool *pool);
/* Waits at most `deadline_ms` for a free one: ERR_TRANSIENT after that. */
struct err db_pool_take(struct db_pool *pool, int deadline_ms, struct db **ret) MUST_CHECK;
void db_pool_give(struct db_pool *pool, struct db *db); /* rolls back what was left open */

/* Several statements without parameters, as they stand in a file (migrations). Not a transaction by itself. */
struct err db_script(struct db *db, const char *sql) MUST_CHECK;
