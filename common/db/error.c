/* What a failure means: SQLSTATE and the state of the connection, turned into an error kind. */
#include <stdio.h>
#include <string.h>

#include "db/internal.h"

void db_first_line(const char *text, char *ret, size_t size)
{
    size_t len = strcspn(text, "\n");

    (void)snprintf(ret, size, "%.*s", (int)(len < size ? len : size - 1), text);
}

void db_drop(struct db *db)
{
    PQfinish(db->conn);
    db->conn = NULL;
}

static bool starts_with_any(const char *sqlstate, const char *const *starts)
{
    for (; *starts; starts++) {
        if (strncmp(sqlstate, *starts, strlen(*starts)) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * A failover (25006: this one only reads now) and a migration under way (42501, 42P01, 42883: not granted or not
 * made yet) pass like an outage does.
 */
static enum err_kind kind_of(const char *sqlstate, bool writing)
{
    static const char *const passing[] = {"08",    "40",    "53",    "57",    "58", "25006",
                                          "42501", "42P01", "42883", "55P03", NULL};

    if (strcmp(sqlstate, "40003") == 0 && writing) {
        return ERR_UNKNOWN;
    }
    return starts_with_any(sqlstate, passing) ? ERR_TRANSIENT : ERR_PERMANENT;
}

struct err db_error(struct db *db, const PGresult *result, bool writing)
{
    /* A migration changed what was prepared, or another server took over: start afresh. */
    static const char *const stale[] = {"0A000", "26000", "25006", NULL};
    char line[160];
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *primary = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    struct err e;

    if (sqlstate && PQstatus(db->conn) == CONNECTION_OK) {
        db_first_line(primary ? primary : "", line, sizeof line);
        e = permanent("database: %s", line);
        e.kind = kind_of(sqlstate, writing);
        (void)snprintf(e.sqlstate, sizeof e.sqlstate, "%s", sqlstate);
        if (starts_with_any(sqlstate, stale)) {
            db_drop(db);
            e.kind = ERR_TRANSIENT;
        }
        return e;
    }
    db_first_line(PQerrorMessage(db->conn), line, sizeof line);
    e = writing ? unknown("database connection lost: %s", line)
                : transient("database connection lost: %s", line);
    db_drop(db);
    return e;
}
