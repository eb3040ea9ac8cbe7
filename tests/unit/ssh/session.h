/* One real machine for all tests of a file, and a session on it for each test. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/err.h"
#include "ssh/keypair.h"
#include "ssh/ssh.h"
#include "sshd.h"

static struct machine machine;
static struct arena *arena;
static struct ssh_keypair pair;
static struct ssh *ssh;
static struct ssh_result result;

static int start(void **state)
{
    (void)state;
    arena = arena_new();
    if (sshd_installed()) {
        machine_start(&machine);
        if (failed(ssh_keypair_new("ecdsa", "test", arena, &pair))) {
            return -1;
        }
        machine_authorize(&machine, pair.public_key);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (sshd_installed()) {
        machine_stop(&machine);
    }
    arena_free(arena);
    return 0;
}

static int log_in(void **state)
{
    const char *pin;
    struct ssh_target target = {.address = "127.0.0.1",
                                .port = machine.port,
                                .user = machine.user,
                                .private_key = pair.private_key};

    (void)state;
    return sshd_installed() && failed(ssh_open(&target, arena, &ssh, &pin)) ? -1 : 0;
}

static int log_out(void **state)
{
    (void)state;
    ssh_close(ssh);
    ssh = NULL;
    return 0;
}

#define NEEDS_SSHD(state)                                                                          \
    do {                                                                                           \
        (void)(state);                                                                             \
        if (!sshd_installed()) {                                                                   \
            print_message("skipped: there is no " SSHD "\n");                                      \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

static struct err run(const char *command)
{
    return ssh_run(ssh, command, NULL, 0, 10000, 0, arena, &result);
}

__attribute__((unused)) static void assert_runs(const char *command, int status, const char *output)
{
    struct err e = run(command);

    assert_string_equal(e.text, "");
    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(result.status, status);
    assert_string_equal(result.output, output);
    assert_int_equal(result.output_len, strlen(output));
    assert_false(result.truncated);
}
