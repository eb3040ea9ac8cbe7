/* Commands for a machine, and what their answers mean. */
#include "machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/scope.h"
#include "lines.h"
#include "machine_ssh.h"
#include "settings.h"

enum {
    MEET_MS = 8000, /* a machine that boots must not hold a worker for long */
    RESTART_MS = 85000,
    FOLLOW_LIMIT = 64 * 1024,
    ANSWER_LIMIT = 8 * 1024,
    CERTIFICATES_LIMIT = 128 * 1024,
};

/* The script's own folder on the machine. */
#define STATE "/var/lib/openclaw-setup"

/* OpenClaw's own word that it can be used, on its machine. */
#define READY_URL "http://127.0.0.1:18789/readyz"

const char *machine_folder(struct arena *arena)
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

struct err must_run(struct ssh *ssh, const char *what, const char *command, int deadline_ms,
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
                     machine_folder(arena));
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
    const char *command =
        arena_printf(arena,
                     "%sprintf 'run %%s\\n' \"$(head -c 100 " STATE "/run_id 2>/dev/null)\"\n"
                     "sudo -n /bin/bash %s/setup.sh follow %" PRId64 " 2>/dev/null",
                     stay ? "flock -s -w 0.5 " STATE "/lock true >/dev/null 2>&1\n" : "",
                     machine_folder(arena), offset);
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
    const char *dir = machine_folder(arena);
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
