/*
 * One command on one channel: feed stdin and drain the output in turns, then decide what to
 * believe.
 *
 * The exit status of the channel alone proves nothing: libssh2 reports 0 for killed commands and
 * lost connections. So a line with a nonce and the status is printed after the command, and it
 * counts only when it is the last thing said, the channel closed in order and no signal ended the
 * shell. Everything goes to stdout by the shell's own hand: two streams could overtake each other
 * on the way.
 */
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/scope.h"
#include "ssh/internal.h"
#include "ssh/tail.h"

enum {
    RUN_MS = 30000,
    OUTPUT_LIMIT = 64 * 1024,
    CHUNK = 32 * 1024,
    READS_PER_TURN = 16,
    FREE_MS = 200,
    NONCE_SIZE = 33,
    SENTINEL_MAX = 64, /* newline, nonce, blank, status, newline */
};

struct run {
    struct ssh *ssh;
    LIBSSH2_CHANNEL *channel;
    const char *input;
    size_t left;
    bool input_closed;
    struct tail output;
    char nonce[NONCE_SIZE];
};

static void run_release(struct run *run)
{
    struct ssh *ssh = run->ssh;

    tail_release(&run->output);
    if (!run->channel) {
        return;
    }
    int64_t soon = clock_ms() + FREE_MS;
    ssh->deadline = ssh->broken || soon < ssh->deadline ? soon : ssh->deadline;
    if (SSH_AWAIT(ssh, libssh2_channel_free(run->channel)) == LIBSSH2_ERROR_EAGAIN) {
        ssh_break(ssh);
        (void)libssh2_channel_free(run->channel);
    }
}

static void make_nonce(char ret[NONCE_SIZE])
{
    unsigned char random[16];

    if (RAND_bytes(random, sizeof random) != 1) {
        abort();
    }
    for (size_t i = 0; i < sizeof random; i++) {
        (void)snprintf(ret + 2 * i, 3, "%02x", random[i]);
    }
}

static struct err start(struct run *run, const char *command, struct arena *arena)
{
    struct ssh *ssh = run->ssh;
    /* The line breaks keep a comment or a here-document at the end of the command from eating
     * ours. */
    const char *script = arena_printf(arena, "exec 2>&1\n(\n%s\n)\nprintf '\\n%%s %%d\\n' %s $?\n",
                                      command, run->nonce);
    int why;

    do {
        run->channel = libssh2_channel_open_session(ssh->session);
        why = libssh2_session_last_errno(ssh->session);
    } while (!run->channel && why == LIBSSH2_ERROR_EAGAIN && ssh_wait(ssh));
    if (!run->channel) {
        return ssh_lost(ssh, ERR_TRANSIENT, "opening a channel");
    }
    (void)libssh2_channel_handle_extended_data2(run->channel, LIBSSH2_CHANNEL_EXTENDED_DATA_IGNORE);
    ssize_t rc = SSH_AWAIT(ssh, libssh2_channel_exec(run->channel, script));
    if (rc == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED) {
        return ssh_lost(ssh, ERR_TRANSIENT, "starting a command");
    }
    return rc == 0 ? OK : ssh_lost(ssh, ERR_UNKNOWN, "starting a command");
}

/* Takes what is there; `moved` says whether that was anything. */
static ssize_t drain(struct run *run, bool *moved)
{
    char chunk[CHUNK];
    ssize_t n = 0;

    for (int i = 0; i < READS_PER_TURN; i++) {
        do {
            n = libssh2_channel_read(run->channel, chunk, sizeof chunk);
        } while (n == LIBSSH2_ERROR_EAGAIN && ssh_half_sent(run->ssh) && ssh_wait(run->ssh));
        if (n <= 0) {
            break;
        }
        tail_put(&run->output, chunk, (size_t)n);
        *moved = true;
    }
    return n == LIBSSH2_ERROR_EAGAIN ? 0 : n;
}

/* Gives one piece of stdin, or its end. Waits only where libssh2 takes no other call in between. */
static ssize_t feed(struct run *run, bool *moved)
{
    size_t piece = run->left < CHUNK ? run->left : CHUNK;
    ssize_t n;

    if (run->input_closed) {
        return 0;
    }
    do {
        n = piece > 0 ? libssh2_channel_write(run->channel, run->input, piece)
                      : libssh2_channel_send_eof(run->channel);
    } while (n == LIBSSH2_ERROR_EAGAIN && ssh_half_sent(run->ssh) && ssh_wait(run->ssh));
    if (n < 0) {
        return n == LIBSSH2_ERROR_EAGAIN ? 0 : n;
    }
    if (piece == 0) {
        run->input_closed = true;
    } else {
        run->input += n;
        run->left -= (size_t)n;
    }
    *moved = *moved || n > 0 || piece == 0;
    return n;
}

