/* OpenClaw's own command on a machine, as the service runs it. */
#include "machine_ssh.h"

enum { TIMED_OUT = 124, KILLED = 137 }; /* timeout's own words for it */

/*
 * As the account that OpenClaw runs under, from a folder that it may enter, with the home it serves from: else another
 * OpenClaw's state would be read. The compile cache is the service's own and saves a little. Nothing but the answer may
 * come: what sudo and Node complain about is dropped.
 */
#define HOME "/var/lib/openclaw"
static const char command[] =
    "sudo -n /bin/sh -c 'cd " HOME " && exec timeout -k 1 %d runuser -u openclaw -- env HOME=" HOME
    " NODE_COMPILE_CACHE=" HOME "/.cache/node-compile openclaw %s' 2>/dev/null </dev/null";

struct err openclaw_run(struct ssh *ssh, const char *words, int within_ms, size_t limit,
                        struct arena *arena, struct ssh_result *ret)
{
    int seconds = within_ms < 1000 ? 1 : within_ms / 1000;

    TRY(ssh_run(ssh, arena_printf(arena, command, seconds, words), NULL, 0,
                within_ms + OPENCLAW_GRACE_MS, limit, arena, ret));
    if (ret->status == TIMED_OUT || ret->status == KILLED) {
        return unknown("OpenClaw did not answer in time");
    }
    if (ret->truncated) {
        ret->output_len = 0;
    }
    return OK;
}
