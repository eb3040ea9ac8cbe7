/*
 * The sweep: now and then a service compares its rows with what its provider says there is.
 *
 * A thread with a connection of its own takes the sweep of the service's piece when it is due, one process at a
 * time (a lease, renewed with every call; a dead one's is taken over), lets the service look, and writes what it
 * found to `findings`: what is seen again keeps its first date, what is no longer seen goes, what was put right
 * stays for a while. A sweep that fails removes nothing and says why in `sweeps`.
 *
 * The service's function may run twice, and may be cut off anywhere. It reads its rows by `db`, opens no
 * transaction, and looks at a row again right before it acts on what belongs to it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"
#include "http/http.h"

enum { FINDINGS_MAX = 1000, SKIPPED_MAX = 100000, SWEEP_ROWS_MAX = 10000 };

enum money { MONEY_NONE, MONEY_MONTH, MONEY_CAP, MONEY_ONCE };

/* One difference between our rows and the provider. Texts in the look's arena. */
struct finding {
    const char *kind;       /* a few words, the same for all of its kind      */
    const char *subject;    /* what it is called at the provider              */
    const char *deployment; /* an id; NULL: none is known                     */
    enum money money;       /* what `cents` is; MONEY_NONE: unknown           */
    int64_t cents;
    const char *currency; /* NULL: USD                                       */
    const char *resolved; /* NULL: a person must look; else what was done    */
    const char *words;    /* a sentence for that person                      */
};

struct sweep_look {
    struct db *db;
    struct http *http;
    struct arena *arena; /* reset afterwards */
    int64_t number;      /* counts sweeps: what is too much for one takes turns by it */
    int looked;          /* things at the provider, for people */
    struct sweeper *sweeper;
    struct finding *found;
    int n_found;
    int n_beyond; /* that did not fit */
    const char **skipped;
    int n_skipped;
};

/* An empty look for tests: no thread, no limits on its time. */
void sweep_look_init(struct sweep_look *look, struct arena *arena);

/*
 * One more, to be filled in. Past FINDINGS_MAX it is a place nobody reads: those are counted, what an earlier sweep found
 * about them stays, and the sweep says that its list is not all.
 */
struct finding *sweep_found(struct sweep_look *look, const char *kind, const char *subject);

/* No time for it in this sweep: what an earlier one found about it stays. */
void sweep_skipped(struct sweep_look *look, const char *subject);

/* What is too much for one sweep takes turns: is the i-th of n among the `most` that are looked at in this one? */
bool sweep_in_turn(const struct sweep_look *look, size_t i, size_t n, size_t most);

/* Did this call fail for a reason that has nothing to do with what it was about (credentials, pace, connection, the
 * sweep's end)? Then the sweep ends with it; else the next thing is looked at. */
static inline bool sweep_is_over(const struct err *e)
{
    if (e->kind == ERR_TRANSIENT) {
        return e->code == 0 || e->code == 401 || e->code == 403 || e->code == 429;
    }
    return e->kind == ERR_NOT_YET;
}

/* Before every call to the provider: ERR_NOT_YET when the sweep has to end (told to stop, its time or lease is over). */
struct err sweep_may_go_on(void *look) MUST_CHECK;

/* Nothing is swept while the service is not ready. */
struct service_context;
struct err sweeper_start(const struct service_context *context, bool (*ready)(void *arg), void *arg,
                         struct sweeper **ret) MUST_CHECK;

/* Told to stop, the sweep ends with the call it is at. False: it did not end in time, its lease will. NULL is fine. */
bool sweeper_stop(struct sweeper *sweeper, int within_ms);
