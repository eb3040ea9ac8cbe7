/* What an operator can set about installing. */
#pragma once

#include <stddef.h>

#include "base/settings.h"

enum { INSTALLER_SETTINGS = 11, OPENERS_MOST = 64 };

struct installer_conf {
    const char *machine_user;
    int machine_ssh_port;
    const char *setup_script, *setup_values; /* paths */
    const char *openclaw_version, *openclaw_model, *dashboard_origin, *setup_skills;
    double setup_poll_s, connect_poll_s;
    int openers;
    /* The script itself and the lines added to its values, read at start. */
    const char *script, *values;
    size_t script_len;
};

extern struct installer_conf conf;
extern const struct setting installer_settings[INSTALLER_SETTINGS];

/* Checks the values and reads the script; ERR_PERMANENT with one line that names the setting. */
struct err installer_prepare(void) MUST_CHECK;
