/*
 * Requests for a key whose outcome is unknown: any of them may still be carried out, as long as KEY_UNKNOWN_WAIT_S after it
 * was given up. A key that turns up under the name accounts for one. While there are others, no key is issued and none is
 * taken for the last.
 */
#pragma once

#include "runner/move.h"

/* One more, just now. */
void unknown_note(struct job *job);

/* So many turned up, and were deleted. */
void unknown_seen(struct job *job, size_t n);

/* Seconds for which one more may turn up; 0: none will. */
double unknown_wait_s(const struct job *job);

/* Nothing is owed to them any more. */
void unknown_forget(struct job *job);
