/* Claiming: the two queries that take due rows for idle workers, and a row of theirs as a task. */
#pragma once

#include "db/db.h"
#include "runner/task.h"

/* Adds two queries to the batch: the claimed rows, and when the next one comes due. */
enum { CLAIM_RESULTS = 2 };
struct err claim_ask(struct db *db, const struct runner *runner, int idle) MUST_CHECK;

struct task *claim_task(const struct rows *claimed, int i); /* owned by the caller */

/* From the second result: in how many milliseconds to look again, at most `most`. */
int claim_next_in_ms(const struct rows *next, int most);

/* From the second result: rows that are due wait for the budget. */
bool claim_queue(const struct rows *next);
