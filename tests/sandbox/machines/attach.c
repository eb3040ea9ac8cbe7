/*
 * How a stand-in inside a machine talks to the sandbox outside: it connects to a unix socket, sends
 * two lines (verb, size) and a file, and prints what comes back until the other side hangs up. The
 * caddy stand-in stays attached for as long as it runs, so the outside learns of its end at once,
 * however it ends. When SANDBOX_NOTIFY names a pipe, the first answer also goes there (this is how
 * the systemctl stand-in learns that a service is up). Exit status 1 when an answer says "error".
 * Usage: attach SOCKET VERB FILE
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int put(int to, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(to, bytes, length);
        if (n <= 0) {
            return -1;
        }
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

static void notify(const char *answer, size_t length)
{
    const char *pipe_name = getenv("SANDBOX_NOTIFY");
    int to = pipe_name ? open(pipe_name, O_WRONLY | O_NONBLOCK) : -1;
    if (to < 0) {
        return;
    }
    put(to, answer, length);
    close(to);
    unsetenv("SANDBOX_NOTIFY");
}

int main(int argc, char **argv)
{
    char bytes[4096];
    ssize_t n;
    int failed = 0;
    struct sockaddr_un where = {.sun_family = AF_UNIX};

    if (argc != 4 || strlen(argv[1]) >= sizeof where.sun_path) {
        return 2;
    }
    memcpy(where.sun_path, argv[1], strlen(argv[1]) + 1);
    int outside = socket(AF_UNIX, SOCK_STREAM, 0);
    int file = open(argv[3], O_RDONLY);
    if (file < 0 || connect(outside, (struct sockaddr *)&where, sizeof where) < 0) {
        perror(file < 0 ? argv[3] : argv[1]);
        notify("error\n", 6);
        return 1;
    }
    struct stat about;
    fstat(file, &about);
    /* The size goes first, so that our end of the connection can stay open for as long as we live. */
    dprintf(outside, "%s\n%ld\n", argv[2], (long)about.st_size);
    while ((n = read(file, bytes, sizeof bytes)) > 0) {
        put(outside, bytes, (size_t)n);
    }
    while ((n = read(outside, bytes, sizeof bytes)) > 0) {
        failed |= n >= 5 && memcmp(bytes, "error", 5) == 0;
        put(1, bytes, (size_t)n);
        notify(bytes, (size_t)n);
    }
    return failed;
}
