/*
 * A key begins with the click, goes on with a retry, and ends with the deployment. Before its machine is installed anew
 * another one takes its place: only then, when nothing of the old installation is at work any more that could take the
 * new key for the old one and forget it.
 */
#include "goals.h"

#include "events.h"

static void remember_decision(const void *event, json_t *notes)
{
    remember_anew(notes, ((const struct instance_vacated *)event)->anew);
}

const struct goal_rule key_goals[KEY_GOALS] = {
    {.hears = &deployment_requested,       .effect = EFFECT_START                    },
    {.hears = &instance_vacated,
     .effect = EFFECT_START,
     .from = "named renewing issued",
     .to = "renewing",
     .remember = remember_decision},
    {.hears = &deployment_retry_requested,                     .effect = EFFECT_RETRY,                                                    .starts = true},
    {.hears = &deployment_destroy_requested, .effect = EFFECT_DOWN},
};
