/* Waiting for the server: always in poll, never in libpq, so that a server that hangs cannot hold a thread. */
#include <poll.h>

#include "base/clock.h"
#include "db/internal.h"

int64_t db_deadline(const struct db *db)
{
    return clock_ms() + db->deadline_ms;
}

struct err db_wait(struct db *db, int64_t deadline, bool writing)
{
    for (;;) {
        int unsent = PQflush(db->conn);
        if (unsent < 0) {
            return db_error(db, NULL, writing);
        }
        if (unsent == 0 && !PQisBusy(db->conn)) {
            return OK;
        }
        int64_t left = deadline - clock_ms();
        struct pollfd p = {.fd = PQsocket(db->conn),
                           .events = (short)(POLLIN | (unsent ? POLLOUT : 0))};
        if (left <= 0 || poll(&p, 1, (int)left) == 0) {
            db_drop(db);
            return writing ? unknown("the database did not answer in time")
                           : transient("the database did not answer in time");
        }
        if ((p.revents & (POLLIN | POLLERR | POLLHUP)) && PQconsumeInput(db->conn) != 1) {
            return db_error(db, NULL, writing);
        }
    }
}

struct err db_take(struct db *db, int sent, bool writing, PGresult **ret)
{
    int64_t deadline = db_deadline(db);
    PGresult *last = NULL;

    *ret = NULL;
    if (sent != 1) {
        return db_error(db, NULL, writing);
    }
    for (;;) {
        struct err e = db_wait(db, deadline, writing);
        if (failed(e)) {
            PQclear(last);
            return e;
        }
        PGresult *next = PQgetResult(db->conn);
        if (!next) {
            break;
        }
        PQclear(last);
        last = next;
        ExecStatusType status = PQresultStatus(next);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            PQclear(last); /* it would never end */
            db_drop(db);
            return permanent("database: COPY from or to the client is not supported");
        }
    }
    ExecStatusType status = PQresultStatus(last);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        struct err e = db_error(db, last, writing);
        PQclear(last);
        return e;
    }
    *ret = last;
    return OK;
}

struct err db_plain(struct db *db, const char *sql)
{
    PGresult *result = NULL;

    TRY(db_take(db, PQsendQuery(db->conn, sql), false, &result));
    PQclear(result);
    return OK;
}
