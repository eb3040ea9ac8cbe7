/* Shared by the files of common/db only. */
#pragma once

#include <libpq-fe.h>

#include "db/db.h"

enum { PARAMS_MAX = 24, PREPARED_MAX = 8, BATCH_MAX = 512 };

struct db {
    const char *url, *application, *schema;
    PGconn *conn;
    bool index_plans, lazy, opened_before;
    const char *prepared[PREPARED_MAX];
    int n_prepared;
    int in_batch; /* results still to come, the prepares among them included */
    bool is_prepare[BATCH_MAX + PREPARED_MAX];
    bool broken_batch;
};

struct rows; /* is a PGresult */

void params_values(const struct param *params, int n, const char **ret);

/* The error of a failed result or of the connection; `writing` = it may have been done. */
struct err db_error(struct db *db, const PGresult *result, bool writing);
