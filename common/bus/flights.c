/* Bookkeeping of what is in the air; no I/O. */
#include "bus/flights.h"

#include "base/clock.h"

enum { LATE_MS = 5000, AGAIN_MS = 1000 };

int flights_ids(const struct flights *flights, enum flights_which which, struct buf *ret)
{
    int n = 0;

    (void)buf_puts(ret, "{");
    for (int i = 0; i < FLIGHTS; i++) {
        const struct flight *f = &flights->all[i];
        if (f->used && (which == FLIGHTS_ALL || f->delivered)) {
            (void)buf_printf(ret, "%s%s", n ? "," : "", f->id);
            n++;
        }
    }
    (void)buf_puts(ret, "}");
    return n;
}

struct flight *flights_free(struct flights *flights)
{
    for (int i = 0; i < FLIGHTS; i++) {
        if (!flights->all[i].used) {
            return &flights->all[i];
        }
    }
    return NULL;
}

int flights_under_way(const struct flights *flights, bool *ret_late)
{
    int n = 0;

    *ret_late = false;
    for (int i = 0; i < FLIGHTS; i++) {
        const struct flight *f = &flights->all[i];
        if (f->used && !f->reported) {
            n++;
            *ret_late = *ret_late || clock_ms() - f->sent_ms > LATE_MS;
        }
    }
    return n;
}

int flights_settle(struct flights *flights, bool deleted)
{
    int64_t now = clock_ms();
    int newly_failed = 0;

    for (int i = 0; i < FLIGHTS; i++) {
        struct flight *f = &flights->all[i];
        if (!f->used || !f->reported) {
            continue;
        }
        if (f->delivered) {
            f->used = !deleted;
        } else if (f->again_ms == 0) {
            f->again_ms = now + AGAIN_MS;
            newly_failed++;
        } else if (now >= f->again_ms) {
            f->used = false;
        }
    }
    return newly_failed;
}
