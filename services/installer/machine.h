/*
 * A machine and the setup script on it; behind it are the only files that know SSH and how that script is used.
 *
 * Every function opens a connection of its own and closes it again, within OPEN_S plus the time its
 * comment gives. Error kinds are those of ssh/ssh.h; texts hold no secret.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "base/arena.h"
#include "base/err.h"
#include "devices.h"
#include "link.h"
#include "runner/move.h"

struct machine {
    const char *ip;
    const char *private_key;
    const char *pin;       /* host key of the first contact; NULL before it */
    const struct job *job; /* whose lease a start must end within; NULL: nobody's */
};

/* What one setup needs to know. */
struct machine_setup {
    const char *openrouter_key, *gateway_token;
    const char *host_name; /* "" when it has none */
    const char *run_id;
    const char *certificates; /* kept of the system before, as machine_certificates() gave them */
    size_t certificates_len;  /* 0: none                                                         */
};

/* What one upgrade needs to know. */
struct machine_upgrade {
    const char *version, *run_id;
};

/* First contact, at most 10 s: logs in and says which host key to expect from now on. */
struct err machine_meet(const struct machine *machine, struct arena *arena,
                        const char **ret_pin) MUST_CHECK;

/*
 * What the web server was given by its authority, as an archive for the setup on a fresh system; at most 25 s. Reads
 * only. `ret_len` 0: there is none.
 */
struct err machine_certificates(const struct machine *machine, struct arena *arena,
                                const char **ret, size_t *ret_len) MUST_CHECK;

/*
 * Uploads script and values and starts it, at most 110 s. Again is safe: the script starts only once. Not begun when the
 * lease may end before it: whoever has the row by then may have started another run.
 */
struct err machine_start_setup(const struct machine *machine, const struct machine_setup *setup,
                               struct arena *arena) MUST_CHECK;

/* The same for an upgrade of OpenClaw: uploads the script and what is wanted, and starts it. */
struct err machine_start_upgrade(const struct machine *machine,
                                 const struct machine_upgrade *upgrade,
                                 struct arena *arena) MUST_CHECK;

/*
 * Where the setup, or the upgrade, is, and its log from `offset`; at most 30 s. Reads only. With `stay` it first stays on the
 * machine until the run ends, for half a second at most.
 */
struct err machine_follow_setup(const struct machine *machine, int64_t offset, bool stay,
                                struct arena *arena, struct setup_answer *ret) MUST_CHECK;

/* What a setup that is done left behind; at most 40 s. Also removes the values that were uploaded. */
struct err machine_read_result(const struct machine *machine, struct arena *arena,
                               struct setup_result *ret) MUST_CHECK;

/* Restarts OpenClaw, at most 100 s. */
struct err machine_restart(const struct machine *machine, struct arena *arena) MUST_CHECK;

/*
 * Whether OpenClaw itself answers, and how its service is; at most 30 s. With `stay` it first stays on the
 * machine until there is something to tell, for a second or so.
 */
struct err machine_service(const struct machine *machine, bool stay, struct arena *arena,
                           struct service_answer *ret) MUST_CHECK;

/*
 * A link into OpenClaw that works once, at most `within_ms`. Where OpenClaw runs but makes none, refuses or takes too long, it is
 * one without a token, and those who wait for approval are noted; `before`: who was by the last such noting, NULL when there was
 * none lately. ERR_UNKNOWN: it took too long, or the line was lost; else an
 * error of logging in, or of link_read. Again is safe: each call makes a link of its own, and unused ones expire.
 */
struct err machine_mint(const struct machine *machine, const char *before, int within_ms,
                        struct arena *arena, struct link *ret) MUST_CHECK;

/*
 * Approves the one browser that has come to wait since the others were `noted`; waits for it, at most `within_ms`. `ret_known`: none
 * waits, but one that needs no approval has come since. ERR_PERMANENT with a code of devices.h: none came, or more than one
 * waits and none is approved, or OpenClaw is of no help; else an error of logging in. After ERR_UNKNOWN it may have been approved.
 */
struct err machine_approve(const struct machine *machine, const char *noted, int within_ms,
                           struct arena *arena, bool *ret_known) MUST_CHECK;
