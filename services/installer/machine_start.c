/* Bringing the script and what it needs to know to a machine, and starting it there. */
#include "machine.h"

#include <string.h>

#include "base/buf.h"
#include "base/scope.h"
#include "machine_ssh.h"
#include "settings.h"

enum {
    UPLOAD_MS = 20000,
    START_MS = 45000, /* the script itself waits for another start that is under way */
    VALUES_CEILING = 16 * 1024,
};

struct value {
    const char *name, *value;
};

/* The values as NAME='value' lines for the script, and after them what the operator adds to all. */
static struct err write_values(const struct value *values, size_t n, struct arena *arena,
                               struct buf *ret)
{
    for (size_t i = 0; i < n; i++) {
        if (strpbrk(values[i].value, "\r\n")) {
            return permanent("%s must be one line", values[i].name);
        }
        (void)buf_printf(ret, "%s=%s\n", values[i].name, ssh_quote(arena, values[i].value));
    }
    (void)buf_printf(ret, "%s", conf.values);
    return ret->failed ? permanent("the values for the setup are too long") : OK;
}

/* One way of starting the script. */
struct start {
    const char *what, *verb, *file; /* for the error; its argument; where it looks for the values */
    const struct value *values;
    size_t n;
    const struct secrets *secrets;
    const char *certificates;
    size_t certificates_len; /* 0: none */
};

/* Uploads the script and what it needs, and starts it. */
static struct err start_script(const struct machine *machine, const struct start *start,
                               struct arena *arena)
{
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;
    SCOPED(buf_release) struct buf text;
    const char *dir = machine_folder(arena);
    const char *pin;

    buf_init(&text, VALUES_CEILING);
    TRY(write_values(start->values, start->n, arena, &text));
    TRY(open_machine(machine, OPEN_MS, arena, &ssh, &pin));
    const char *make = arena_printf(arena, "mkdir -p -m 700 %s", dir);
    TRY(must_run(ssh, "making a folder", make, COMMAND_MS, start->secrets, arena));
    TRY(ssh_put(ssh, arena_printf(arena, "%s/setup.sh", dir), 0700, conf.script, conf.script_len,
                UPLOAD_MS, arena));
    TRY(ssh_put(ssh, arena_printf(arena, "%s/%s", dir, start->file), 0600, text.at, text.len,
                COMMAND_MS, arena));
    if (start->certificates_len > 0) {
        TRY(ssh_put(ssh, arena_printf(arena, "%s/certificates.tgz", dir), 0600, start->certificates,
                    start->certificates_len, COMMAND_MS, arena));
    }
    if (machine->job && !job_may_take(machine->job, START_MS)) {
        return transient("%s: the machine is too slow for it to be begun", start->what);
    }
    const char *run = arena_printf(arena, "sudo -n /bin/bash %s/setup.sh %s", dir, start->verb);
    return must_run(ssh, start->what, run, START_MS, start->secrets, arena);
}

struct err machine_start_setup(const struct machine *machine, const struct machine_setup *setup,
                               struct arena *arena)
{
    struct secrets secrets = {0};
    const struct value values[] = {
        {"OPENROUTER_API_KEY", setup->openrouter_key},
        {"GATEWAY_TOKEN",      setup->gateway_token },
        {"VPS_IP",             machine->ip          },
        {"VPS_HOSTNAME",       setup->host_name     },
        {"OPENCLAW_VERSION",   conf.openclaw_version},
        {"OPENCLAW_MODEL",     conf.openclaw_model  },
        {"DASHBOARD_ORIGIN",   conf.dashboard_origin},
        {"SKILLS",             conf.setup_skills    },
        {"RUN_ID",             setup->run_id        },
    };
    const struct start start = {.what = "starting the setup",
                                .verb = "start",
                                .file = "setup.env",
                                .values = values,
                                .n = sizeof values / sizeof values[0],
                                .secrets = &secrets,
                                .certificates = setup->certificates,
                                .certificates_len = setup->certificates_len};

    secrets_add(&secrets, setup->openrouter_key);
    secrets_add(&secrets, setup->gateway_token);
    return start_script(machine, &start, arena);
}

struct err machine_start_upgrade(const struct machine *machine,
                                 const struct machine_upgrade *upgrade, struct arena *arena)
{
    static const struct secrets none;
    const struct value values[] = {
        {"OPENCLAW_VERSION", upgrade->version},
        {"RUN_ID",           upgrade->run_id },
    };
    const struct start start = {.what = "starting the upgrade",
                                .verb = "upgrade",
                                .file = "upgrade.env",
                                .values = values,
                                .n = sizeof values / sizeof values[0],
                                .secrets = &none};

    return start_script(machine, &start, arena);
}
