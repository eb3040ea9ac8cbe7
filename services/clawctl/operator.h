/* What subcommands that change things share: who does it, Ctrl-C, waiting for what was said, hostile text on a terminal. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "db/db.h"

/* Who runs this, for done_by and the audit: the login name, at most 60 bytes. */
const char *operator_name(void);

/* From now on Ctrl-C (SIGINT, SIGTERM) only asks: what was begun is finished, then operator_stopped() is true. */
void operator_heed_signals(void);
bool operator_stopped(void);

/* Sleeps; a signal ends it at once. */
void operator_pause(double seconds);

/*
 * Waits until no row of the room's outbox up to `last_id` is left: all of it is in Kafka. ERR_TRANSIENT after
 * `deadline_s`: nobody has taken it over yet; the rows stay, so nothing is lost.
 */
struct err operator_await_said(struct db *db, const char *room, int64_t last_id,
                               double deadline_s) MUST_CHECK;

/*
 * The text with everything that could move a cursor, hide, or turn the direction of writing spelled out
 * ("\u{1b}"). Line ends are spelled out as well, unless `lines`: then each new line begins with two blanks.
 */
const char *visible(struct arena *arena, const char *text, bool lines);
