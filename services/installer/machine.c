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

/* The values as NAME='value' lines for the script. */
static struct err write_values(const struct machine *machine, const struct machine_setup *setup,
                               struct arena *arena, struct buf *ret)
{
    const struct {
        const char *name, *value;
    } values[] = {
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

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (strpbrk(values[i].value, "\r\n")) {
            return permanent("%s must be one line", values[i].name);
        }
        (void)buf_printf(ret, "%s=%s\n", values[i].name, ssh_quote(arena, values[i].value));
    }
    (void)buf_printf(ret, "%s", conf.values);
    return ret->failed ? permanent("the values for the setup are too long") : OK;
}

struct err machine_start_setup(const struct machine *machine, const struct machine_setup *setup,
                               struct arena *arena)
{
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;
    SCOPED(buf_release) struct buf values;
    struct secrets secrets = {0};
    const char *dir = folder(arena);
    const char *pin;

    secrets_add(&secrets, setup->openrouter_key);
    secrets_add(&secrets, setup->gateway_token);
    buf_init(&values, VALUES_CEILING);
    TRY(write_values(machine, setup, arena, &values));
    TRY(open_machine(machine, OPEN_MS, arena, &ssh, &pin));
    const char *make = arena_printf(arena, "mkdir -p -m 700 %s", dir);
    TRY(must_run(ssh, "making a folder", make, COMMAND_MS, &secrets, arena));
    TRY(ssh_put(ssh, arena_printf(arena, "%s/setup.sh", dir), 0700, conf.script, conf.script_len,
                UPLOAD_MS, arena));
    TRY(ssh_put(ssh, arena_printf(arena, "%s/setup.env", dir), 0600, values.at, values.len,
                COMMAND_MS, arena));
    if (setup->certificates_len > 0) {
        TRY(ssh_put(ssh, arena_printf(arena, "%s/certificates.tgz", dir), 0600, setup->certificates,
                    setup->certificates_len, COMMAND_MS, arena));
    }
    const char *start = arena_printf(arena, "sudo -n /bin/bash %s/setup.sh start", dir);
    return must_run(ssh, "starting the setup", start, START_MS, &secrets, arena);
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

struct err machine_service_state(const struct machine *machine, struct arena *arena,
                                 const char **ret)
{
    static const struct secrets none;
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;
    const char *pin;
    struct ssh_result said;

    TRY(open_machine(machine, OPEN_MS, arena, &ssh, &pin));
    /* Its status is not 0 for anything but "active": the word counts. */
    TRY(ssh_run(ssh, "systemctl is-active openclaw-gateway 2>/dev/null", NULL, 0, COMMAND_MS,
                ANSWER_LIMIT, arena, &said));
    *ret = line_shown(said.output, strcspn(said.output, "\n"), &none, arena);
    return OK;
}
