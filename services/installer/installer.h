/* The installer's stage: its table of moves (moves.c) and what it hears (goals.c). */
#pragma once

#include "runner/move.h"

enum { INSTALLER_GOALS = 6, LEAVE_TRIES = 2, RESTART_TRIES = 4 };

extern const struct goal_rule installer_goals[INSTALLER_GOALS];
extern const struct stage installer_stage;

/* The actions, each one step; see the table at the end of moves.c. */
struct err installer_reach(struct job *job) MUST_CHECK;
struct err installer_start_setup(struct job *job) MUST_CHECK;
struct err installer_follow_setup(struct job *job) MUST_CHECK;
struct err installer_read_result(struct job *job) MUST_CHECK;
struct err installer_leave(struct job *job) MUST_CHECK; /* leaving.c */
struct err installer_restart(struct job *job) MUST_CHECK;
struct err installer_await_restart(struct job *job) MUST_CHECK;
struct err installer_upgrade(struct job *job) MUST_CHECK;
struct err installer_follow_upgrade(struct job *job) MUST_CHECK;
struct err installer_forget(struct job *job) MUST_CHECK;
