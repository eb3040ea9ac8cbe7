/* Starting, waking and ending the keeper and its workers. */
#include "runner/runner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "runner/budget.h"
#include "runner/stage.h"
#include "runner/task.h"

enum { WORKER_STACK = 256 * 1024, READY_WITHIN_MS = 10000 };

static struct err start_workers(struct runner *r)
{
    pthread_attr_t attr;
    struct err e = OK;

    (void)pthread_attr_init(&attr);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
    (void)pthread_attr_setstacksize(&attr, WORKER_STACK);
#endif
    while (r->n_workers < r->settings.workers && !failed(e)) {
        if (pthread_create(&r->workers[r->n_workers], &attr, worker_main, r) != 0) {
            e = permanent("cannot start %d worker threads", r->settings.workers);
        } else {
            r->n_workers++;
        }
    }
    (void)pthread_attr_destroy(&attr);
    return e;
}

/* Every worker is idle: ends them, and the runner with them. */
static void end_workers(struct runner *r)
{
    queue_close(&r->todo);
    for (int i = 0; i < r->n_workers; i++) {
        (void)pthread_join(r->workers[i], NULL);
    }
    queue_release(&r->todo);
    queue_release(&r->done);
    if (r->wake_fd >= 0) {
        (void)close(r->wake_fd);
    }
    free(r->leases);
    free(r->costs);
    free(r->workers);
    free(r);
}

struct err runner_start(const struct runner_settings *settings, struct runner **ret)
{
    struct runner *r = calloc(1, sizeof *r);

    if (!r || !(r->workers = calloc((size_t)settings->workers, sizeof *r->workers))) {
        abort();
    }
    r->settings = *settings;
    atomic_store(&r->held, true);
    r->leases = stage_leases(settings->stage);
    const struct budget *budget = budget_of(settings->stage);
    r->costs = budget ? budget_costs(budget) : NULL;
    queue_init(&r->todo);
    queue_init(&r->done);
    r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct err e = r->wake_fd < 0 ? permanent("cannot make an eventfd") : start_workers(r);
    if (!failed(e) && pthread_create(&r->keeper, NULL, keeper_main, r) != 0) {
        e = permanent("cannot start the keeper thread");
    }
    if (failed(e)) {
        end_workers(r);
        return e;
    }
    *ret = r;
    return OK;
}

void runner_hold(struct runner *r, bool held)
{
    atomic_store(&r->held, held);
    runner_wake(r);
}

bool runner_held(const struct runner *r)
{
    return atomic_load(&r->held);
}

void runner_wake(struct runner *r)
{
    const uint64_t one = 1;

    (void)!write(r->wake_fd, &one, sizeof one);
}

bool runner_ready(const struct runner *r)
{
    int64_t last = atomic_load(&r->last_ok_ms);

    return last > 0 && clock_ms() - last < READY_WITHIN_MS;
}

bool runner_stop(struct runner *r, int deadline_ms)
{
    if (!r) {
        return true;
    }
    r->stop_by_ms = clock_ms() + deadline_ms;
    atomic_store(&r->stopping, true);
    runner_wake(r);
    (void)pthread_join(r->keeper, NULL);
    queue_close(&r->todo);
    if (atomic_load(&r->busy) > 0) {
        log_warn("actions still under way at the end; their leases will run out",
                 KV("actions", atomic_load(&r->busy)));
        return false; /* their threads hold `r`: the process ends with them */
    }
    end_workers(r);
    return true;
}
