/*
 * Metrics of one process, declared in one list with their prose, printed as Prometheus text.
 *
 * Counters are atomics; gauges are set by their owner; a timer is a histogram with fixed buckets.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "buf.h"

/* clang-format off */
#define METRIC_COUNTERS(M)                                                             \
    M(moves_done,        "moves that reached their next state")                        \
    M(moves_not_yet,     "looks that found nothing to do yet")                         \
    M(moves_retried,     "moves that broke and will be tried again")                   \
    M(moves_failed,      "moves that gave up")                                         \
    M(settles_fenced,    "results dropped because another worker owned the row")       \
    M(inbox_applied,     "messages that changed a row")                                \
    M(inbox_ignored,     "messages already applied, older, or not for this service")   \
    M(inbox_dead,        "messages sent to dead-letters")                              \
    M(outbox_published,  "events delivered to Kafka")                                  \
    M(outbox_retried,    "events whose delivery failed and is tried again")            \
    M(db_reconnects,     "connections to PostgreSQL opened again after a failure")     \
    M(http_requests,     "HTTP requests answered")                                     \
    M(http_errors,       "HTTP requests answered with 5xx")                            \
    M(openings_made,     "links into OpenClaw made, and browsers approved")            \
    M(openings_by_token, "of these, links that need an approval")                      \
    M(openings_failed,   "links and approvals that could not be made")

#define METRIC_GAUGES(M)                                                               \
    M(workers_busy,      "worker threads inside an action")                            \
    M(streams_open,      "browsers listening to server-sent events")

#define METRIC_TIMERS(M)                                                               \
    M(action_seconds,    "time inside an action")                                      \
    M(due_lag_seconds,   "how late a due row was started")                             \
    M(settle_seconds,    "from the end of an action to its commit")                    \
    M(open_seconds,      "time inside making a link into OpenClaw, or trying to")
/* clang-format on */

enum { METRIC_BUCKETS = 14 };

struct metric_timer {
    atomic_int_fast64_t bucket[METRIC_BUCKETS + 1];
    atomic_int_fast64_t count, sum_us;
};

struct metrics {
#define MEMBER(name, help) atomic_int_fast64_t name;
    METRIC_COUNTERS(MEMBER)
    METRIC_GAUGES(MEMBER)
#undef MEMBER
#define MEMBER(name, help) struct metric_timer name;
    METRIC_TIMERS(MEMBER)
#undef MEMBER
};

extern struct metrics metrics;

#define METRIC_ADD(name, n)                                                                        \
    ((void)atomic_fetch_add_explicit(&metrics.name, (n), memory_order_relaxed))

void metric_time(struct metric_timer *timer, int64_t us);

/* All of them as Prometheus text, each named openclaw_<name>{service="…"}. */
void metrics_write(struct buf *out, const char *service);
