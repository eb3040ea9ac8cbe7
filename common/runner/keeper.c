/*
 * The keeper: the runner's only thread with a connection. One turn is one transaction: settle what workers have
 * finished, claim what is due for the idle ones, ask when the next row comes due. Batches what is waiting, never
 * waits to batch.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/db.h"
#include "runner/budget.h"
#include "runner/claim.h"
#include "runner/report.h"
#include "runner/task.h"

enum {
    SETTLES_MAX = 128,
    LOOK_AGAIN_MS = 250,
    DB_PAUSE_MS = 200,
    DB_PAUSE_MOST_MS = 2000,
    HELD_MS = 1000, /* before a result whose rows somebody has locked is tried again */
};

static const char settle_sql[] = "select settle($1::uuid, $2::bigint, $3::jsonb) as mine";

/* This process's earlier life ended (its port is free, it is ours now): what it was at is due at once. */
static const char inherit_sql[] =
    "update resource set due_at = now() where busy and claimed_by = $1::uuid";

struct keeper {
    struct runner *r;
    struct db *db;
    struct task *unsettled; /* sorted by id: one lock order for all */
    struct task *held;      /* somebody has their rows locked; tried again after a pause */
    int n_unsettled, n_held;
    int64_t held_until_ms;
    int pause_ms; /* after a failure of the database */
    bool inherited;
    struct budget_till till;
};

/* Into the unsettled, sorted. */
static void add(struct keeper *k, struct task *chain)
{
    while (chain) {
        struct task *task = chain, **at = &k->unsettled;
        chain = task->next;
        while (*at && strcmp((*at)->id, task->id) < 0) {
            at = &(*at)->next;
        }
        task->next = *at;
        *at = task;
        k->n_unsettled++;
    }
}

static void collect(struct keeper *k)
{
    struct task *done = queue_take_all(&k->r->done);

    for (const struct task *task = done; task; task = task->next) {
        budget_note(&k->till, task);
    }
    add(k, done);
    if (k->held && clock_ms() >= k->held_until_ms) {
        struct task *held = k->held;
        k->held = NULL;
        k->n_held = 0;
        add(k, held);
    }
}

/* The first of the unsettled has to wait for a lock; the others need not wait with it. */
static void hold(struct keeper *k)
{
    struct task *task = k->unsettled;

    k->unsettled = task->next;
    k->n_unsettled--;
    task->next = k->held;
    k->held = task;
    k->n_held++;
    k->held_until_ms = clock_ms() + HELD_MS;
}

