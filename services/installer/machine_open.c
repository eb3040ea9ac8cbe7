/* Asking the OpenClaw on a machine for a link into it. A person waits meanwhile, so the time is short. */
#include <stdio.h>

#include "base/clock.h"
#include "base/scope.h"
#include "machine_ssh.h"

enum {
    LOGIN_MS = 8000, /* a machine that does not answer by then does not answer */
    LEAST_MS = 1000,
    TIMED_OUT = 124, /* timeout's own status */
    LINK_LIMIT = 8 * 1024,
};

/*
 * As the account that OpenClaw runs under, from a folder that it may enter, with the home it serves from: else another
 * OpenClaw's state would be read. The compile cache is the service's own and saves a little. Nothing but the answer may
 * come: what sudo and Node complain about is dropped.
 */
#define HOME "/var/lib/openclaw"
static const char mint[] =
    "sudo -n /bin/sh -c 'cd " HOME " && exec timeout -k 2 %d runuser -u openclaw -- env HOME=" HOME
    " NODE_COMPILE_CACHE=" HOME "/.cache/node-compile openclaw dashboard --json' 2>/dev/null "
    "</dev/null";

struct err machine_mint(const struct machine *machine, int within_ms, struct arena *arena,
                        struct link *ret)
{
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;
    int64_t deadline = clock_ms() + within_ms;
    struct ssh_result said;
    const char *pin;

    TRY(open_machine(machine, within_ms < LOGIN_MS ? within_ms : LOGIN_MS, arena, &ssh, &pin));
    int64_t asked_at = clock_unix_us() / 1000;
    int left = (int)(deadline - clock_ms());
    if (left < LEAST_MS) {
        return unknown("no time was left to ask for a link");
    }
    const char *command = arena_printf(arena, mint, (left + 999) / 1000);
    TRY(ssh_run(ssh, command, NULL, 0, left, LINK_LIMIT, arena, &said));
    if (said.status == TIMED_OUT) {
        return unknown("OpenClaw did not answer in time");
    }
    if (said.truncated) {
        said.output_len = 0; /* no link is as long as that */
    }
    return link_read(said.output, said.output_len, asked_at, arena, ret);
}
