/*
 * The runner: claims due rows, lets workers act, settles.
 *
 * Threads: one keeper (the only one with a connection: claims and settles in batches) and WORKERS workers
 * (the only ones that talk to the world). The timer is the lease: claiming pushes due_at forward by the
 * move's lease, so the row of a dead worker comes due again. Settling is fenced by the claim counter.
 */
#pragma once

#include "bus/relay.h"
#include "runner/move.h"

struct runner;

struct runner_settings {
    const struct stage *stage;
    const char *service, *database_url, *schema, *owner;
    const struct seal *seal;
    struct bus_relay *relay;
    int workers;
};

struct err runner_start(const struct runner_settings *settings, struct runner **ret) MUST_CHECK;
/* Held, it claims nothing; what is under way is settled. So it starts, and so it is after the database was away,
 * which may be another one now: see bus/epoch.h. Any thread. */
void runner_hold(struct runner *runner, bool held);
bool runner_held(const struct runner *runner);
void runner_wake(struct runner *runner);        /* any thread: rows may be due */
bool runner_ready(const struct runner *runner); /* the database answered within 10 s */
/* Claims nothing more, waits at most `deadline_ms` for actions under way, settles, ends. False: some were
 * still running and their threads are left behind, so the process should end with _exit. NULL is fine. */
bool runner_stop(struct runner *runner, int deadline_ms);
