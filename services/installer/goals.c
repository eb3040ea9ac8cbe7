/* What each event heard means for the installation of its deployment. */
#include <jansson.h>

#include "events.h"
#include "installer.h"

static void remember_server(const void *event, json_t *notes)
{
    const struct server_ready *server = event;

    (void)json_object_set_new(notes, "ip", json_string(server->ip));
    (void)json_object_set_new(notes, "service_name", json_string(server->service_name));
}

const struct goal_rule installer_goals[INSTALLER_GOALS] = {
    {.hears = &server_ready, .effect = EFFECT_START, .remember = remember_server},
    {.hears = &deployment_retry_requested,                      .effect = EFFECT_RETRY        },
    {.hears = &deployment_restart_requested,
     .effect = EFFECT_STEP,
     .from = "installed",
     .to = "restarting"},
    {.hears = &deployment_destroy_requested,    .effect = EFFECT_DOWN                            },
};
