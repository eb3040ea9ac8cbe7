/*
 * The sweep of the OVH account, chapter by chapter. Its calls come out of the same budget as everybody's and go
 * last: while a deployment waits for its turn, the sweep waits longer.
 */
#include "sweep.h"

#include <time.h>

#include "base/clock.h"
#include "budget.h"
#include "settings.h"

enum { NAP_MS = 250, POLITE_MS = 20000, LEFT_OVER = 3 };

/* Takes one call of the first lane, if it leaves some for those who are in a hurry; $1: it has waited long enough. */
static const char take_sql[] =
    "update budget b set refilled_at = greatest(refilled_at, clock_timestamp()), "
    "tokens = least(burst, tokens + pace / 60 * waited) - 1, "
    "pace = least(full_pace, pace + full_pace / 10 / window_s * waited) "
    "from (select greatest(0, extract(epoch from clock_timestamp() - refilled_at))"
    "::double precision as waited from budget where lane = 0) t "
    "where b.lane = 0 and coalesce(hushed_until, '-infinity') <= clock_timestamp() "
    "and least(burst, tokens + pace / 60 * waited) >= "
    "case when $1::boolean then 1 else least($2::int, burst) end "
    "and ($1::boolean or coalesce(awaited_until, '-infinity') < clock_timestamp() - interval '5 "
    "s')";

static const char refused_sql[] = "select budget_return(0, 0, true, $1::float8)";

static void nap(void)
{
    struct timespec t = {.tv_nsec = NAP_MS * 1000000L};

    (void)nanosleep(&t, NULL);
}

/* Before each call: may the sweep go on, and is there a call to be had? */
static struct err pay(void *context)
{
    struct sweep_look *look = context;
    int64_t since = clock_ms();

    for (;;) {
        ROWS *rows = NULL;
        TRY(sweep_may_go_on(look));
        if (server_budget.lanes == 0) {
            return OK;
        }
        bool long_enough = clock_ms() - since > POLITE_MS;
        TRY(db_exec(look->db, &rows, take_sql, P(long_enough), P((int)LEFT_OVER)));
        if (rows_affected(rows) > 0) {
            return OK;
        }
        nap();
    }
}

struct err servers_sweep(struct sweep_look *look)
{
    struct servers_world w = {
        .look = look,
        .ovh = {.http = look->http,
                .arena = look->arena,
                .settings = &orderer_settings,
                .before = pay,
                .context = look},
    };

    struct err e = machines_sweep(&w);
    if (!failed(e)) {
        e = carts_sweep(&w);
    }
    if (!failed(e)) {
        e = bills_sweep(&w);
    }
    if (e.code == 429) {
        TRY(db_exec(look->db, NULL, refused_sql, P((double)e.retry_after_s)));
    }
    return e;
}