/* Locks, deadlocks, time-outs: one row's trouble, not the connection's. */
static bool is_contention(struct err e)
{
    static const char *const states[] = {"55P03", "57014", "40P01", "40001"};

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(e.sqlstate, states[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The first of the unsettled is settled (or refused): log, count, forget it. True when it said something. */
static bool settled(struct keeper *k, bool mine)
{
    struct task *task = k->unsettled;
    bool says = mine && task->says;

    report_outcome(task, mine);
    k->unsettled = task->next;
    k->n_unsettled--;
    (void)atomic_fetch_sub(&k->r->busy, 1);
    task_free(task);
    return says;
}

/* `asked_ms`: before the claim, so no lease ends sooner than it is taken to. */
static void hand_out(struct keeper *k, const struct rows *rows, int64_t asked_ms)
{
    for (int i = 0; i < rows_count(rows); i++) {
        struct task *task = claim_task(rows, i);
        task->claimed_ms = asked_ms;
        metric_time(&metrics.due_lag_seconds, (int64_t)(task->lag_s * 1e6));
        (void)atomic_fetch_add(&k->r->busy, 1);
        queue_put(&k->r->todo, task);
    }
    if (rows_count(rows) > 0) {
        crash_point("runner.claimed");
    }
}

static struct err prepare(struct keeper *k)
{
    TRY(budget_open(&k->till, k->db));
    if (!k->inherited) {
        TRY(db_exec(k->db, NULL, inherit_sql, P(k->r->settings.owner)));
        k->inherited = true;
    }
    return OK;
}

/* One transaction. `ret_wait_ms`: when to look again at the latest. */
static struct err turn(struct keeper *k, int *ret_wait_ms)
{
    struct runner *r = k->r;
    int settles = k->n_unsettled < SETTLES_MAX ? k->n_unsettled : SETTLES_MAX;
    int idle = atomic_load(&r->stopping) || atomic_load(&r->held)
                   ? 0
                   : r->settings.workers - (atomic_load(&r->busy) - k->n_unsettled - k->n_held);
    struct rows *results[SETTLES_MAX + BUDGET_LANES_MAX + CLAIM_RESULTS];
    int n = 0, returns = 0;
    bool says = false;

    *ret_wait_ms = LOOK_AGAIN_MS;
    TRY(prepare(k));
    if (settles > 0) {
        crash_point("runner.settling");
    }
    int64_t asked_ms = clock_ms();
    TRY(db_batch_begin(k->db));
    struct task *task = k->unsettled;
    for (int i = 0; i < settles; i++, task = task->next) {
        struct param params[] = {P(task->id), P(task->claim), P(task->settle)};
        TRY(db_batch_add(k->db, "settle", settle_sql, params, 3));
        n++;
    }
    TRY(budget_give_back(&k->till, k->db, &returns));
    n += returns;
    if (idle > 0) {
        TRY(claim_ask(k->db, r, idle));
        n += CLAIM_RESULTS;
    }
    TRY(db_batch_end(k->db, results, n));
    budget_given_back(&k->till);
    if (settles > 0) {
        crash_point("runner.settled");
    }
    for (int i = 0; i < settles; i++) {
        says |= settled(k, rows_bool(results[i], 0, "mine"));
    }
    if (says) {
        relay_wake(r->settings.relay);
    }
    if (idle > 0) {
        struct rows *const *claimed = results + settles + returns;
        hand_out(k, claimed[0], asked_ms);
        if (rows_count(claimed[0]) < idle) {
            *ret_wait_ms = claim_next_in_ms(claimed[1], LOOK_AGAIN_MS);
        }
        if (claim_queue(claimed[1])) {
            budget_tell(&k->till, k->db, r->settings.service);
        }
    }
    if (k->n_unsettled > 0) {
        *ret_wait_ms = 0;
    }
    for (int i = 0; i < n; i++) {
        rows_free(results[i]);
    }
    return OK;
}

/* The database refused a batch: settle one by one; the one it refuses becomes a failure a person can see. */
static void settle_singly(struct keeper *k)
{
    while (k->n_unsettled > 0) {
        struct task *task = k->unsettled;
        ROWS *rows = NULL;
        struct err e =
            db_exec(k->db, &rows, settle_sql, P(task->id), P(task->claim), P(task->settle));
        if (e.kind == ERR_PERMANENT && !task->refused) {
            log_deployment(task->id);
            log_error("the database refused a result; it counts as a failed try",
                      KV("why", (const char *)e.text), KV("state", task->state),
                      KV("then", (const char *)task->then));
            log_deployment(NULL);
            worker_refused(k->r, task, e);
        } else if (e.kind ==
                   ERR_PERMANENT) { /* nor this one: the row comes due when its lease ends */
            task->gave_up = true;
            (void)settled(k, false);
        } else if (is_contention(e)) {
            hold(k);
        } else if (failed(e)) {
            return;
        } else if (settled(k, rows_bool(rows, 0, "mine"))) {
            relay_wake(k->r->settings.relay);
        }
    }
}

static int wait_ms_after(struct keeper *k, struct err e)
{
    k->till.opened = false; /* a restored database may not have the lanes */
    if (e.kind == ERR_PERMANENT || is_contention(e)) {
        log_warn("settling at once failed; now one by one", KV("why", (const char *)e.text));
        settle_singly(k);
        return k->n_unsettled > 0 ? DB_PAUSE_MS : 0;
    }
    atomic_store(&k->r->held, true); /* what comes back may have been restored from a backup */
    k->pause_ms = k->pause_ms == 0 ? DB_PAUSE_MS : k->pause_ms * 2;
    if (k->pause_ms > DB_PAUSE_MOST_MS) {
        k->pause_ms = DB_PAUSE_MOST_MS;
    }
    log_warn("the database does not answer; trying again", KV("why", (const char *)e.text),
             KV("pause_ms", k->pause_ms));
    return k->pause_ms;
}

static bool finished(struct keeper *k)
{
    struct runner *r = k->r;

    if (!atomic_load(&r->stopping)) {
        return false;
    }
    return (atomic_load(&r->busy) == 0 && k->n_unsettled == 0) || clock_ms() > r->stop_by_ms;
}

void *keeper_main(void *runner)
{
    struct keeper k = {.r = runner};
    int wait_ms = 0;

    k.till.budget = budget_of(k.r->settings.stage);
    k.db = db_new(k.r->settings.database_url, k.r->settings.service, k.r->settings.schema);
    db_force_index_plans(k.db);
    while (!finished(&k)) {
        struct pollfd p = {.fd = k.r->wake_fd, .events = POLLIN};
        uint64_t wakes;
        if (poll(&p, 1, wait_ms) > 0) {
            (void)!read(p.fd, &wakes, sizeof wakes);
        }
        collect(&k);
        struct err e = turn(&k, &wait_ms);
        if (failed(e)) {
            wait_ms = wait_ms_after(&k, e);
        } else {
            k.pause_ms = 0;
            atomic_store(&k.r->last_ok_ms, clock_ms());
        }
    }
    add(&k, k.held);
    while (k.unsettled) { /* past the deadline: their leases run out and they come due again */
        struct task *next = k.unsettled->next;
        task_free(k.unsettled);
        k.unsettled = next;
    }
    db_free(k.db);
    return NULL;
}
