/*
 * What the files of common/ssh share: the session and the one way to wait.
 *
 * libssh2 runs non-blocking throughout and every wait is our own poll under `deadline`. Once a
 * call has been left in the middle the session is of no use any more: ssh_break() makes sure
 * nobody uses it.
 */
#pragma once

#include <libssh2.h>
#include <stdbool.h>
#include <stdint.h>

#include "ssh/ssh.h"

struct ssh {
    LIBSSH2_SESSION *session;
    int sock;
    int64_t deadline; /* of the operation at hand, on clock_ms() */
    int unsure_ms;    /* how long to wait when libssh2 does not say for what */
    bool broken;
    char peer[64]; /* "address:port", for error texts */
};

/* A connected socket, non-blocking; the deadline is on clock_ms(). */
struct err ssh_connect(const char *address, int port, int64_t deadline, int *ret_sock) MUST_CHECK;

/* ERR_TRANSIENT unless the other side starts like an SSH server; takes nothing from the socket. */
struct err ssh_greeting(int sock, int64_t deadline) MUST_CHECK;

/* Waits until the call that said EAGAIN may go on; false when the deadline has passed. */
bool ssh_wait(struct ssh *ssh);

/* True when the last EAGAIN left a packet half sent: libssh2 then takes the same call again, no
 * other. */
bool ssh_half_sent(struct ssh *ssh);

void ssh_break(struct ssh *ssh);

/* Breaks the session and says what went wrong, in libssh2's words or as a deadline that passed. */
struct err ssh_lost(struct ssh *ssh, enum err_kind kind, const char *doing) MUST_CHECK;

/* Repeats a libssh2 call until it is through, broken (< 0) or late (EAGAIN). */
#define SSH_AWAIT(ssh, call)                                                                       \
    __extension__({                                                                                \
        ssize_t rc_;                                                                               \
        do {                                                                                       \
            rc_ = (ssize_t)(call);                                                                 \
        } while (rc_ == LIBSSH2_ERROR_EAGAIN && ssh_wait(ssh));                                    \
        rc_;                                                                                       \
    })
