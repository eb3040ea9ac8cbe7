/*
 * The whole deployment's deadline: who is not READY in time is told so, and what is still awaited. Only the
 * status changes: the workers' rows go on, so a retry goes on from where they are by then.
 */
#pragma once

#include "base/arena.h"
#include "service/service.h"

/* Starts the thread that looks every few seconds. Any number of gateways may look at once. */
struct err deadline_start(const struct service_context *context) MUST_CHECK;
/* While the relay is still there: a look may be under way, which ends within a statement's deadline. */
void deadline_stop(void);

/*
 * Whose stage is awaited: by the status, and by the newest event a stage ended with ("" for none), for the
 * stage after it may never have heard of that.
 */
const char *deadline_piece(const char *status, const char *stage_event);

/* What people read. `message` is what they read until now; NULL or too long: words for the piece instead. */
const char *deadline_text(struct arena *arena, int limit_s, const char *piece, const char *message);
