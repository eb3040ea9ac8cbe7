/* key-provisioner: gives every deployment its own OpenRouter key with a cap, and revokes it. */
#include "moves.h"
#include "service/service.h"
#include "settings.h"
#include "sweep.h"

int main(int argc, char **argv)
{
    static const struct service service = {
        .name = "key-provisioner",
        .why = "Gives every deployment its own OpenRouter key with a cap, and revokes it.",
        .db_schema = "llm_key",
        .seals = true,
        .stage = &llm_key_stage,
        .settings = key_settings_table,
        .sweep = keys_sweep,
        .n_settings = KEY_SETTINGS,
        .prepare = key_settings_check,
    };

    return service_run(&service, argc, argv);
}
