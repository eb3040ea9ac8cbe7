/* A claimed row on its way: keeper -> worker -> keeper. Shared by the runner's files only. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/ids.h"
#include "runner/runner.h"

struct task {
    struct task *next;
    /* from the claim */
    char id[ID_SIZE];
    int64_t claim;
    enum goal goal;
    int generation, tries;
    int lane, reserved; /* of the budget */
    double age_s, backoff_s, lag_s;
    bool again;
    char *state, *notes, *sealed, *change;
    double change_age_s;
    bool given_up;
    int64_t claimed_ms; /* by clock_ms(), or a moment earlier */
    /* from the worker */
    char *settle; /* JSON for settle() */
    char then[64];
    bool says, gave_up, refused;
    bool hushed; /* the provider said 429, and */
    double hush_s;
    int spent;      /* calls */
    double delay_s; /* < 0: rests */
    struct err e;
    int64_t started_us, ended_us;
};

void task_free(struct task *task); /* wipes what may hold secrets */

/* First in, first out, under one lock. */
struct task_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct task *first, **last;
    int n;
    bool closed;
};

void queue_init(struct task_queue *q);
void queue_release(struct task_queue *q); /* frees what is still in it */
void queue_put(struct task_queue *q, struct task *task);
struct task *queue_take(struct task_queue *q);     /* waits; NULL when closed            */
struct task *queue_take_all(struct task_queue *q); /* at once; a chain by `next`, or NULL */
void queue_close(struct task_queue *q);

struct runner {
    struct runner_settings settings;
    char *leases, *costs; /* costs: NULL without a budget */
    struct task_queue todo, done;
    int wake_fd;
    pthread_t keeper;
    pthread_t *workers;
    int n_workers;    /* running */
    _Atomic int busy; /* tasks claimed and not yet done */
    _Atomic int64_t last_ok_ms;
    _Atomic bool stopping, abandoned, held;
    int64_t stop_by_ms;
};

void *worker_main(void *runner);

/* The database refused what came of it (one order cannot be two deployments'): a failed try instead. */
void worker_refused(const struct runner *r, struct task *task, struct err why);
void *keeper_main(void *runner);
