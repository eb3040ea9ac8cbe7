/* Looking at what runs on the machine, a setup or an upgrade, and showing its log to the user. */
#pragma once

#include <stdbool.h>

#include "answer.h"
#include "runner/move.h"

/*
 * Where the run is. New lines of its log go to the user, the sentence of its step too (notes "step", "sentence"). OK: all
 * of it was read. NOT_YET: there is more to read. The next look is soon while the run is young. Reads only; lines and
 * the offset behind them settle together, so a crash neither loses nor repeats a line.
 */
struct err installer_look(struct job *job, struct setup_answer *ret) MUST_CHECK;

/* Is it the run that the note "run_id" names? What cannot be known counts as that. */
bool installer_is_ours(const struct job *job, const struct setup_answer *answer);
