/* The openers' threads: one that keeps the books, and OPENERS that make links and approve browsers. */
#include "openings.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "openings_rows.h"
#include "service/signals.h"
#include "settings.h"

/* So long before the process's end nothing is waited for any more, and we are gone. */
enum { LOOK_MS = 2000, RENEW_MS = 1000, PAUSE_MS = 300, GIVE_BACK_MS = 2600, GONE_MS = 2100 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;      /* something to do, the end, or a thread's end */
    struct opening *todo, *done; /* claimed and waiting for an opener; made and not yet told */
    int busy;                    /* all that are claimed and not yet told */
    int threads;                 /* that have not ended */
    bool stopping;
    int wake; /* an eventfd: something is done, or the end */
    struct db *db;
    struct seal *seal;
    const char *owner;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void wake_keeper(void)
{
    uint64_t one = 1;

    (void)!write(pool.wake, &one, sizeof one);
}

static void put_last(struct opening **chain, struct opening *o)
{
    while (*chain) {
        chain = &(*chain)->next;
    }
    o->next = NULL;
    *chain = o;
}

/* The next to make; NULL when there is none and the end has come. */
static struct opening *next_todo(void)
{
    (void)pthread_mutex_lock(&pool.lock);
    while (!pool.todo && !pool.stopping) {
        (void)pthread_cond_wait(&pool.changed, &pool.lock);
    }
    struct opening *o = pool.todo;
    if (o) {
        pool.todo = o->next;
    }
    (void)pthread_mutex_unlock(&pool.lock);
    return o;
}

static void ended(void)
{
    (void)pthread_mutex_lock(&pool.lock);
    pool.threads--;
    (void)pthread_cond_broadcast(&pool.changed);
    (void)pthread_mutex_unlock(&pool.lock);
}

static void *opener_main(void *unused)
{
    struct opening *o;

    (void)unused;
    while ((o = next_todo())) {
        int64_t began = clock_ms();
        opening_make(o, pool.seal);
        crash_point("opener.made");
        opening_report(o, began);
        (void)pthread_mutex_lock(&pool.lock);
        put_last(&pool.done, o);
        (void)pthread_mutex_unlock(&pool.lock);
        wake_keeper();
    }
    ended();
    return NULL;
}

/* Writes what is made. What could not be written stays, for the next turn. */
static struct err tell_done(void)
{
    for (;;) {
        (void)pthread_mutex_lock(&pool.lock);
        struct opening *o = pool.done;
        (void)pthread_mutex_unlock(&pool.lock);
        if (!o) {
            return OK;
        }
        struct err e = openings_answer(pool.db, pool.owner, o);
        /* Nobody waits any more, or no try would do better: it is dropped. */
        if (failed(e) && e.kind != ERR_PERMANENT && clock_ms() < o->deadline) {
            return e;
        }
        (void)pthread_mutex_lock(&pool.lock);
        pool.done = o->next;
        pool.busy--;
        (void)pthread_mutex_unlock(&pool.lock);
        opening_free(o);
        TRY(e);
    }
}

static struct err take_more(void)
{
    struct opening *taken;

    (void)pthread_mutex_lock(&pool.lock);
    int idle = told_to_stop(0) ? 0 : conf.openers - pool.busy;
    (void)pthread_mutex_unlock(&pool.lock);
    if (idle <= 0) {
        return OK;
    }
    TRY(openings_take(pool.db, pool.owner, idle, &taken));
    if (!taken) {
        return OK;
    }
    crash_point("opener.claimed");
    (void)pthread_mutex_lock(&pool.lock);
    while (taken) {
        struct opening *o = taken;
        taken = o->next;
        put_last(&pool.todo, o);
        pool.busy++;
    }
    (void)pthread_cond_broadcast(&pool.changed);
    (void)pthread_mutex_unlock(&pool.lock);
    return OK;
}

static bool is_busy(void)
{
    (void)pthread_mutex_lock(&pool.lock);
    bool busy = pool.busy > 0;
    (void)pthread_mutex_unlock(&pool.lock);
    return busy;
}

/* Once round the books, then until something happens. */
static struct err turn(void)
{
    char heard[2];

