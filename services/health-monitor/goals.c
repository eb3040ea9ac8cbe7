/* What each event heard means for the watch over its deployment. */
#include <jansson.h>

#include "events.h"
#include "monitor.h"

static void remember_address(const void *event, json_t *notes)
{
    const struct instance_installed *instance = event;

    (void)json_object_set_new(notes, "ip", json_string(instance->ip));
    remember_anew(notes, instance->anew);
}

static void remember_decision(const void *event, json_t *notes)
{
    remember_anew(notes, ((const struct deployment_reinstall_requested *)event)->generation);
}

const struct goal_rule monitor_goals[MONITOR_GOALS] = {
    {.hears = &instance_installed,
     .effect = EFFECT_START,
     .to = "new",
     .waits = "away",
     .forgets = "why bad_looks good_looks",
     .remember = remember_address},
    {.hears = &deployment_reinstall_requested,
     .effect = EFFECT_LEAVE,
     .to = "away",
     .remember = remember_decision},
    {.hears = &instance_restarted,                            .effect = EFFECT_NUDGE                                     },
    {.hears = &instance_upgraded,                 .effect = EFFECT_NUDGE                                                  },
    {.hears = &deployment_retry_requested, .effect = EFFECT_RETRY},
    {.hears = &deployment_destroy_requested,  .effect = EFFECT_DOWN            },
};
