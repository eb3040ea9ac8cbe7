/* installer: takes a machine that answers SSH and makes OpenClaw run on it. */
#include "installer.h"
#include "openings.h"
#include "service/service.h"
#include "settings.h"

int main(int argc, char **argv)
{
    return service_run(&(struct service){.name = "installer",
                                         .why = "installs OpenClaw on a machine over SSH",
                                         .db_schema = "installation",
                                         .seals = true,
                                         .stage = &installer_stage,
                                         .settings = installer_settings,
                                         .n_settings = INSTALLER_SETTINGS,
                                         .prepare = installer_prepare,
                                         .start = openings_start,
                                         .stop = openings_stop},
                       argc, argv);
}
