/*
 * A server that speaks just enough of PostgreSQL's protocol to go wrong on command: each statement of a
 * connection is answered by the next word of a script.
 */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * "ok", "begin" (ok, and in a transaction from then on), "bye" (ok, then leaves), "note" (ok, and a notification follows),
 * "hang", "close" or an SQLSTATE to fail with.
 */
static struct {
    int listener, port, connections;
    bool silent,
        farewell; /* what comes after connecting: nothing, or its end together with the greeting */
    char first[400];           /* the first statement of the last connection */
    const char *const *script; /* NULL-terminated; then everything is ok */
    char url[120];
    pthread_t thread;
} server;

static inline bool read_all(int fd, void *into, size_t len)
{
    return len == 0 || recv(fd, into, len, MSG_WAITALL) == (ssize_t)len;
}

static inline size_t put_message(char *at, char type, const char *body, size_t len)
{
    unsigned size = htonl((unsigned)len + 4);

    at[0] = type;
    memcpy(at + 1, &size, 4);
    memcpy(at + 5, body, len);
    return len + 5;
}

/* Done or failed, and then ready for the next one: 'I' idle, 'T' in a transaction. */
static inline void answer(int fd, const char *word, char status)
{
    char out[300], body[100];
    size_t n = 0;

    if (strcmp(word, "ok") == 0 || strcmp(word, "begin") == 0) {
        n = put_message(out, 'C', "COMMIT", 7);
    } else {
        int len = snprintf(body, sizeof body, "SERROR%cC%s%cMno, \"x\"%c", 0, word, 0, 0);
        n = put_message(out, 'E', body, (size_t)len + 1);
    }
    n += put_message(out + n, 'Z', &status, 1);
    (void)!send(fd, out, n, MSG_NOSIGNAL);
}

/* Somebody notified the channel "news" of "id 7". */
static inline void notify(int fd)
{
    static const char body[] = "\0\0\0\1news\0id 7";
    char out[60];
    size_t n = put_message(out, 'A', body, sizeof body);

    (void)!send(fd, out, n, MSG_NOSIGNAL);
}

static inline void greet(int fd)
{
    unsigned len;
    char start[2000], out[60];
    size_t n;

    if (!read_all(fd, &len, 4) || ntohl(len) > sizeof start ||
        !read_all(fd, start, ntohl(len) - 4)) {
        return;
    }
    n = put_message(out, 'R', "\0\0\0\0", 4);
    n += put_message(out + n, 'Z', "I", 1);
    if (server.farewell) {
        static const char body[] = "SFATAL\0C57P01\0Mgood bye\0";
        n += put_message(out + n, 'E', body, sizeof body);
    }
    (void)!send(fd, out, n, MSG_NOSIGNAL);
}

/* Until the client leaves or the script says so. A statement ends with Query or Sync. */
static inline void serve(int fd)
{
    char type, body[4000], status = 'I';
    unsigned len;

    if (server.silent) {
        while (read_all(fd, &type, 1)) {
        }
        return;
    }
    greet(fd);
    server.first[0] = '\0';
    while (read_all(fd, &type, 1) && read_all(fd, &len, 4) && ntohl(len) <= sizeof body &&
           read_all(fd, body, ntohl(len) - 4)) {
        if (type != 'Q' && type != 'S') {
            continue;
        }
        if (type == 'Q' && !server.first[0]) {
            (void)snprintf(server.first, sizeof server.first, "%.*s", (int)(ntohl(len) - 4), body);
        }
        const char *word = *server.script ? *server.script++ : "ok";
        if (strcmp(word, "close") == 0) {
            return;
        }
        if (strcmp(word, "hang") != 0) {
            status = strcmp(word, "begin") == 0 ? 'T' : status;
            bool well = strcmp(word, "bye") == 0 || strcmp(word, "note") == 0;
            answer(fd, well ? "ok" : word, status);
        }
        if (strcmp(word, "note") == 0) {
            notify(fd);
        }
        if (strcmp(word, "bye") == 0) {
            return;
        }
    }
}

static inline void *server_main(void *unused)
{
    int fd;

    (void)unused;
    while ((fd = accept(server.listener, NULL, NULL)) >= 0) {
        server.connections++;
        serve(fd);
        (void)close(fd);
    }
    return NULL;
}

static inline int server_start(void **state)
{
    static const char *const none[] = {NULL};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    (void)state;
    server.script = none;
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server.listener, (struct sockaddr *)&address, size) != 0 ||
        listen(server.listener, 8) != 0 ||
        getsockname(server.listener, (struct sockaddr *)&address, &size) != 0) {
        return -1;
    }
    (void)snprintf(server.url, sizeof server.url,
                   "postgresql://u:p@127.0.0.1:%d/d?sslmode=disable&gssencmode=disable",
                   ntohs(address.sin_port));
    return pthread_create(&server.thread, NULL, server_main, NULL);
}

static inline int server_stop(void **state)
{
    (void)state;
    (void)shutdown(server.listener, SHUT_RDWR);
    (void)pthread_join(server.thread, NULL);
    (void)close(server.listener);
    return 0;
}
