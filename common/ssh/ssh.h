/*
 * SSH to a machine, on libssh2: one session, used by one thread, every wait under a deadline.
 *
 * Host keys: trust on first use. The first contact fills `pin`; later ones must match it, in type
 * and SHA-256, else ERR_PERMANENT. Authentication is a private key from memory. An exit status is
 * only believed when the channel ended cleanly (libssh2 reports 0 for killed commands and lost
 * connections), so every command is followed by a sentinel line with a nonce; without it the
 * outcome is ERR_UNKNOWN.
 *
 * Error kinds: no connection, banner that is no SSH ("Exceeded MaxStartups"), time-out before the
 * command was sent -> ERR_TRANSIENT; key refused -> ERR_TRANSIENT (a machine that just booted may
 * not have it yet; callers bound it) with code SSH_AUTH_REFUSED; lost after the command was sent
 * -> ERR_UNKNOWN; host key changed -> ERR_PERMANENT with code SSH_HOST_KEY_CHANGED; no algorithm in
 * common, a private key that cannot be read, an address that is none -> ERR_PERMANENT.
 *
 * After a deadline that passed or a lost line the session is of no use: further calls say
 * ERR_TRANSIENT at once; close it and open another.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum { SSH_AUTH_REFUSED = 1001, SSH_HOST_KEY_CHANGED = 1002 };

struct ssh;

struct ssh_target {
    const char *address; /* IPv4 or IPv6 literal */
    int port;
    const char *user;
    const char *private_key; /* PEM or OpenSSH text; borrowed until ssh_open returns */
    const char *pin; /* "ssh-ed25519 SHA256:…" of the first contact, or NULL/"" at that contact */
    int deadline_ms; /* for the whole of opening; 0 = 20 000 */
};

void ssh_init(void); /* once, before any thread */

/* Opens; `ret_pin` (arena) is the host key's type and SHA-256, as `pin` wants it next time. */
struct err ssh_open(const struct ssh_target *target, struct arena *arena, struct ssh **ret,
                    const char **ret_pin) MUST_CHECK;
void ssh_close(struct ssh *ssh); /* NULL is fine; never blocks for long */

struct ssh_result {
    int status; /* exit status of the command */
    const char
        *output; /* stdout and stderr together, '\0'-terminated; the tail when over the limit */
    size_t output_len;
    bool truncated;
};

/*
 * Runs `command` by the login shell (a POSIX one) with `input` (may be NULL: end of file at once)
 * on stdin. OK means the command ended and its status is known; a status other than 0 is OK here
 * too. `deadline_ms` 0 = 30 000, `limit` 0 = 64 KiB. A job left behind must not hold stdout or
 * stderr, or the command does not count as ended.
 */
struct err ssh_run(struct ssh *ssh, const char *command, const char *input, size_t input_len,
                   int deadline_ms, size_t limit, struct arena *arena,
                   struct ssh_result *ret) MUST_CHECK;

/* Writes a file as the login user, complete or not at all (temporary name, then rename), with
 * `mode`. */
struct err ssh_put(struct ssh *ssh, const char *path, int mode, const char *bytes, size_t len,
                   int deadline_ms, struct arena *arena) MUST_CHECK;

/* Quotes for a POSIX shell: 'it'\''s'. */
const char *ssh_quote(struct arena *arena, const char *text);