static struct err converse(struct run *run)
{
    for (;;) {
        bool moved = false;
        if (drain(run, &moved) < 0) {
            return ssh_lost(run->ssh, ERR_UNKNOWN, "reading what a command said");
        }
        if (libssh2_channel_eof(run->channel)) {
            return OK;
        }
        if (feed(run, &moved) < 0) {
            return ssh_lost(run->ssh, ERR_UNKNOWN, "feeding a command");
        }
        if (!moved && !ssh_wait(run->ssh)) {
            return ssh_lost(run->ssh, ERR_UNKNOWN, "waiting for a command");
        }
        if (clock_ms() >= run->ssh->deadline) {
            return ssh_lost(run->ssh, ERR_UNKNOWN, "waiting for a command");
        }
    }
}

/* The channel's own view of the end: closed by both sides, no signal, status 0 (that of our
 * printf). */
static struct err finish(struct run *run)
{
    struct ssh *ssh = run->ssh;
    char *signal_name = NULL;

    if (SSH_AWAIT(ssh, libssh2_channel_close(run->channel)) != 0 ||
        SSH_AWAIT(ssh, libssh2_channel_wait_closed(run->channel)) != 0) {
        return ssh_lost(ssh, ERR_UNKNOWN, "waiting for the end of a command");
    }
    (void)libssh2_channel_get_exit_signal(run->channel, &signal_name, NULL, NULL, NULL, NULL, NULL);
    if (signal_name) {
        struct err e = unknown("%s: the command was ended by signal %.20s", ssh->peer, signal_name);
        libssh2_free(ssh->session, signal_name);
        return e;
    }
    int status = libssh2_channel_get_exit_status(run->channel);
    if (status != 0) {
        return unknown("%s: the shell itself ended with status %d", ssh->peer, status);
    }
    return OK;
}

/* The very end must read "\n<nonce> <status>\n"; what stands before it is the command's output. */
static struct err believe(struct run *run, int *ret_status, size_t *ret_len)
{
    const struct tail *out = &run->output;
    char last[SENTINEL_MAX + 1];
    size_t n = out->len < SENTINEL_MAX ? out->len : SENTINEL_MAX;
    size_t nonce_len = strlen(run->nonce);
    size_t line = n > 0 ? n - 1 : 0;
    char *end = NULL;

    memcpy(last, out->at + out->len - n, n);
    last[n] = '\0';
    while (line > 0 && last[line - 1] != '\n') {
        line--;
    }
    if (line == 0 || strncmp(last + line, run->nonce, nonce_len) != 0) {
        return unknown("%s: the command ended without its last line", run->ssh->peer);
    }
    unsigned long status = strtoul(last + line + nonce_len, &end, 10);
    if (status > 255 || strcmp(end, "\n") != 0) {
        return unknown("%s: the last line of the command is damaged", run->ssh->peer);
    }
    *ret_status = (int)status;
    *ret_len = out->len - n + line - 1;
    return OK;
}

struct err ssh_run(struct ssh *ssh, const char *command, const char *input, size_t input_len,
                   int deadline_ms, size_t limit, struct arena *arena, struct ssh_result *ret)
{
    SCOPED(run_release)
    struct run run = {.ssh = ssh, .input = input, .left = input ? input_len : 0};
    size_t keep = limit ? limit : OUTPUT_LIMIT;
    size_t len = 0;
    int status = 0;

    *ret = (struct ssh_result){.status = -1, .output = ""};
    if (ssh->broken) {
        return transient("%s: the connection is gone", ssh->peer);
    }
    ssh->deadline = clock_ms() + (deadline_ms > 0 ? deadline_ms : RUN_MS);
    make_nonce(run.nonce);
    tail_init(&run.output, keep + SENTINEL_MAX);
    crash_point("ssh.sending");
    TRY(start(&run, command, arena));
    TRY(converse(&run));
    TRY(finish(&run));
    TRY(believe(&run, &status, &len));
    crash_point("ssh.answered");

    size_t skip = len > keep ? len - keep : 0;
    ret->status = status;
    ret->output = arena_strndup(arena, run.output.at + skip, len - skip);
    ret->output_len = len - skip;
    ret->truncated = skip > 0 || run.output.dropped;
    return OK;
}
