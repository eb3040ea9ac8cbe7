/* What the key-provisioner hears, and what it means to a key. */
#pragma once

#include "runner/move.h"

enum { KEY_GOALS = 4 };

extern const struct goal_rule key_goals[KEY_GOALS];
