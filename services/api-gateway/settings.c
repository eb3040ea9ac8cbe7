/* The table of the gateway's settings, and the ranges they must stay in. */
#include "settings.h"

#include "version.h"

struct gateway_settings conf;

/* clang-format off */
const struct setting gateway_settings[] = {
    {"PAGES_DIR", SETTING_TEXT, &conf.pages_dir, "frontend/dist",
     "folder of the built dashboard, read once at start"},
    {"OPENAPI_FILE", SETTING_TEXT, &conf.openapi_file, "proto/openapi.yaml",
     "the API's description, served at /api/openapi.yaml; may be absent"},
    {"OPENCLAW_VERSION", SETTING_TEXT, &conf.openclaw_version, "2026.9.6",
     "version of OpenClaw that is offered as an upgrade; the one that the installer sets up"},
    {"MACHINE_HTTPS_PORT", SETTING_INT, &conf.machine_https_port, "443",
     "port on which the machines serve OpenClaw"},
    {"SESSION_DAYS", SETTING_INT, &conf.session_days, "30",
     "days without a visit after which a session ends"},
    {"COOKIE_SECURE", SETTING_INT, &conf.cookie_secure, "0",
     "1: browsers send the session cookie over HTTPS alone; set it wherever there is HTTPS"},
    {"DEPLOYS_PER_HOUR", SETTING_INT, &conf.deploys_per_hour, "20",
     "deployments one user may start within an hour"},
    {"SIGN_IN_ATTEMPTS", SETTING_INT, &conf.sign_in_attempts, "10",
     "failed sign-ins for one e-mail from one address within five minutes; five times that for one address"},
    {"DEPLOYMENT_LIMIT_S", SETTING_INT, &conf.deployment_limit_s, "1200",
     "seconds from a click (deploy, retry) after which a deployment that is not ready is told to be late"},
};
/* clang-format on */

const int gateway_settings_n = sizeof gateway_settings / sizeof gateway_settings[0];

static struct err within(const char *name, int value, int from, int to)
{
    if (value < from || value > to) {
        return permanent("%s must be from %d to %d, not %d", name, from, to, value);
    }
    return OK;
}

struct err settings_check(void)
{
    if (!version_valid(conf.openclaw_version)) {
        return permanent("OPENCLAW_VERSION must be like 2026.9.6, not '%.60s'",
                         conf.openclaw_version);
    }
    TRY(within("MACHINE_HTTPS_PORT", conf.machine_https_port, 1, 65535));
    TRY(within("SESSION_DAYS", conf.session_days, 1, 400));
    TRY(within("COOKIE_SECURE", conf.cookie_secure, 0, 1));
    TRY(within("DEPLOYS_PER_HOUR", conf.deploys_per_hour, 1, 100000));
    TRY(within("SIGN_IN_ATTEMPTS", conf.sign_in_attempts, 1, 100000));
    return within("DEPLOYMENT_LIMIT_S", conf.deployment_limit_s, 1, 30 * 24 * 3600);
}
