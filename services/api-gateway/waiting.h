/*
 * The requests that wait for an answer in table `openings`. Each holds one of the web server's threads, so their number is
 * limited; a thread with a connection of its own hears from PostgreSQL that an answer is there, and wakes the one it is for.
 */
#pragma once

#include "base/err.h"
#include "base/ids.h"
#include "service/service.h"

struct waiter;

/* Starts the listening thread. `most` may wait at a time. */
struct err waiting_open(const struct service_context *context, int most) MUST_CHECK;

/* Ends all waiting and lets nobody begin. */
void waiting_close(void);
/* When no request is under way any more. */
void waiting_release(void);

/* A place to wait for the answer to that opening. NULL: all are taken, or the service stops. */
struct waiter *waiting_enter(const char *opening_id);
void waiting_leave(struct waiter *waiter); /* NULL is fine */

/* Until woken, for a second, or until `deadline` (clock_ms). False when the service stops. */
bool waiting_rest(struct waiter *waiter, int64_t deadline);