    TRY(tell_done());
    if (is_busy()) {
        TRY(openings_renew(pool.db, pool.owner));
    }
    TRY(take_more());
    int within_ms = is_busy() ? RENEW_MS : LOOK_MS;
    struct err e = db_hear(pool.db, pool.wake, within_ms, heard, sizeof heard);
    (void)!read(pool.wake, &(uint64_t){0}, sizeof(uint64_t));
    return e.kind == ERR_NOT_YET ? OK : e;
}

/* As long as anything is under way and there is time for it. */
static bool goes_on(void)
{
    (void)pthread_mutex_lock(&pool.lock);
    bool yes = !pool.stopping || (pool.busy > 0 && stop_left_ms() > GIVE_BACK_MS);
    (void)pthread_mutex_unlock(&pool.lock);
    return yes;
}

/* What an earlier life left, or this one did not make in time: another may have it at once, and else when it lapses. */
static void give_back(void)
{
    struct err e = openings_give_back(pool.db, pool.owner);
    (void)e;
}

static void *keeper_main(void *unused)
{
    struct pollfd wake = {.fd = pool.wake, .events = POLLIN};
    bool broken = false;

    (void)unused;
    give_back();
    while (goes_on()) {
        struct err e = turn();
        if (failed(e) && !broken) {
            log_warn("openings wait for the database", KV("why", (const char *)e.text));
        }
        broken = failed(e);
        if (broken) { /* an end that could not be told has woken us already, and would go on doing so */
            (void)!read(pool.wake, &(uint64_t){0}, sizeof(uint64_t));
            (void)poll(&wake, 1, PAUSE_MS);
        }
    }
    give_back();
    ended();
    return NULL;
}

static bool begin(void *main_of(void *))
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, main_of, NULL) != 0) {
        return false;
    }
    (void)pthread_detach(thread);
    pool.threads++;
    return true;
}

struct err openings_start(struct service_context *context)
{
    pthread_condattr_t attr;

    pool.owner = context->owner;
    pool.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (pool.wake < 0) {
        return permanent("cannot make an eventfd");
    }
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&pool.changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    /* Of its own: a thread that hangs at the end outlives the service's. */
    TRY(seal_new(context->settings->master_keys, &pool.seal));
    pool.db = db_new(context->settings->database_url, context->service->name,
                     context->service->db_schema);
    db_listen(pool.db, "openings_asked");
    (void)pthread_mutex_lock(&pool.lock);
    bool all = begin(keeper_main);
    for (int i = 0; i < conf.openers && all; i++) {
        all = begin(opener_main);
    }
    (void)pthread_mutex_unlock(&pool.lock);
    return all ? OK : permanent("cannot start the threads that open");
}

/* Until all threads have ended. False: some have not, and the time is over. */
static bool all_gone(void)
{
    struct timespec until;
    int left = stop_left_ms() - GONE_MS, error = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += left > 0 ? left / 1000 : 0;
    until.tv_nsec += left > 0 ? (long)(left % 1000) * 1000000 : 0;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&pool.lock);
    while (pool.threads > 0 && error == 0) {
        error = pthread_cond_timedwait(&pool.changed, &pool.lock, &until);
    }
    bool all = pool.threads == 0;
    (void)pthread_mutex_unlock(&pool.lock);
    return all;
}

bool openings_stop(struct service_context *context)
{
    (void)context;
    (void)pthread_mutex_lock(&pool.lock);
    pool.stopping = true;
    (void)pthread_cond_broadcast(&pool.changed);
    (void)pthread_mutex_unlock(&pool.lock);
    wake_keeper();
    if (!all_gone()) {
        return false;
    }
    db_free(pool.db);
    seal_free(pool.seal);
    (void)close(pool.wake);
    return true;
}
