/* What each event heard means for the installation of its deployment. */
#include <jansson.h>

#include "events.h"
#include "installer.h"

/* A fresh system has a host key and a log of its own, and runs of its own. */
#define FRESH_SYSTEM_FORGETS                                                                       \
    "host_key offset run_id step sentence interruptions key_runs change upgrade_to "               \
    "upgrade_begun upgrade_told"

static void remember_server(const void *event, json_t *notes)
{
    const struct server_ready *server = event;

    (void)json_object_set_new(notes, "ip", json_string(server->ip));
    (void)json_object_set_new(notes, "service_name", json_string(server->service_name));
    remember_anew(notes, server->anew);
}

static void remember_decision(const void *event, json_t *notes)
{
    remember_anew(notes, ((const struct deployment_reinstall_requested *)event)->generation);
}

static void remember_restart(const void *event, json_t *notes)
{
    (void)event;
    (void)json_object_set_new(notes, "change", json_string("restart"));
}

static void remember_upgrade(const void *event, json_t *notes)
{
    const struct deployment_upgrade_requested *wanted = event;

    (void)json_object_set_new(notes, "change", json_string("upgrade"));
    (void)json_object_set_new(notes, "upgrade_to", json_string(wanted->version));
    (void)json_object_set_new(notes, "upgrade_begun", json_integer(0));
    (void)json_object_set_new(notes, "upgrade_away", json_integer(0));
    (void)json_object_set_new(notes, "upgrade_looked", json_integer(0));
}

const struct goal_rule installer_goals[INSTALLER_GOALS] = {
    {.hears = &server_ready,
     .effect = EFFECT_START,
     .to = "new",
     .waits = "left",
     .forgets = FRESH_SYSTEM_FORGETS,
     .remember = remember_server},
    {.hears = &deployment_reinstall_requested,
     .effect = EFFECT_LEAVE,
     .to = "leaving",
     .remember = remember_decision},
    {.hears = &deployment_retry_requested,                                      .effect = EFFECT_RETRY                                                       },
    {.hears = &deployment_restart_requested,
     .effect = EFFECT_STEP,
     .from = "installed",
     .to = "restarting",
     .remember = remember_restart},
    {.hears = &deployment_upgrade_requested,
     .effect = EFFECT_STEP,
     .from = "installed",
     .to = "upgrading",
     .remember = remember_upgrade},
    {.hears = &deployment_destroy_requested, .effect = EFFECT_DOWN                                                                            },
};
