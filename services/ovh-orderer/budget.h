/* What our calls may cost OVH: about 60 requests a minute for each consumer key, shared by all copies. */
#pragma once

#include "runner/budget.h"
#include "settings.h"

extern struct budget server_budget;

/* After the settings were read: the budget they allow; an error when they contradict themselves. */
struct err orderer_budget_check(void) MUST_CHECK;

/* The consumer key of that lane; the last one when there are fewer. */
const char *orderer_consumer_key(const struct orderer_settings *settings, int lane,
                                 struct arena *arena);
