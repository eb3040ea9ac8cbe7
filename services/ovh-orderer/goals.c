/* A server begins when the deployment's key exists, goes on with a retry, and ends with the deployment. */
#include "goals.h"

#include "events.h"

const struct goal_rule server_goals[SERVER_GOALS] = {
    {.hears = &key_issued,                   .effect = EFFECT_START},
    {.hears = &deployment_retry_requested,   .effect = EFFECT_RETRY},
    {.hears = &deployment_destroy_requested, .effect = EFFECT_DOWN },
};
