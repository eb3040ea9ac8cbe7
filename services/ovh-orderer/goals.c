/* A server begins when the deployment's key exists, goes on with a retry, and ends with the deployment. */
#include "goals.h"

#include "events.h"

/*
 * A machine that was delivered is rebuilt for a decision to install anew; one that still has to come just comes. The note
 * "task" stays: the new rebuild is newer than that one, whatever OVH's list shows.
 */
static void remember_decision(const void *event, json_t *notes)
{
    remember_anew(notes, ((const struct key_issued *)event)->anew);
}

const struct goal_rule server_goals[SERVER_GOALS] = {
    {.hears = &key_issued,
     .effect = EFFECT_START,
     .from = "delivered prepared rebuilding rebuilt ready",
     .to = "delivered",
     .forgets = "public_key rebuild_failures", /* nobody enters with a key of before */
     .remember = remember_decision},
    {.hears = &deployment_retry_requested,    .effect = EFFECT_RETRY},
    {.hears = &deployment_destroy_requested,                    .effect = EFFECT_DOWN  },
};
