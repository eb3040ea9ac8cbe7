/* Notifications: the one case in which the server speaks without having been asked. */
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "db/internal.h"

void db_listen(struct db *db, const char *channel)
{
    db->channel = channel;
}

struct err db_hear(struct db *db, int wake, int within_ms, char *ret, size_t size)
{
    int64_t deadline = clock_ms() + within_ms;

    TRY(db_ready(db));
    for (;;) {
        PGnotify *heard = PQnotifies(db->conn); /* may have come with an earlier answer */
        if (heard) {
            (void)snprintf(ret, size, "%s", heard->extra);
            PQfreemem(heard);
            return OK;
        }
        int64_t left = deadline - clock_ms();
        struct pollfd p[] = {
            {.fd = PQsocket(db->conn), .events = POLLIN},
            {.fd = wake,               .events = POLLIN},
        };
        int n = poll(p, 2, left > 0 ? (int)left : 0);
        if (p[0].revents && PQconsumeInput(db->conn) != 1) {
            return db_error(db, NULL, false);
        }
        if (p[0].revents == 0 && (n == 0 || p[1].revents)) {
            return NOT_YET;
        }
    }
}
