/* health-monitor: looks at each OpenClaw from outside, says when it is ready and when it is not. */
#include "monitor.h"
#include "service/service.h"
#include "settings.h"

int main(int argc, char **argv)
{
    return service_run(&(struct service){.name = "health-monitor",
                                         .why = "checks from outside that OpenClaw can be used",
                                         .db_schema = "watch",
                                         .stage = &monitor_stage,
                                         .settings = monitor_settings,
                                         .n_settings = MONITOR_SETTINGS,
                                         .prepare = monitor_prepare},
                       argc, argv);
}
