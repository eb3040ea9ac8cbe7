/* The thread that sweeps: waits, takes what is due, lets the service look, has it written. */
#include "service/sweep.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/findings.h"
#include "service/service.h"

enum {
    WAKE_MS = 2000,
    LEASE_S = 120, /* longer than any one call with its repetitions */
    RENEW_MS = 20000,
    LONGEST_MS = 1800000,
};

struct sweeper {
    struct sweeping mine;
    struct err (*look)(struct sweep_look *look);
    bool (*ready)(void *arg);
    void *arg;
    struct db *db;
    struct http *http;
    struct arena *arena;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t told;
    atomic_bool stopping;
    bool begun;
    int64_t until_ms, renew_ms; /* of the sweep under way */
};

void sweep_look_init(struct sweep_look *look, struct arena *arena)
{
    *look = (struct sweep_look){.arena = arena};
}

struct finding *sweep_found(struct sweep_look *look, const char *kind, const char *subject)
{
    static _Thread_local struct finding nowhere;
    struct finding *f = &nowhere;

    if (!look->found) {
        look->found = arena_alloc(look->arena, FINDINGS_MAX * sizeof *look->found);
    }
    if (look->n_found < FINDINGS_MAX) {
        f = &look->found[look->n_found++];
    } else {
        look->n_beyond++;
        sweep_skipped(look, subject);
    }
    *f = (struct finding){.kind = kind, .subject = arena_strdup(look->arena, subject)};
    return f;
}

void sweep_skipped(struct sweep_look *look, const char *subject)
{
    if (!look->skipped) {
        look->skipped = arena_alloc(look->arena, SKIPPED_MAX * sizeof *look->skipped);
    }
    if (look->n_skipped < SKIPPED_MAX) {
        look->skipped[look->n_skipped++] = arena_strdup(look->arena, subject);
    }
}

bool sweep_in_turn(const struct sweep_look *look, size_t i, size_t n, size_t most)
{
    size_t first = n > 0 ? (size_t)look->number * most % n : 0;

    return n <= most || (i + n - first) % n < most;
}

struct err sweep_may_go_on(void *context)
{
    struct sweep_look *look = context;
    struct sweeper *s = look->sweeper;

    if (!s) {
        return OK;
    }
    if (atomic_load(&s->stopping) || !s->ready(s->arg)) {
        return not_yet("the service is no longer ready");
    }
    if (clock_ms() > s->until_ms) {
        return transient("the sweep took longer than %d minutes", LONGEST_MS / 60000);
    }
    if (clock_ms() < s->renew_ms) {
        return OK;
    }
    s->renew_ms = clock_ms() + RENEW_MS;
    return sweep_keep(s->db, &s->mine, look->number, LEASE_S);
}

static void tell(const struct sweep_look *look, struct err how)
{
    int resolved = 0;

    for (int i = 0; i < look->n_found; i++) {
        resolved += look->found[i].resolved != NULL;
    }
    if (failed(how)) {
        log_warn("the sweep did not come to its end", KV("why", (const char *)how.text),
                 KV("looked", look->looked), KV("resolved", resolved));
    } else if (look->n_found > 0) {
        log_warn("the sweep found differences", KV("looked", look->looked),
                 KV("open", look->n_found - resolved), KV("resolved", resolved),
                 KV("beyond", look->n_beyond));
    } else {
        log_info("the sweep found nothing amiss", KV("looked", look->looked));
    }
}

static struct err sweep(struct sweeper *s, int64_t number)
{
    struct sweep_look look;

    sweep_look_init(&look, s->arena);
    look.db = s->db;
    look.http = s->http;
    look.number = number;
    look.sweeper = s;
    s->until_ms = clock_ms() + LONGEST_MS;
    s->renew_ms = clock_ms() + RENEW_MS;
    struct err how = s->look(&look);
    tell(&look, how);
    if (how.kind == ERR_NOT_YET) {
        how = sweep_give_back(s->db, &s->mine, number);
    } else {
        how = sweep_finish(s->db, &s->mine, &look, how);
    }
    arena_reset(s->arena);
    return how;
}

/* At most one sweep; the database's trouble is the next turn's. */
static struct err turn(struct sweeper *s)
{
    int64_t number = 0;

    if (!s->ready(s->arg)) {
        return OK;
    }
    if (!s->begun) {
        TRY(sweep_begin(s->db, &s->mine));
        s->begun = true;
    }
    TRY(sweep_take(s->db, &s->mine, LEASE_S, &number));
    return number > 0 ? sweep(s, number) : OK;
}

static struct timespec after_ms(clockid_t clock, int ms)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

static void rest(struct sweeper *s)
{
    struct timespec until = after_ms(CLOCK_MONOTONIC, WAKE_MS);
    int waited = 0;

    (void)pthread_mutex_lock(&s->lock);
    while (!atomic_load(&s->stopping) && waited != ETIMEDOUT) {
        waited = pthread_cond_timedwait(&s->told, &s->lock, &until);
    }
    (void)pthread_mutex_unlock(&s->lock);
}

static void *sweeper_main(void *arg)
{
    struct sweeper *s = arg;

    while (!atomic_load(&s->stopping)) {
        struct err e = turn(s);
        if (failed(e)) {
            log_warn("the sweep's tables could not be used", KV("why", (const char *)e.text));
        }
        rest(s);
    }
    return NULL;
}

struct err sweeper_start(const struct service_context *context, bool (*ready)(void *arg), void *arg,
                         struct sweeper **ret)
{
    const struct service *service = context->service;
    struct sweeper *s = calloc(1, sizeof *s);
    pthread_condattr_t attr;

    if (!s) {
        abort();
    }
    s->mine = (struct sweeping){.piece = service->stage->piece,
                                .owner = context->owner,
                                .every_s = context->settings->sweep_s};
    s->look = service->sweep;
    s->ready = ready;
    s->arg = arg;
    s->db = db_new(context->settings->database_url, service->name, service->db_schema);
    s->http = http_new();
    s->arena = arena_new();
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&s->told, &attr);
    (void)pthread_condattr_destroy(&attr);
    if (pthread_create(&s->thread, NULL, sweeper_main, s) != 0) {
        return permanent("cannot start the thread that sweeps");
    }
    *ret = s;
    return OK;
}

bool sweeper_stop(struct sweeper *s, int within_ms)
{
    struct timespec until = after_ms(CLOCK_REALTIME, within_ms);

    if (!s) {
        return true;
    }
    (void)pthread_mutex_lock(&s->lock);
    atomic_store(&s->stopping, true);
    (void)pthread_cond_broadcast(&s->told);
    (void)pthread_mutex_unlock(&s->lock);
    if (pthread_timedjoin_np(s->thread, NULL, &until) != 0) {
        return false;
    }
    (void)pthread_cond_destroy(&s->told);
    (void)pthread_mutex_destroy(&s->lock);
    db_free(s->db);
    http_free(s->http);
    arena_free(s->arena);
    free(s);
    return true;
}
