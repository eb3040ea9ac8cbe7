/*
 * A tiny HTTP(S) server inside the test process: a thread per connection, and a function of the
 * test that decides what happens on it. Counts what arrives, so that "exactly once" can be
 * asserted.
 */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER_CONNECTIONS_MAX = 16, SERVER_REQUEST_MAX = 64 * 1024 };

struct server;

struct peer {
    struct server *server;
    int sock;
    SSL *tls; /* NULL: plain */
    pthread_t thread;
    char request[SERVER_REQUEST_MAX + 1]; /* the last one, headers and body */
};

struct server {
    int sock, port;
    SSL_CTX *tls;
    void (*serve)(struct peer *peer);
    pthread_t thread;
    atomic_int connections;
    atomic_int requests; /* all of them               */
    atomic_int posts;    /* those that begin with POST */
    struct peer *peers[SERVER_CONNECTIONS_MAX];
};

static ssize_t peer_read(struct peer *p, char *to, size_t room)
{
    return p->tls ? SSL_read(p->tls, to, (int)room) : recv(p->sock, to, room, 0);
}

__attribute__((unused)) static bool peer_write(struct peer *p, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        ssize_t n = p->tls ? SSL_write(p->tls, at, (int)len) : send(p->sock, at, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

__attribute__((unused)) static bool peer_say(struct peer *p, const char *text)
{
    return peer_write(p, text, strlen(text));
}

/* Reads one whole request into p->request; false when the other side is gone. */
__attribute__((unused)) static bool peer_hear(struct peer *p)
{
    size_t len = 0, want = 0;

    for (;;) {
        if (want > 0 && len >= want) {
            break;
        }
        ssize_t n = peer_read(p, p->request + len, SERVER_REQUEST_MAX - len);
        if (n <= 0) {
            return false;
        }
        len += (size_t)n;
        p->request[len] = '\0';
        const char *end = strstr(p->request, "\r\n\r\n");
        const char *length = strstr(p->request, "Content-Length: ");
        if (end) {
            want = (size_t)(end + 4 - p->request);
            want += length && length < end ? strtoul(length + 16, NULL, 10) : 0;
        }
    }
    atomic_fetch_add(&p->server->requests, 1);
    if (strncmp(p->request, "POST ", 5) == 0) {
        atomic_fetch_add(&p->server->posts, 1);
    }
    return true;
}

/* Until the other side hangs up: how a silent server behaves. */
__attribute__((unused)) static void peer_stay_silent(struct peer *p)
{
    char byte;

    while (recv(p->sock, &byte, 1, 0) > 0) {
    }
}

static void *peer_main(void *arg)
{
    struct peer *p = arg;

    if (!p->tls || SSL_accept(p->tls) == 1) {
        p->server->serve(p);
    }
    (void)shutdown(p->sock, SHUT_WR);
    return NULL;
}

static void *server_main(void *arg)
{
    struct server *s = arg;

    for (int i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        int sock = accept(s->sock, NULL, NULL);
        if (sock < 0) {
            break;
        }
        struct peer *p = calloc(1, sizeof *p);
        if (!p) {
            abort();
        }
        p->server = s;
        p->sock = sock;
        if (s->tls) {
            p->tls = SSL_new(s->tls);
            SSL_set_fd(p->tls, sock);
        }
        s->peers[i] = p;
        atomic_store(&s->connections, i + 1);
        (void)pthread_create(&p->thread, NULL, peer_main, p);
    }
    return NULL;
}

static struct server *server_start(void (*serve)(struct peer *), SSL_CTX *tls)
{
    struct server *s = calloc(1, sizeof *s);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    if (!s) {
        abort();
    }
    s->serve = serve;
    s->tls = tls;
    s->sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->sock, (struct sockaddr *)&at, sizeof at) != 0 || listen(s->sock, 16) != 0 ||
        getsockname(s->sock, (struct sockaddr *)&at, &len) != 0) {
        abort();
    }
    s->port = ntohs(at.sin_port);
    (void)pthread_create(&s->thread, NULL, server_main, s);
    return s;
}

static void server_stop(struct server *s)
{
    (void)shutdown(s->sock, SHUT_RDWR);
    (void)pthread_join(s->thread, NULL);
    for (int i = 0; i < atomic_load(&s->connections); i++) {
        struct peer *p = s->peers[i];
        (void)shutdown(p->sock, SHUT_RDWR);
        (void)pthread_join(p->thread, NULL);
        SSL_free(p->tls);
        (void)close(p->sock);
        free(p);
    }
    (void)close(s->sock);
    free(s);
}
