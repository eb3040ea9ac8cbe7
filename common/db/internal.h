/* Shared by the files of common/db only. */
#pragma once

#include <libpq-fe.h>

#include "db/db.h"

enum { PARAMS_MAX = 24, PREPARED_MAX = 8, BATCH_MAX = 512 };

struct db {
    const char *url, *application, *schema, *channel;
    PGconn *conn; /* non-blocking always: whoever waits on it waits in db_wait, with a deadline */
    int deadline_ms;
    bool index_plans, lazy, patient, opened_before;
    const char *prepared[PREPARED_MAX];
    int n_prepared;
    int in_batch; /* results still to come, the prepares among them included */
    bool is_prepare[BATCH_MAX + PREPARED_MAX];
};

struct rows; /* is a PGresult */

void params_values(const struct param *params, int n, const char **ret);

/* The error of a failed result or of the connection; `writing` = it may have been done. */
struct err db_error(struct db *db, const PGresult *result, bool writing);
void db_drop(struct db *db); /* the next use opens a new connection */

/* Opens the connection; what is left of it when that fails is for db_drop. */
struct err db_connect(struct db *db) MUST_CHECK;

/* The text's first line, without libpq's trailing newline. */
void db_first_line(const char *text, char *ret, size_t size);

/* When whatever is begun now has to be over (clock_ms). */
int64_t db_deadline(const struct db *db);
/* Flushes, and waits until a result can be read without blocking. Drops the connection when it is late. */
struct err db_wait(struct db *db, int64_t deadline, bool writing) MUST_CHECK;
/* The last result of what a PQsend… function has `sent`; owned by the caller, NULL on failure. */
struct err db_take(struct db *db, int sent, bool writing, PGresult **ret) MUST_CHECK;
/* Statements without parameters and without an interesting result. */
struct err db_plain(struct db *db, const char *sql) MUST_CHECK;
