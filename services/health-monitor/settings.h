/* What an operator can set about watching. */
#pragma once

#include "base/settings.h"
#include "origin.h"

enum { MONITOR_SETTINGS = 6 };

struct monitor_conf {
    int machine_https_port;
    const char *machine_ca_file; /* "" = the system's authorities */
    const char *dashboard_origin;
    struct origins dashboards; /* read from it */
    double probe_poll_s, watch_poll_s, recheck_s;
};

extern struct monitor_conf conf;
extern const struct setting monitor_settings[MONITOR_SETTINGS];

/* Checks the values; ERR_PERMANENT with one line that names the setting. */
struct err monitor_prepare(void) MUST_CHECK;
