/* What the ovh-orderer hears, and what it means to a server. */
#pragma once

#include "runner/move.h"

enum { SERVER_GOALS = 3 };

extern const struct goal_rule server_goals[SERVER_GOALS];
