/* ovh-orderer: buys every deployment its own server at OVH, makes it ready, and releases it. */
#include "moves.h"
#include "service/service.h"
#include "settings.h"
#include "sweep.h"

int main(int argc, char **argv)
{
    static const struct service service = {
        .name = "ovh-orderer",
        .why = "Buys every deployment its own server at OVH, makes it ready, and releases it.",
        .db_schema = "server",
        .seals = true,
        .stage = &server_stage,
        .settings = orderer_settings_table,
        .sweep = servers_sweep,
        .n_settings = ORDERER_SETTINGS,
        .prepare = orderer_settings_check,
    };

    return service_run(&service, argc, argv);
}
