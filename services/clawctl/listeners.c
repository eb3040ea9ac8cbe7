/* The table of who hears what. */
#include "listeners.h"

#include "../health-monitor/monitor.h"
#include "../installer/installer.h"
#include "../key-provisioner/goals.h"
#include "../ovh-orderer/goals.h"

/* clang-format off */
#define LISTENER(service_, room_, piece_, goals_, n_) \
    {service_, room_, piece_, {.piece = room_, .gone = "", .goals = goals_, .n_goals = n_}}

const struct listener listeners[LISTENERS] = {
    LISTENER("key-provisioner", "llm_key",      "key",          key_goals,       KEY_GOALS),
    LISTENER("ovh-orderer",     "server",       "server",       server_goals,    SERVER_GOALS),
    LISTENER("installer",       "installation", "installation", installer_goals, INSTALLER_GOALS),
    LISTENER("health-monitor",  "watch",        "watch",        monitor_goals,   MONITOR_GOALS),
};
/* clang-format on */
