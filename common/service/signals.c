/* One thread waits for the signal, says so, and from then on is the watchdog. */
#include "service/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    sigset_t ends;
    int within_ms;
    int64_t stop_by_ms; /* 0: nobody said so yet */
} told = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct timespec after_ms(int ms)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

static void *watch(void *unused)
{
    int which;

    (void)unused;
    while (sigwait(&told.ends, &which) != 0) {
    }
    struct timespec until = after_ms(told.within_ms);
    (void)pthread_mutex_lock(&told.lock);
    told.stop_by_ms = clock_ms() + told.within_ms;
    (void)pthread_cond_broadcast(&told.changed);
    (void)pthread_mutex_unlock(&told.lock);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
    (void)alarm(1); /* a log that nobody reads must not hold the end back */
    log_warn("not everything ended in time; what was under way is taken up by the next process");
    _exit(0);
}

struct err signals_watch(int within_ms)
{
    pthread_condattr_t attr;
    pthread_t thread;

    told.within_ms = within_ms;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&told.changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    (void)sigemptyset(&told.ends);
    (void)sigaddset(&told.ends, SIGTERM);
    (void)sigaddset(&told.ends, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &told.ends, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (pthread_create(&thread, NULL, watch, NULL) != 0 || pthread_detach(thread) != 0) {
        return permanent("cannot start the thread that waits for signals");
    }
    return OK;
}

bool told_to_stop(int within_ms)
{
    struct timespec until = after_ms(within_ms);
    int waited = 0;

    (void)pthread_mutex_lock(&told.lock);
    while (told.stop_by_ms == 0 && waited != ETIMEDOUT) {
        waited = pthread_cond_timedwait(&told.changed, &told.lock, &until);
    }
    bool yes = told.stop_by_ms != 0;
    (void)pthread_mutex_unlock(&told.lock);
    return yes;
}

int stop_left_ms(void)
{
    (void)pthread_mutex_lock(&told.lock);
    int64_t left = told.stop_by_ms ? told.stop_by_ms - clock_ms() : told.within_ms;
    (void)pthread_mutex_unlock(&told.lock);
    return left > 0 ? (int)left : 0;
}
