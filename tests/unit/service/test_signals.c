/* Told to stop: at once, once for all, and with an end that comes even when nobody listens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/signals.h"

enum { WITHIN_MS = 300, NEVER_MS = 20000 };

/* Runs `body` in a process of its own: each has its own signals. Its exit code; what it logged into `ret`. */
static int in_a_process(int (*body)(void), char *ret, size_t size)
{
    int pipes[2], status;
    size_t len = 0;
    ssize_t n;

    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(pipes[1], STDERR_FILENO);
        _exit(body());
    }
    (void)close(pipes[1]);
    while (len + 1 < size && (n = read(pipes[0], ret + len, size - 1 - len)) > 0) {
        len += (size_t)n;
    }
    ret[len] = '\0';
    (void)close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static int is_told(void)
{
    if (failed(signals_watch(NEVER_MS)) || told_to_stop(1) || stop_left_ms() != NEVER_MS) {
        return 1;
    }
    (void)kill(getpid(), SIGTERM);
    int64_t began = clock_ms();
    if (!told_to_stop(NEVER_MS) || clock_ms() - began > NEVER_MS / 2 || !told_to_stop(1)) {
        return 2;
    }
    return stop_left_ms() > 0 && stop_left_ms() <= NEVER_MS ? 7 : 3;
}

static int hangs(void)
{
    if (failed(signals_watch(WITHIN_MS))) {
        return 1;
    }
    (void)kill(getpid(), SIGINT);
    (void)poll(NULL, 0, NEVER_MS);
    return 2;
}

static void the_signal_is_heard_at_once_and_stays_said(void **state)
{
    char log[1000];

    (void)state;
    assert_int_equal(in_a_process(is_told, log, sizeof log), 7);
    assert_string_equal(log, "");
}

static void what_hangs_ends_at_the_deadline_with_one_line(void **state)
{
    char log[1000];
    int64_t began = clock_ms();

    (void)state;
    assert_int_equal(in_a_process(hangs, log, sizeof log), 0);
    assert_in_range(clock_ms() - began, WITHIN_MS, NEVER_MS / 2);
    assert_non_null(strstr(log, "not everything ended in time"));
    assert_ptr_equal(strchr(log, '\n'), log + strlen(log) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signal_is_heard_at_once_and_stays_said),
        cmocka_unit_test(what_hangs_ends_at_the_deadline_with_one_line),
    };

    return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
