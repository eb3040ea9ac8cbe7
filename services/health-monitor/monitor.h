/* The health monitor's stage: its table of moves (moves.c) and what it hears (goals.c). */
#pragma once

#include "runner/move.h"

enum { MONITOR_GOALS = 6 };

extern const struct goal_rule monitor_goals[MONITOR_GOALS];
extern const struct stage monitor_stage;

/* The actions; see the table at the end of moves.c. */
struct err monitor_await_ready(struct job *job) MUST_CHECK;
struct err monitor_watch(struct job *job) MUST_CHECK;
struct err monitor_await_recovery(struct job *job) MUST_CHECK;
