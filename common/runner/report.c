/* The audit trail: one line and one count for every outcome that was settled or refused. */
#include "runner/report.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

static void log_outcome(const struct task *task, bool mine)
{
    int64_t now = clock_unix_us();
    enum log_level level = !mine || task->gave_up        ? LOG_ERROR
                           : task->e.kind == ERR_NONE    ? LOG_INFO
                           : task->e.kind == ERR_NOT_YET ? LOG_DEBUG
                                                         : LOG_WARN;
    log_deployment(task->id);
    const struct kv pairs[] = {
        KV("state", task->state),
        KV("then", (const char *)task->then),
        KV("goal", task->goal == GOAL_UP ? "up" : "down"),
        KV("outcome", mine ? err_kind_name(task->e.kind) : "fenced"),
        KV("why", (const char *)task->e.text),
        KV("tries", task->tries),
        KV("lag_us", (int64_t)(task->lag_s * 1e6)),
        KV("started_us", task->started_us),
        KV("ended_us", task->ended_us),
        KV("settled_us", now),
    };
    log_write(level, "move", pairs, (int)(sizeof pairs / sizeof pairs[0]));
    log_deployment(NULL);
    metric_time(&metrics.settle_seconds, now - task->ended_us);
}

static void count_outcome(const struct task *task, bool mine)
{
    if (!mine) {
        METRIC_ADD(settles_fenced, 1);
    } else if (task->gave_up) {
        METRIC_ADD(moves_failed, 1);
    } else if (task->e.kind == ERR_NONE) {
        METRIC_ADD(moves_done, 1);
    } else if (task->e.kind == ERR_NOT_YET) {
        METRIC_ADD(moves_not_yet, 1);
    } else {
        METRIC_ADD(moves_retried, 1);
    }
}

void report_outcome(const struct task *task, bool mine)
{
    log_outcome(task, mine);
    count_outcome(task, mine);
}
