/* The health monitor's settings. */
#include "settings.h"

#include <stdio.h>

enum { POLL_MAX_S = 3600 };

struct monitor_conf conf;

/* clang-format off */
const struct setting monitor_settings[MONITOR_SETTINGS] = {
    {"MACHINE_HTTPS_PORT", SETTING_INT,     &conf.machine_https_port, "443", "where machines answer HTTPS"},
    {"MACHINE_CA_FILE",    SETTING_TEXT,    &conf.machine_ca_file,    "",    "trust only the authorities in this file; empty: the system's"},
    {"DASHBOARD_ORIGIN",   SETTING_TEXT,    &conf.dashboard_origin,   NULL,  "origin of the dashboard, which must be able to frame OpenClaw; several separated by blanks"},
    {"PROBE_POLL_S",       SETTING_SECONDS, &conf.probe_poll_s,       "2",   "how often a new machine is probed until it is ready"},
    {"WATCH_POLL_S",       SETTING_SECONDS, &conf.watch_poll_s,       "60",  "how often a ready one is looked at"},
    {"RECHECK_S",          SETTING_SECONDS, &conf.recheck_s,          "5",   "how soon a failed or a first good look is checked again"},
};
/* clang-format on */

static struct err check_seconds(const char *name, double seconds)
{
    if (seconds <= 0 || seconds > POLL_MAX_S) {
        return permanent("%s must be more than 0 and at most %d", name, POLL_MAX_S);
    }
    return OK;
}

/* A missing file would otherwise look like a wrong certificate on every machine. */
static struct err check_ca_file(void)
{
    if (!conf.machine_ca_file[0]) {
        return OK;
    }
    FILE *file = fopen(conf.machine_ca_file, "r");
    if (!file) {
        return permanent("MACHINE_CA_FILE: cannot open '%.150s'", conf.machine_ca_file);
    }
    (void)fclose(file);
    return OK;
}

struct err monitor_prepare(void)
{
    struct err e = origins_read(conf.dashboard_origin, &conf.dashboards);
    if (failed(e)) {
        return err_in(e, "DASHBOARD_ORIGIN");
    }
    if (conf.machine_https_port < 1 || conf.machine_https_port > 65535) {
        return permanent("MACHINE_HTTPS_PORT must be from 1 to 65535");
    }
    TRY(check_seconds("PROBE_POLL_S", conf.probe_poll_s));
    TRY(check_seconds("WATCH_POLL_S", conf.watch_poll_s));
    TRY(check_seconds("RECHECK_S", conf.recheck_s));
    return check_ca_file();
}
