/* The gateway's own settings, read once at start. */
#pragma once

#include "base/err.h"
#include "base/settings.h"

struct gateway_settings {
    const char *pages_dir, *openapi_file, *openclaw_version;
    int machine_https_port, session_days, cookie_secure, deploys_per_hour, sign_in_attempts,
        deployment_limit_s;
};

extern struct gateway_settings conf;
extern const struct setting gateway_settings[];
extern const int gateway_settings_n;

/* What the table cannot say: ranges. */
struct err settings_check(void) MUST_CHECK;
