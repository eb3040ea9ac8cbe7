/* What the key-provisioner is told by its environment. */
#pragma once

#include "base/settings.h"

struct key_settings {
    const char *url;            /* OpenRouter's API, without a slash at the end */
    const char *management_key; /* "provisioning key" in older words            */
    double limit_usd;           /* what one deployment's key may spend          */
    double unknown_wait_s;      /* how long a request that was given up may still be carried out */
};

extern struct key_settings key_settings;
enum { KEY_SETTINGS = 4 };

extern const struct setting key_settings_table[KEY_SETTINGS];

/* What the table alone can not check. */
struct err key_settings_check(void) MUST_CHECK;
