/*
 * The installer's settings. They end up in a file that a root shell reads on the machine, so their
 * form is checked here although they are quoted there.
 */
#include "settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCRIPT_CEILING = 512 * 1024, MORE_CEILING = 12 * 1024, VALUE_MAX = 200, POLL_MAX_S = 60 };

struct installer_conf conf;

/* clang-format off */
const struct setting installer_settings[INSTALLER_SETTINGS] = {
    {"MACHINE_USER",     SETTING_TEXT,    &conf.machine_user,     "debian",              "login user of a fresh machine, with sudo"},
    {"MACHINE_SSH_PORT", SETTING_INT,     &conf.machine_ssh_port, "22",                  "where machines listen for SSH"},
    {"SETUP_SCRIPT",     SETTING_TEXT,    &conf.setup_script,     "build/setup.sh", "the script that sets a machine up"},
    {"SETUP_VALUES",     SETTING_TEXT,    &conf.setup_values,     "",                    "file with more values for it: mirrors, pins, an ACME directory; its table names them"},
    {"OPENCLAW_VERSION", SETTING_TEXT,    &conf.openclaw_version, "",                    "version of OpenClaw to install; empty: the one the script pins"},
    {"OPENCLAW_MODEL",   SETTING_TEXT,    &conf.openclaw_model,   "openrouter/google/gemini-3-flash-preview", "model it talks to at first"},
    {"DASHBOARD_ORIGIN", SETTING_TEXT,    &conf.dashboard_origin, NULL,                  "origin of the dashboard, which may frame OpenClaw; several separated by blanks"},
    {"SETUP_SKILLS",     SETTING_TEXT,    &conf.setup_skills,     "agentwallet",         "skills to install, separated by blanks; may be empty"},
    {"SETUP_POLL_S",     SETTING_SECONDS, &conf.setup_poll_s,     "1",                   "how often a running setup is looked at"},
    {"CONNECT_POLL_S",   SETTING_SECONDS, &conf.connect_poll_s,   "3",                   "how often a machine that boots is tried"},
    {"OPENERS",          SETTING_INT,     &conf.openers,          "8",                   "links into OpenClaw that are made at once, beside all else"},
};
/* clang-format on */

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* Letters, digits and `more`, nothing else. */
static struct err check_text(const char *name, const char *value, const char *more,
                             bool may_be_empty)
{
    size_t len = strlen(value);

    if (len == 0 && !may_be_empty) {
        return permanent("%s must not be empty", name);
    }
    if (len > VALUE_MAX) {
        return permanent("%s is longer than %d characters", name, VALUE_MAX);
    }
    for (const char *c = value; *c; c++) {
        if (!strchr(letters, *c) && !strchr(more, *c)) {
            return permanent("%s must not hold '%c'", name, *c > ' ' && *c < 0x7f ? *c : '?');
        }
    }
    return OK;
}

static struct err check_seconds(const char *name, double seconds)
{
    if (seconds <= 0 || seconds > POLL_MAX_S) {
        return permanent("%s must be more than 0 and at most %d", name, POLL_MAX_S);
    }
    return OK;
}

/* All of a file into `at`, which ends up terminated. */
static struct err read_file(const char *name, const char *path, char *at, size_t size, size_t *ret)
{
    FILE *file = fopen(path, "r");

    if (!file) {
        return permanent("%s: cannot open '%.150s'", name, path);
    }
    *ret = fread(at, 1, size, file);
    bool broke = ferror(file);
    (void)fclose(file);
    if (broke || *ret == size) {
        return permanent("%s: '%.150s' is %s", name, path, broke ? "not readable" : "too large");
    }
    at[*ret] = '\0';
    return OK;
}

static struct err read_script(void)
{
    static char script[SCRIPT_CEILING];

    TRY(read_file("SETUP_SCRIPT", conf.setup_script, script, sizeof script, &conf.script_len));
    if (conf.script_len < 2 || memcmp(script, "#!", 2) != 0) {
        return permanent("SETUP_SCRIPT: '%.150s' is no script", conf.setup_script);
    }
    conf.script = script;
    return OK;
}

/* The script itself checks what they say. */
static struct err read_values(void)
{
    static char values[MORE_CEILING];
    size_t len = 0;

    conf.values = values;
    if (!conf.setup_values[0]) {
        return OK;
    }
    TRY(read_file("SETUP_VALUES", conf.setup_values, values, sizeof values, &len));
    if (strlen(values) != len || (len > 0 && values[len - 1] != '\n')) {
        return permanent("SETUP_VALUES: '%.150s' has no lines of text", conf.setup_values);
    }
    return OK;
}

struct err installer_prepare(void)
{
    TRY(check_text("MACHINE_USER", conf.machine_user, "._-", false));
    TRY(check_text("OPENCLAW_VERSION", conf.openclaw_version, ".-", true));
    TRY(check_text("OPENCLAW_MODEL", conf.openclaw_model, "/._:-", false));
    TRY(check_text("SETUP_SKILLS", conf.setup_skills, " @/._-", true));
    TRY(check_text("DASHBOARD_ORIGIN", conf.dashboard_origin, ":/.- ", false));
    if (strncmp(conf.dashboard_origin, "http://", 7) != 0 &&
        strncmp(conf.dashboard_origin, "https://", 8) != 0) {
        return permanent("DASHBOARD_ORIGIN must begin with http:// or https://");
    }
    if (conf.machine_ssh_port < 1 || conf.machine_ssh_port > 65535) {
        return permanent("MACHINE_SSH_PORT must be from 1 to 65535");
    }
    if (conf.openers < 1 || conf.openers > OPENERS_MOST) {
        return permanent("OPENERS must be from 1 to %d", OPENERS_MOST);
    }
    TRY(check_seconds("SETUP_POLL_S", conf.setup_poll_s));
    TRY(check_seconds("CONNECT_POLL_S", conf.connect_poll_s));
    TRY(read_script());
    return read_values();
}
