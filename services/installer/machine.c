/* Commands for a machine, and what their answers mean. */
#include "machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/scope.h"
#include "lines.h"
#include "machine_ssh.h"
#include "settings.h"

enum {
    MEET_MS = 8000, /* a machine that boots must not hold a worker for long */
    OPEN_MS = 15000,
    COMMAND_MS = 15000,
    UPLOAD_MS = 20000,
    START_MS = 45000, /* the script itself waits for another start that is under way */
    RESTART_MS = 85000,
    FOLLOW_LIMIT = 64 * 1024,
    ANSWER_LIMIT = 8 * 1024,
    VALUES_CEILING = 16 * 1024,
    CERTIFICATES_LIMIT = 128 * 1024,
};

/* The script's own folder on the machine. */
#define STATE "/var/lib/openclaw-setup"

/* OpenClaw's own word that it can be used, on its machine. */
#define READY_URL "http://127.0.0.1:18789/readyz"

/* Where the script is uploaded to, quoted nowhere: MACHINE_USER holds plain characters only. */
static const char *folder(struct arena *arena)
{
    if (strcmp(conf.machine_user, "root") == 0) {
        return "/root/openclaw-setup";
    }
    return arena_printf(arena, "/home/%s/openclaw-setup", conf.machine_user);
}

struct err open_machine(const struct machine *machine, int deadline_ms, struct arena *arena,
                        struct ssh **ret, const char **ret_pin)
{
    struct ssh_target target = {.address = machine->ip,
                                .port = conf.machine_ssh_port,
                                .user = conf.machine_user,
                                .private_key = machine->private_key,
                                .pin = machine->pin,
                                .deadline_ms = deadline_ms};

    return ssh_open(&target, arena, ret, ret_pin);
}

/*
 * A command whose status must be 0; `what` is for the error, which ends with the command's last line,
 * without `secrets`.
 */
static struct err must_run(struct ssh *ssh, const char *what, const char *command, int deadline_ms,
                           const struct secrets *secrets, struct arena *arena)
{
    struct ssh_result said;

    TRY(ssh_run(ssh, command, NULL, 0, deadline_ms, ANSWER_LIMIT, arena, &said));
    if (said.status == 0) {
        return OK;
    }
    size_t end = said.output_len;
    while (end > 0 && said.output[end - 1] == '\n') {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && said.output[begin - 1] != '\n') {
        begin--;
    }
    struct err e = transient("%s did not work (status %d): %.120s", what, said.status,
                             line_shown(said.output + begin, end - begin, secrets, arena));
    e.code = said.status;
    return e;
}

struct err machine_meet(const struct machine *machine, struct arena *arena, const char **ret_pin)
{
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;

    return open_machine(machine, MEET_MS, arena, &ssh, ret_pin);
}

/* In base64, so that nothing of it can be taken for the end of the answer. */
struct err machine_certificates(const struct machine *machine, struct arena *arena,
                                const char **ret, size_t *ret_len)
{
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;
    const char *pin;
    struct ssh_result said;
    unsigned char *archive = NULL;

    *ret = "";
    *ret_len = 0;
    TRY(open_machine(machine, MEET_MS, arena, &ssh, &pin));
    const char *command =
        arena_printf(arena, "sudo -n /bin/bash %s/setup.sh certificates 2>/dev/null | base64 -w 0",
                     folder(arena));
    TRY(ssh_run(ssh, command, NULL, 0, COMMAND_MS, CERTIFICATES_LIMIT, arena, &said));
    if (said.status != 0 || said.truncated) {
        return permanent("the machine's answer is of no use");
    }
    if (said.output_len == 0) {
        return OK;
    }
    if (!base64_decode(arena, said.output, said.output_len, &archive, ret_len)) {
        return permanent("the machine's answer is no archive");
    }
    *ret = (const char *)archive;
    return OK;
}

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
    const char *dir = folder(arena);
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

struct err machine_follow_setup(const struct machine *machine, int64_t offset, bool stay,
                                struct arena *arena, struct setup_answer *ret)
{
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;
    const char *pin;
    struct ssh_result said;

    TRY(open_machine(machine, OPEN_MS, arena, &ssh, &pin));
    /*
     * A run holds the lock to its very end, so waiting for the lock is waiting for the end. stderr is
     * dropped: sudo likes to complain about host names, and nothing but the answer may come.
     */
    const char *command = arena_printf(
        arena,
        "%sprintf 'run %%s\\n' \"$(head -c 100 " STATE "/run_id 2>/dev/null)\"\n"
        "sudo -n /bin/bash %s/setup.sh follow %" PRId64 " 2>/dev/null",
        stay ? "flock -s -w 0.5 " STATE "/lock true >/dev/null 2>&1\n" : "", folder(arena), offset);
    TRY(ssh_run(ssh, command, NULL, 0, COMMAND_MS, FOLLOW_LIMIT, arena, &said));
    if (said.status != 0) {
        return transient("looking at the setup did not work (status %d)", said.status);
    }
    if (said.truncated) {
        return transient("the setup's answer is too large");
    }
    return answer_follow(said.output, said.output_len, arena, ret);
}

struct err machine_read_result(const struct machine *machine, struct arena *arena,
                               struct setup_result *ret)
{
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;
    const char *dir = folder(arena);
    const char *pin;
    struct ssh_result said;

    TRY(open_machine(machine, OPEN_MS, arena, &ssh, &pin));
    const char *command = arena_printf(arena,
                                       "rm -f %s/setup.env 2>/dev/null\n"
                                       "sudo -n /bin/bash %s/setup.sh result 2>/dev/null",
                                       dir, dir);
    TRY(ssh_run(ssh, command, NULL, 0, COMMAND_MS, ANSWER_LIMIT, arena, &said));
    if (said.status != 0) {
        return transient("reading the setup's result did not work (status %d)", said.status);
    }
    return answer_result(said.output, said.output_len, arena, ret);
}

struct err machine_restart(const struct machine *machine, struct arena *arena)
{
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;
    static const struct secrets none;
    const char *pin;

    TRY(open_machine(machine, OPEN_MS, arena, &ssh, &pin));
    return must_run(ssh, "systemctl restart", "sudo -n systemctl restart openclaw-gateway",
                    RESTART_MS, &none, arena);
}

struct err machine_service(const struct machine *machine, bool stay, struct arena *arena,
                           struct service_answer *ret)
{
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;
    const char *pin;
    struct ssh_result said;

    TRY(open_machine(machine, OPEN_MS, arena, &ssh, &pin));
    const char *command = arena_printf(
        arena,
        "for i in %s; do\n"
        "ready=$(curl -s -o /dev/null -m 3 -w '%%{http_code}' " READY_URL ")\n"
        "[ \"$ready\" = 200 ] && break\n"
        "systemctl is-failed --quiet openclaw-gateway && break\n"
        "sleep 0.2\n"
        "done 2>/dev/null\n"
        "printf 'ready=%%s\\n' \"$ready\"\n"
        "systemctl show -p ActiveState -p ExecMainStatus -p NRestarts openclaw-gateway "
        "2>/dev/null",
        stay ? "1 2 3 4" : "1");
    TRY(ssh_run(ssh, command, NULL, 0, COMMAND_MS, ANSWER_LIMIT, arena, &said));
    return answer_service(said.output, said.output_len, arena, ret);
}
