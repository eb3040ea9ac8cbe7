/* What each step usually calls at OVH, and which goes first when OVH bears no more. */
#include "budget.h"

#include <string.h>

#include "ovh.h"

/* clang-format off */
static const struct budget_cost costs[] = {
    /* state         goal       rank        calls  queues */
    {"new",          GOAL_UP,   RANK_PERSON,  9,   true },
    {"carted",       GOAL_UP,   RANK_PERSON,  2,   true },
    {"unsure",       GOAL_UP,   RANK_PERSON,  8,   false},
    {"ordered",      GOAL_UP,   RANK_MONEY,   4,   false},
    {"refused",      GOAL_UP,   RANK_PERSON,  0,   false},
    {"cancelled",    GOAL_UP,   RANK_PERSON,  1,   false},
    {"paid",         GOAL_UP,   RANK_POLL,    2,   false},
    {"late",         GOAL_UP,   RANK_POLL,    2,   false},
    {"held",         GOAL_UP,   RANK_POLL,    1,   false},
    {"unwanted",     GOAL_UP,   RANK_MONEY,   3,   false},
    {"delivered",    GOAL_UP,   RANK_PERSON,  3,   false},
    {"prepared",     GOAL_UP,   RANK_PERSON,  2,   false},
    {"rebuilding",   GOAL_UP,   RANK_POLL,    1,   false},
    {"rebuilt",      GOAL_UP,   RANK_PERSON,  1,   false},

    {"new",          GOAL_DOWN, RANK_PERSON,  3,   false},
    {"carted",       GOAL_DOWN, RANK_PERSON,  3,   false},
    {"unsure",       GOAL_DOWN, RANK_PERSON,  3,   false},
    {"refused",      GOAL_DOWN, RANK_MONEY,   1,   false},
    {"cancelled",    GOAL_DOWN, RANK_MONEY,   1,   false},
    {"ordered",      GOAL_DOWN, RANK_MONEY,   1,   false},
    {"paid",         GOAL_DOWN, RANK_POLL,    2,   false},
    {"late",         GOAL_DOWN, RANK_POLL,    2,   false},
    {"held",         GOAL_DOWN, RANK_MONEY,   3,   false},
    {"unwanted",     GOAL_DOWN, RANK_MONEY,   3,   false},
    {"delivered",    GOAL_DOWN, RANK_MONEY,   3,   false},
    {"prepared",     GOAL_DOWN, RANK_MONEY,   3,   false},
    {"rebuilding",   GOAL_DOWN, RANK_MONEY,   4,   false},
    {"rebuilt",      GOAL_DOWN, RANK_MONEY,   4,   false},
    {"ready",        GOAL_DOWN, RANK_MONEY,   4,   false},
    {"wiping",       GOAL_DOWN, RANK_PERSON,  2,   false},
};
/* clang-format on */

struct budget server_budget = {
    .costs = costs,
    .n_costs = sizeof costs / sizeof costs[0],
    .line = "Waiting for OVH: ",
};

const char *orderer_consumer_key(const struct orderer_settings *settings, int lane,
                                 struct arena *arena)
{
    const char *list = settings->consumer_key, *key = "", *one;

    for (int i = 0; i <= lane && (one = ovh_next(&list, arena)); i++) {
        key = one;
    }
    return key;
}

/* No window sees more than OVH_RATE: what may come at once is taken off what comes steadily. */
struct err orderer_budget_check(void)
{
    const struct orderer_settings *s = &orderer_settings;
    double burst = s->burst < s->rate / 2.0 ? s->burst : s->rate / 2.0;
    int keys = 0;

    for (const char *c = s->consumer_key; *c; c++) {
        keys += *c != ',' && (c == s->consumer_key || c[-1] == ',');
    }
    if (keys == 0 || keys > BUDGET_LANES_MAX) {
        return permanent("OVH_CONSUMER_KEY must hold 1 to %d keys", BUDGET_LANES_MAX);
    }
    server_budget.lanes = s->rate > 0 ? keys : 0;
    server_budget.burst = burst < 1 ? 1 : burst;
    server_budget.window_s = s->window_s < 1 ? 1 : s->window_s;
    server_budget.pace =
        (s->rate > 1 ? s->rate - server_budget.burst : 0.5) * 60 / server_budget.window_s;
    server_budget.patience_s = 6 * s->delivery_poll_s;
    return OK;
}
