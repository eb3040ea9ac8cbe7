/* A worker thread: takes a claimed row, runs its action, hands the outcome back. Knows no database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "runner/outcome.h"
#include "runner/task.h"

static double dice(unsigned *seed)
{
    return (double)rand_r(seed) / ((double)RAND_MAX + 1);
}

static void act(struct runner *r, struct task *task, struct arena *arena, struct http *http,
                unsigned *seed)
{
    const struct stage *stage = r->settings.stage;
    const struct move *move = move_find(stage, task->state, task->goal);
    json_auto_t *notes = json_loads(task->notes, 0, NULL);
    struct outcome outcome;
    struct job job;

    job_init(&job, arena);
    job.id = task->id;
    job.state = task->state;
    job.goal = task->goal;
    job.generation = task->generation;
    job.tries = task->tries;
    job.age_s = task->age_s;
    job.lag_s = task->lag_s;
    job.again = task->again;
    job.notes = notes;
    job.sealed = task->sealed;
    job.change = task->change;
    job.change_age_s = task->change_age_s;
    job.given_up = task->given_up;
    job.lease_ends_ms = move ? task->claimed_ms + (int64_t)move->lease_s * 1000 : 0;
    job.http = http;
    job.seal = r->settings.seal;
    job.world = stage->world;
    job.lane = task->lane;

    task->started_us = clock_unix_us();
    if (!move) { /* a row in a state this version does not know: say so, let a person look */
        static const struct move none = {.state = "", .then = "", .tries = 1};
        move = &none;
        task->e = permanent("this version knows no move from '%s'", task->state);
    } else {
        task->e = move->action ? move->action(&job) : OK;
    }
    task->ended_us = clock_unix_us();
    task->spent = job.spent;
    task->hushed = job.hushed;
    task->hush_s = job.hush_s;

    struct outcome_context context = {.stage = stage,
                                      .service = r->settings.service,
                                      .owner = r->settings.owner,
                                      .backoff_s = task->backoff_s,
                                      .dice = dice(seed)};
    outcome_of(&context, move, &job, task->e, &outcome);
    task->settle = outcome.settle;
    task->says = outcome.says;
    task->gave_up = outcome.gave_up;
    task->delay_s = outcome.delay_s;
    (void)snprintf(task->then, sizeof task->then, "%s", outcome.state);
    job_release(&job);
}

enum { REFUSED_TRIES = 5 };

/* What another row has already: the action learns of it from the note "refused_notes", and looks for something else. */
static void tell_taken(struct job *job, const struct task *task, struct err why)
{
    static const char unique_violation[] = "23505";
    json_auto_t *settle = json_loads(task->settle, 0, NULL);
    json_t *refused = json_object_get(settle, "notes");

    if (strcmp(why.sqlstate, unique_violation) == 0 && refused) {
        (void)json_object_set(job->patch, "refused_notes", refused);
    }
}

void worker_refused(const struct runner *r, struct task *task, struct err why)
{
    struct arena *arena = arena_new();
    const struct move move = {.state = task->state, .then = task->state, .tries = REFUSED_TRIES};
    struct outcome_context context = {.stage = r->settings.stage,
                                      .service = r->settings.service,
                                      .owner = r->settings.owner,
                                      .backoff_s = task->backoff_s};
    struct outcome outcome;
    struct job job;

    job_init(&job, arena);
    job.id = task->id;
    job.state = task->state;
    job.goal = task->goal;
    job.generation = task->generation;
    job.tries = task->tries;
    tell_taken(&job, task, why);
    task->e = transient("What came of this step could not be recorded (%.120s)", why.text);
    outcome_of(&context, &move, &job, task->e, &outcome);
    free(task->settle);
    task->settle = outcome.settle;
    task->says = outcome.says;
    task->gave_up = outcome.gave_up;
    task->delay_s = outcome.delay_s;
    task->refused = true;
    (void)snprintf(task->then, sizeof task->then, "%s", outcome.state);
    job_release(&job);
    arena_free(arena);
}

void *worker_main(void *runner)
{
    struct runner *r = runner;
    struct arena *arena = arena_new();
    struct http *http = http_new();
    unsigned seed = (unsigned)clock_unix_us() ^ (unsigned)(uintptr_t)arena;
    struct task *task;

    while ((task = queue_take(&r->todo))) {
        METRIC_ADD(workers_busy, 1);
        log_deployment(task->id);
        crash_point("runner.acting");
        act(r, task, arena, http, &seed);
        crash_point("runner.acted");
        log_deployment(NULL);
        arena_reset(arena);
        METRIC_ADD(workers_busy, -1);
        metric_time(&metrics.action_seconds, task->ended_us - task->started_us);
        queue_put(&r->done, task);
        runner_wake(r);
    }
    http_free(http);
    arena_free(arena);
    return NULL;
}
