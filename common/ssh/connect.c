/* Reaching the machine: TCP with our own deadline, and a look at the first bytes it says. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "ssh/internal.h"

enum { QUOTED_GREETING = 60 };

/* 1: ready, 0: the deadline passed. */
static int ready(int sock, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd p = {.fd = sock, .events = events};
        int64_t left = deadline - clock_ms();
        int n = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (n >= 0 || errno != EINTR) {
            return n > 0;
        }
    }
}

/* NULL: neither an IPv4 nor an IPv6 address. Names are not looked up: that wait has no deadline. */
static struct addrinfo *parse(const char *address, int port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *to = NULL;
    char service[12];

    (void)snprintf(service, sizeof service, "%d", port);
    if (port < 1 || port > 65535 || getaddrinfo(address, service, &hints, &to) != 0) {
        return NULL;
    }
    return to;
}

static struct err establish(int sock, const struct addrinfo *to, int64_t deadline)
{
    int on = 1, why = 0;
    socklen_t len = sizeof why;

    /* Without it each small packet of the handshake waits for the last one's acknowledgement. */
    (void)setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(sock, to->ai_addr, to->ai_addrlen) == 0) {
        return OK;
    }
    if (errno == EINPROGRESS) {
        if (!ready(sock, POLLOUT, deadline)) {
            return transient("no connection in time");
        }
        (void)getsockopt(sock, SOL_SOCKET, SO_ERROR, &why, &len);
    } else {
        why = errno;
    }
    if (why) {
        return transient("no connection: %s", strerror(why));
    }
    return OK;
}

struct err ssh_connect(const char *address, int port, int64_t deadline, int *ret_sock)
{
    struct addrinfo *to = parse(address, port);

    if (!to) {
        return permanent("this is no address and port");
    }
    int sock = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct err e =
        sock < 0 ? transient("no socket: %s", strerror(errno)) : establish(sock, to, deadline);
    freeaddrinfo(to);
    if (failed(e) && sock >= 0) {
        (void)close(sock);
        sock = -1;
    }
    *ret_sock = sock;
    return e;
}

/* A busy or guarded sshd says "Exceeded MaxStartups" or the like and hangs up: worth quoting. */
struct err ssh_greeting(int sock, int64_t deadline)
{
    int start = 4, any = 1;
    char said[QUOTED_GREETING + 1];

    (void)setsockopt(sock, SOL_SOCKET, SO_RCVLOWAT, &start, sizeof start);
    if (!ready(sock, POLLIN, deadline)) {
        return transient("it said nothing in time");
    }
    ssize_t n = recv(sock, said, QUOTED_GREETING, MSG_PEEK | MSG_DONTWAIT);
    (void)setsockopt(sock, SOL_SOCKET, SO_RCVLOWAT, &any, sizeof any);
    if (n <= 0) {
        return transient("it hung up at once");
    }
    if (n >= 4 && memcmp(said, "SSH-", 4) == 0) {
        return OK;
    }
    said[n] = '\0';
    said[strcspn(said, "\r\n")] = '\0';
    utf8_scrub(said, strlen(said));
    return transient("it does not speak SSH: '%s'", said);
}
