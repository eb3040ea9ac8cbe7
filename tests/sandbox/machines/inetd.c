/*
 * A minimal inetd for a sandbox machine: file descriptor 3 is a listening socket that was opened
 * outside (a machine's private network cannot reach the host's loopback), and every connection
 * accepted on it becomes the standard input and output of a fresh copy of the given command, with
 * standard error going to a log. Usage: inetd LOGFILE COMMAND [ARGUMENT...]
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENER = 3 };

static void serve(int connection, int log, char **command)
{
    (void)signal(SIGCHLD, SIG_DFL); /* sshd waits for its own children */
    dup2(connection, 0);
    dup2(connection, 1);
    dup2(log, 2);
    execv(command[0], command);
    _exit(127);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        return 2;
    }
    int log = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) {
        return 1;
    }
    (void)signal(SIGCHLD, SIG_IGN);
    fcntl(LISTENER, F_SETFD, FD_CLOEXEC);

    struct pollfd ready = {.fd = LISTENER, .events = POLLIN};
    /* The socket is non-blocking: without poll, accept would spin. */
    while (poll(&ready, 1, -1) >= 0) {
        int connection = accept4(LISTENER, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0) {
            continue;
        }
        if (fork() == 0) {
            serve(connection, log, argv + 2);
        }
        close(connection);
    }
    return 1;
}
