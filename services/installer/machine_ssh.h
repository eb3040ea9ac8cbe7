/* Among machine*.c, the files that know SSH: logging in to a machine, and OpenClaw's own command there. */
#pragma once

#include "base/scope.h"
#include "lines.h"
#include "machine.h"
#include "ssh/ssh.h"

SCOPED_CLEANUP(struct ssh *, ssh_close);

enum { OPEN_MS = 15000, COMMAND_MS = 15000 };

/* Where the script is uploaded to, quoted nowhere: MACHINE_USER holds plain characters only. */
const char *machine_folder(struct arena *arena);

/*
 * A command whose status must be 0; `what` is for the error, which ends with the command's last line,
 * without `secrets`.
 */
struct err must_run(struct ssh *ssh, const char *what, const char *command, int deadline_ms,
                    const struct secrets *secrets, struct arena *arena) MUST_CHECK;

struct err open_machine(const struct machine *machine, int deadline_ms, struct arena *arena,
                        struct ssh **ret, const char **ret_pin) MUST_CHECK;

/* What openclaw_run() may take longer than it was told to. */
enum { OPENCLAW_GRACE_MS = 2500 };

/*
 * `openclaw <words>`, whose standard output is the answer; `words` are the caller's own and harmless. ERR_UNKNOWN: it was
 * ended because it took longer than `within_ms`; the session is as good as before. The answer of one that said more than `limit`
 * is empty.
 */
struct err openclaw_run(struct ssh *ssh, const char *words, int within_ms, size_t limit,
                        struct arena *arena, struct ssh_result *ret) MUST_CHECK;

/*
 * Notes which browsers wait for approval already. Those that began to since the noting `before` (NULL: there was none) are left
 * over from a link that was made lately: they are turned away, and noted all the same. Their page was left behind, or asks
 * anew with another id.
 */
struct err note_waiting(struct ssh *ssh, const char *before, int within_ms, struct arena *arena,
                        const char **ret_noted) MUST_CHECK;
