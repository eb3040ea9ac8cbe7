/* Opening a connection step by step, so that it is never libpq that waits, and libpq never speaks on our stderr. */
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "db/internal.h"

enum { ANSWER_S = 5 }; /* for each host the connection string names */

/* jit: with sequential scans priced out of the market, every plan that needs one would be compiled. */
#define SESSION                                                                                    \
    " -c idle_in_transaction_session_timeout=10s -c jit=off -c timezone=UTC "                      \
    "-c client_min_messages=warning"
static const char quick[] = "-c statement_timeout=5s -c lock_timeout=1s" SESSION;
static const char patient[] = "-c statement_timeout=1h -c lock_timeout=0" SESSION;

/* What libpq would print on our stderr, among the log's JSON: errors come as results, notices tell us nothing. */
static void ignore_notice(void *unused, const PGresult *result)
{
    (void)unused;
    (void)result;
}

static void start(struct db *db)
{
    const char *keys[] = {"dbname",           "application_name", "options", "keepalives_idle",
                          "tcp_user_timeout", "client_encoding",  NULL};
    const char *values[] = {
        db->url, db->application, db->patient ? patient : quick, "30", "5000", "UTF8", NULL};

    db->conn = PQconnectStartParams(keys, values, 1);
    if (!db->conn) {
        abort();
    }
    (void)PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
}

/* libpq turns to the next host when one refuses or is not there (tcp_user_timeout): each gets its time. */
static int64_t time_of_all(const char *url)
{
    int hosts = 1;

    for (const char *at = url; *at; at++) {
        hosts += *at == ',';
    }
    return (int64_t)hosts * ANSWER_S * 1000;
}

static bool in_time(struct db *db, int64_t deadline)
{
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;

    while (PQstatus(db->conn) != CONNECTION_BAD && next != PGRES_POLLING_OK &&
           next != PGRES_POLLING_FAILED) {
        int64_t left = deadline - clock_ms();
        struct pollfd p = {.fd = PQsocket(db->conn),
                           .events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (left <= 0 || poll(&p, 1, (int)left) == 0) {
            return false;
        }
        next = PQconnectPoll(db->conn);
    }
    return true;
}

struct err db_connect(struct db *db)
{
    char line[180];

    start(db);
    bool answered = in_time(db, clock_ms() + time_of_all(db->url));
    if (PQstatus(db->conn) == CONNECTION_OK && PQsetnonblocking(db->conn, 1) == 0) {
        return OK;
    }
    TRY(db_url_ok(db->url));
    if (!answered) {
        return transient("database: the server did not answer within %d s", ANSWER_S);
    }
    db_first_line(PQerrorMessage(db->conn), line, sizeof line);
    return transient("database: %s", line);
}
