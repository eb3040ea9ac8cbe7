/* The places of those who wait, and the thread that wakes them. */
#include "waiting.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/db.h"

/* A notification can be lost with its connection: everybody looks by himself every LOOK_MS. */
enum { MOST = 256, LOOK_MS = 1000, LISTEN_MS = 60000, PAUSE_MS = 1000 };

static const char channel[] = "openings_answered";

struct waiter {
    bool used, woken;
    char opening[ID_SIZE];
    pthread_cond_t changed;
};

static struct {
    pthread_mutex_t lock;
    bool closing, listening;
    int most, wake;
    struct db *db;
    pthread_t thread;
    struct waiter all[MOST];
} waiting = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* `opening_id` NULL: everybody. */
static void wake(const char *opening_id)
{
    pthread_mutex_lock(&waiting.lock);
    for (int i = 0; i < waiting.most; i++) {
        struct waiter *waiter = &waiting.all[i];
        if (waiter->used && (!opening_id || strcasecmp(waiter->opening, opening_id) == 0)) {
            waiter->woken = true;
            pthread_cond_signal(&waiter->changed);
        }
    }
    pthread_mutex_unlock(&waiting.lock);
}

static bool closing(void)
{
    pthread_mutex_lock(&waiting.lock);
    bool yes = waiting.closing;
    pthread_mutex_unlock(&waiting.lock);
    return yes;
}

static void *listen_main(void *unused)
{
    struct pollfd stop = {.fd = waiting.wake, .events = POLLIN};
    char opening[ID_SIZE];
    bool lost = false;

    (void)unused;
    while (!closing()) {
        struct err e = db_hear(waiting.db, waiting.wake, LISTEN_MS, opening, sizeof opening);
        if (!failed(e)) {
            wake(opening);
        } else if (e.kind != ERR_NOT_YET) {
            if (!lost) {
                log_warn("not listening for openings; who waits for one looks every second",
                         KV("why", (const char *)e.text));
            }
            (void)poll(&stop, 1, PAUSE_MS);
        }
        lost = failed(e) && e.kind != ERR_NOT_YET;
    }
    return NULL;
}

struct err waiting_open(const struct service_context *context, int most)
{
    pthread_condattr_t attributes;

    if (pthread_condattr_init(&attributes) != 0 ||
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0) {
        abort();
    }
    for (int i = 0; i < MOST; i++) {
        if (pthread_cond_init(&waiting.all[i].changed, &attributes) != 0) {
            abort();
        }
    }
    pthread_condattr_destroy(&attributes);
    waiting.most = most < MOST ? most : MOST;
    waiting.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (waiting.wake < 0) {
        return permanent("cannot make an eventfd");
    }
    waiting.db = db_new(context->settings->database_url, context->service->name,
                        context->service->db_schema);
    db_listen(waiting.db, channel);
    waiting.listening = pthread_create(&waiting.thread, NULL, listen_main, NULL) == 0;
    return waiting.listening ? OK : permanent("cannot start the thread that listens for openings");
}

void waiting_close(void)
{
    uint64_t one = 1;

    pthread_mutex_lock(&waiting.lock);
    waiting.closing = true;
    for (int i = 0; i < waiting.most; i++) {
        pthread_cond_signal(&waiting.all[i].changed);
    }
    pthread_mutex_unlock(&waiting.lock);
    if (waiting.listening) {
        (void)!write(waiting.wake, &one, sizeof one);
    }
}

void waiting_release(void)
{
    if (waiting.listening) {
        (void)pthread_join(waiting.thread, NULL);
        (void)close(waiting.wake);
        db_free(waiting.db);
        waiting.listening = false;
    }
}

struct waiter *waiting_enter(const char *opening_id)
{
    struct waiter *free_one = NULL;

    pthread_mutex_lock(&waiting.lock);
    for (int i = 0; i < waiting.most && !free_one && !waiting.closing; i++) {
        free_one = waiting.all[i].used ? NULL : &waiting.all[i];
    }
    if (free_one) {
        free_one->used = true;
        free_one->woken = false;
        (void)snprintf(free_one->opening, ID_SIZE, "%s", opening_id);
    }
    pthread_mutex_unlock(&waiting.lock);
    return free_one;
}

void waiting_leave(struct waiter *waiter)
{
    if (!waiter) {
        return;
    }
    pthread_mutex_lock(&waiting.lock);
    waiter->used = false;
    pthread_mutex_unlock(&waiting.lock);
}

bool waiting_rest(struct waiter *waiter, int64_t deadline)
{
    int64_t left = deadline - clock_ms();
    int64_t rest = left < 0 ? 0 : left < LOOK_MS ? left : LOOK_MS;
    struct timespec until;
    int error = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += rest / 1000;
    until.tv_nsec += (long)(rest % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&waiting.lock);
    while (!waiter->woken && !waiting.closing && error == 0) {
        error = pthread_cond_timedwait(&waiter->changed, &waiting.lock, &until);
    }
    waiter->woken = false;
    bool go_on = !waiting.closing;
    pthread_mutex_unlock(&waiting.lock);
    return go_on;
}
