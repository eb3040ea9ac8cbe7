/* The parts of `clawctl replay`. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

/* What a plan of replay_plan() (migrations/0009_replay.sql) keeps and what it runs again, for a person who is to decide. */
void replay_print(const char *id, const json_t *plan);
