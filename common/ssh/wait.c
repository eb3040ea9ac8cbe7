/* The one way to wait on a session, and the one way to give it up. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "ssh/internal.h"

enum { UNSURE_MAX_MS = 64 };

bool ssh_half_sent(struct ssh *ssh)
{
    return libssh2_session_block_directions(ssh->session) & LIBSSH2_SESSION_BLOCK_OUTBOUND;
}

/*
 * libssh2 sometimes says EAGAIN with what it waits for already in its own memory, and then names no
 * direction: look again at once, and only slowly less often.
 */
bool ssh_wait(struct ssh *ssh)
{
    int64_t left = ssh->deadline - clock_ms();
    struct pollfd p = {.fd = ssh->sock, .events = ssh_half_sent(ssh) ? POLLOUT : POLLIN};

    if (left <= 0) {
        return false;
    }
    if (libssh2_session_block_directions(ssh->session) != 0) {
        ssh->unsure_ms = 0;
    } else {
        left = left < ssh->unsure_ms ? left : ssh->unsure_ms;
        ssh->unsure_ms = ssh->unsure_ms == 0 ? 1 : ssh->unsure_ms * 2;
        ssh->unsure_ms = ssh->unsure_ms < UNSURE_MAX_MS ? ssh->unsure_ms : UNSURE_MAX_MS;
    }
    (void)poll(&p, 1, (int)left);
    return clock_ms() < ssh->deadline;
}

void ssh_break(struct ssh *ssh)
{
    if (!ssh->broken) {
        ssh->broken = true;
        (void)shutdown(ssh->sock, SHUT_RDWR);
    }
}

struct err ssh_lost(struct ssh *ssh, enum err_kind kind, const char *doing)
{
    struct err e = {.kind = kind};
    char *why = NULL;

    if (clock_ms() >= ssh->deadline) {
        (void)snprintf(e.text, sizeof e.text, "%s %s: no end in time", ssh->peer, doing);
    } else {
        e.code = libssh2_session_last_error(ssh->session, &why, NULL, 0);
        (void)snprintf(e.text, sizeof e.text, "%s %s: %.100s (%d)", ssh->peer, doing,
                       why ? why : "", e.code);
        utf8_scrub(e.text, strlen(e.text));
    }
    ssh_break(ssh);
    return e;
}
