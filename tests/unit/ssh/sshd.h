/*
 * A real sshd for the tests, without a port of its own: a thread accepts on a free port of
 * 127.0.0.1 and starts `sshd -i` per connection, as the current user, with everything in a
 * temporary folder. It can also play a machine that is not well: one that says something else, or
 * nothing.
 */
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"

#define SSHD "/usr/sbin/sshd"

enum { SSHD_CONNECTIONS_MAX = 64 };

enum machine_mood { MOOD_WELL, MOOD_BUSY, MOOD_SILENT, MOOD_FLOOD_LINES, MOOD_FLOOD_PACKETS };

struct machine {
    char dir[64];
    const char *user;
    int sock, port;
    enum machine_mood mood;
    pthread_t thread;
    atomic_int n;
    pid_t pids[SSHD_CONNECTIONS_MAX];
    int socks[SSHD_CONNECTIONS_MAX];
};

__attribute__((unused)) static bool sshd_installed(void)
{
    return access(SSHD, X_OK) == 0;
}

static int shell(const char *format, ...) PRINTF(1, 2);
static int shell(const char *format, ...)
{
    char command[2048];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(command, sizeof command, format, args);
    va_end(args);
    return system(command);
}

/* One that will do; aborts when the tools are missing. */
static void machine_files(struct machine *m)
{
    (void)snprintf(m->dir, sizeof m->dir, "/tmp/test_ssh.XXXXXX");
    if (!mkdtemp(m->dir) ||
        shell("cd %s && mkdir keys && ssh-keygen -q -t ed25519 -N '' -C '' -f keys/ed25519 &&"
              " ssh-keygen -q -t ed25519 -N '' -C '' -f keys/other &&"
              " ssh-keygen -q -t ecdsa -b 256 -N '' -C '' -f keys/ecdsa && : > authorized_keys &&"
              " printf '%%s\\n' 'PidFile none' 'UsePAM no' 'StrictModes no' 'UseDNS no'"
              " 'PasswordAuthentication no' 'KbdInteractiveAuthentication no'"
              " 'PermitRootLogin prohibit-password' 'PrintMotd no' 'PrintLastLog no'"
              " 'AuthorizedKeysFile %s/authorized_keys' 'SetEnv HOME=%s' > config",
              m->dir, m->dir, m->dir) != 0) { /* HOME: nobody's .bashrc takes part */
        abort();
    }
    if (getuid() == 0) {
        (void)mkdir("/run/sshd", 0755); /* sshd as root insists on it */
    }
}

/* Which host keys it shows from the next connection on: names of files in keys/. */
__attribute__((unused)) static void machine_host_keys(struct machine *m, const char *names)
{
    if (shell("cd %s && sed -i /HostKey/d config && for k in %s; do echo \"HostKey %s/keys/$k\""
              " >> config; done",
              m->dir, names, m->dir) != 0) {
        abort();
    }
}

__attribute__((unused)) static void machine_authorize(struct machine *m, const char *public_key)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/authorized_keys", m->dir);
    FILE *f = fopen(path, "ae");
    if (!f || fprintf(f, "%s\n", public_key) < 0 || fclose(f) != 0) {
        abort();
    }
}

static pid_t spawn_sshd(struct machine *m, int sock)
{
    char config[128], log[128];
    char *argv[] = {(char[]){SSHD}, (char[]){"-i"}, (char[]){"-e"}, (char[]){"-f"}, config, NULL};
    char *envp[] = {(char[]){"PATH=/usr/local/bin:/usr/bin:/bin"}, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid = -1;

    (void)snprintf(config, sizeof config, "%s/config", m->dir);
    (void)snprintf(log, sizeof log, "%s/log", m->dir);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, sock, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, sock, 1);
    (void)posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    /* a group of its own: newer sshds serve a line by several processes, and all hold it open */
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    (void)posix_spawn(&pid, SSHD, &actions, &attributes, argv, envp);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void be_unwell(enum machine_mood mood, int sock)
{
    static const char busy[] = "Exceeded MaxStartups\r\n";
    static const char version[] = "SSH-2.0-flood\r\n";
    char junk[4096];

    switch (mood) {
    case MOOD_BUSY:
        (void)send(sock, busy, strlen(busy), MSG_NOSIGNAL);
        (void)shutdown(sock, SHUT_RDWR);
        return;
    case MOOD_FLOOD_LINES:
        memset(junk, '\n', sizeof junk);
        (void)send(sock, "SSH-", 4, MSG_NOSIGNAL);
        break;
    case MOOD_FLOOD_PACKETS: /* SSH_MSG_IGNORE: length 12, padding 6, type 2, no text */
        (void)send(sock, version, strlen(version), MSG_NOSIGNAL);
        for (size_t i = 0; i < sizeof junk; i += 16) {
            memcpy(junk + i, "\0\0\0\14\6\2\0\0\0\0pppppp", 16);
        }
        break;
    case MOOD_WELL:
    case MOOD_SILENT:
        return;
    }
    while (send(sock, junk, sizeof junk, MSG_NOSIGNAL) > 0) {
    }
}

static void *machine_main(void *arg)
{
    struct machine *m = arg;

    for (int i = 0; i < SSHD_CONNECTIONS_MAX; i++) {
        int sock = accept(m->sock, NULL, NULL);
        if (sock < 0) {
            break;
        }
        (void)fcntl(sock, F_SETFD, FD_CLOEXEC);
        m->pids[i] = -1;
        m->socks[i] = -1;
        if (m->mood == MOOD_WELL) {
            m->pids[i] = spawn_sshd(m, sock);
            (void)close(sock);
        } else {
            m->socks[i] = sock;
        }
        atomic_store(&m->n, i + 1);
        be_unwell(m->mood, m->socks[i]);
    }
    return NULL;
}

static void machine_start(struct machine *m)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    const struct passwd *me = getpwuid(getuid());

    m->user = me ? me->pw_name : "root";
    machine_files(m);
    machine_host_keys(m, "ed25519 ecdsa");
    m->sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(m->sock, (struct sockaddr *)&at, sizeof at) != 0 || listen(m->sock, 16) != 0 ||
        getsockname(m->sock, (struct sockaddr *)&at, &len) != 0) {
        abort();
    }
    m->port = ntohs(at.sin_port);
    (void)pthread_create(&m->thread, NULL, machine_main, m);
}

/* The line goes dead, as when the machine loses power. */
static void machine_cut(struct machine *m)
{
    for (int i = 0; i < atomic_load(&m->n); i++) {
        if (m->pids[i] > 0) {
            (void)kill(-m->pids[i], SIGKILL);
            (void)waitpid(m->pids[i], NULL, 0);
            m->pids[i] = -1;
        }
    }
}

static void machine_stop(struct machine *m)
{
    (void)shutdown(m->sock, SHUT_RDWR);
    (void)pthread_join(m->thread, NULL);
    machine_cut(m);
    for (int i = 0; i < atomic_load(&m->n); i++) {
        if (m->socks[i] >= 0) {
            (void)close(m->socks[i]);
        }
    }
    (void)close(m->sock);
    (void)shell("rm -rf %s", m->dir);
}
