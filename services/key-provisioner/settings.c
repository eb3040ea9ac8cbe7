/* The settings of the key-provisioner: where OpenRouter is, with which key, and the cap of what we issue. */
#include "settings.h"

#include <string.h>

struct key_settings key_settings;

const struct setting key_settings_table[KEY_SETTINGS] = {
    {"OPENROUTER_PROVISIONING_KEY", SETTING_SECRET,  &key_settings.management_key, NULL,
     "management key of the OpenRouter account; issues and revokes the deployments' keys"},
    {"OPENROUTER_URL",              SETTING_TEXT,    &key_settings.url,            "https://openrouter.ai/api/v1",
     "where OpenRouter's API is"                                                         },
    {"KEY_LIMIT_USD",               SETTING_DOLLARS, &key_settings.limit_usd,      "10",
     "what one deployment's key may spend, in dollars"                                   },
    {"KEY_UNKNOWN_WAIT_S",          SETTING_SECONDS, &key_settings.unknown_wait_s, "60",
     "how long OpenRouter may still be making a key whose request got no answer"         },
};

struct err key_settings_check(void)
{
    const char *url = key_settings.url;

    if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0) {
        return permanent("OPENROUTER_URL must begin with http:// or https://, not '%.60s'", url);
    }
    if (url[strlen(url) - 1] == '/') {
        return permanent("OPENROUTER_URL must not end in '/'");
    }
    if (strpbrk(key_settings.management_key, "\r\n \t")) {
        return permanent("OPENROUTER_PROVISIONING_KEY must not contain white space");
    }
    if (key_settings.limit_usd > 100000) {
        return permanent("KEY_LIMIT_USD must not be more than 100000");
    }
    return OK;
}
