/* A key begins with the click, goes on with a retry, and ends with the deployment. */
#include "goals.h"

#include "events.h"

const struct goal_rule key_goals[KEY_GOALS] = {
    {.hears = &deployment_requested,       .effect = EFFECT_START},
    {.hears = &deployment_retry_requested, .effect = EFFECT_RETRY, .starts = true},
    {.hears = &deployment_destroy_requested,                                    .effect = EFFECT_DOWN                    },
};
