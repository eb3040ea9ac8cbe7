/* Commands on a real sshd: exit statuses, long output, stdin, and every way a command can end
 * without telling us the truth. */
#include "base/clock.h"
#include "session.h"

static void status_and_output_are_those_of_the_command(void **state)
{
    NEEDS_SSHD(state);
    assert_runs("echo hello", 0, "hello\n");
    assert_runs("printf 'no newline'; exit 3", 3, "no newline");
    assert_runs("exit 255", 255, "");
    assert_runs("true", 0, "");
    assert_runs("printf '\\n'", 0, "\n");
    assert_runs("cat", 0, "");
    assert_int_equal(run("sh -c 'kill -9 $$'").kind, ERR_NONE);
    assert_int_equal(result.status, 137);
}

static void stdout_and_stderr_come_in_order(void **state)
{
    NEEDS_SSHD(state);
    assert_runs("for i in 1 2 3; do echo out $i; echo err $i >&2; done", 0,
                "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
}

static void a_comment_or_a_here_document_at_the_end_is_no_trap(void **state)
{
    NEEDS_SSHD(state);
    assert_runs("echo a # )", 0, "a\n");
    assert_runs("cat <<'E'\ntext )\nE", 0, "text )\n");
}

static void a_command_that_is_no_shell_is_never_believed(void **state)
{
    NEEDS_SSHD(state);
    assert_int_equal(run("echo (").kind, ERR_UNKNOWN);
    assert_runs("echo still here", 0, "still here\n");
}

static void a_line_that_looks_like_ours_is_output(void **state)
{
    NEEDS_SSHD(state);
    assert_runs("printf '\\n0123456789abcdef0123456789abcdef 0\\n'; exit 4", 4,
                "\n0123456789abcdef0123456789abcdef 0\n");
}

static void a_shell_that_is_killed_is_unknown(void **state)
{
    NEEDS_SSHD(state);
    assert_int_equal(run("echo before; kill -9 $$").kind, ERR_UNKNOWN);
    assert_runs("echo still here", 0, "still here\n");
}

static void long_output_is_cut_to_its_tail(void **state)
{
    NEEDS_SSHD(state);
    struct err e = ssh_run(ssh, "seq 1 300000; exit 7", NULL, 0, 20000, 1000, arena, &result);

    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(result.status, 7);
    assert_true(result.truncated);
    assert_int_equal(result.output_len, 1000);
    assert_string_equal(result.output + 1000 - 14, "299999\n300000\n");

    e = ssh_run(ssh, "printf 1234567890", NULL, 0, 20000, 10, arena, &result);
    assert_int_equal(e.kind, ERR_NONE);
    assert_string_equal(result.output, "1234567890");
    assert_false(result.truncated);
    e = ssh_run(ssh, "printf x1234567890", NULL, 0, 20000, 10, arena, &result);
    assert_int_equal(e.kind, ERR_NONE);
    assert_string_equal(result.output, "1234567890");
    assert_true(result.truncated);
}

static void four_megabytes_of_stderr_do_not_hang(void **state)
{
    NEEDS_SSHD(state);
    struct err e = run("head -c 4194304 /dev/zero | tr '\\0' e >&2; exit 5");

    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(result.status, 5);
    assert_int_equal(result.output_len, 64 * 1024);
    assert_true(result.truncated);
}

static void a_megabyte_of_stdin_arrives_whole(void **state)
{
    enum { SIZE = 1024 * 1024 };

    NEEDS_SSHD(state);
    char *input = arena_alloc(arena, SIZE);
    memset(input, 'i', SIZE);
    struct err e = ssh_run(ssh, "wc -c", input, SIZE, 20000, 0, arena, &result);

    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(strtol(result.output, NULL, 10), SIZE);
}

/* More than any window or pipe holds, both ways at once: only one that reads while it writes gets
 * through. */
static void stdin_is_fed_while_output_is_drained(void **state)
{
    enum { SIZE = 16 * 1024 * 1024 };

    NEEDS_SSHD(state);
    char *input = malloc(SIZE);
    assert_non_null(input);
    for (size_t i = 0; i < SIZE; i++) {
        input[i] = (char)('a' + i % 23);
    }
    struct err e = ssh_run(ssh, "cat", input, SIZE, 60000, 100, arena, &result);

    assert_int_equal(e.kind, ERR_NONE);
    assert_memory_equal(result.output, input + SIZE - 100, 100);
    free(input);
}

static void stdin_that_nobody_reads_is_no_error(void **state)
{
    enum { SIZE = 8 * 1024 * 1024 };

    NEEDS_SSHD(state);
    char *input = calloc(1, SIZE);
    struct err e = ssh_run(ssh, "exit 6", input, SIZE, 20000, 0, arena, &result);

    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(result.status, 6);
    free(input);
}

static void a_detached_job_does_not_hold_the_command(void **state)
{
    NEEDS_SSHD(state);
    const char *flag = arena_printf(arena, "%s/running", machine.dir);
    assert_runs(arena_printf(arena,
                             "touch %s; setsid -f sh -c 'while [ -e %s ]; do sleep 0.05; done'"
                             " >/dev/null 2>&1 </dev/null; echo started",
                             flag, flag),
                0, "started\n");
    (void)unlink(flag);
}

/* Runs as long as the file `running` is there, so that nothing outlives the test. */
static const char *lasting_command(void)
{
    return arena_printf(arena, "cd %s; touch running; while [ -e running ]; do sleep 0.05; done",
                        machine.dir);
}

static void a_command_past_its_deadline_is_unknown_and_ends_the_session(void **state)
{
    NEEDS_SSHD(state);
    int64_t began = clock_ms();
    struct err e = ssh_run(ssh, lasting_command(), NULL, 0, 500, 0, arena, &result);

    assert_int_equal(e.kind, ERR_UNKNOWN);
    assert_in_range(clock_ms() - began, 490, 2500);
    assert_int_equal(run("echo again").kind, ERR_TRANSIENT);
    (void)shell("rm -f %s/running", machine.dir);
}

static void *cut_when_running(void *arg)
{
    struct machine *m = arg;
    char flag[128];

    (void)snprintf(flag, sizeof flag, "%s/running", m->dir);
    for (int i = 0; i < 1000 && access(flag, F_OK) != 0; i++) {
        (void)usleep(10000);
    }
    machine_cut(m);
    return NULL;
}

static void a_line_that_dies_under_a_command_is_unknown(void **state)
{
    pthread_t cutter;

    NEEDS_SSHD(state);
    (void)pthread_create(&cutter, NULL, cut_when_running, &machine);
    int64_t began = clock_ms();
    struct err e = run(lasting_command());
    (void)pthread_join(cutter, NULL);
    (void)shell("rm -f %s/running", machine.dir);

    assert_int_equal(e.kind, ERR_UNKNOWN);
    assert_in_range(clock_ms() - began, 0, 5000);
    assert_int_equal(run("echo again").kind, ERR_TRANSIENT);
}

static void a_line_that_died_before_the_command_is_transient(void **state)
{
    NEEDS_SSHD(state);
    machine_cut(&machine);

    assert_int_equal(run("echo hello").kind, ERR_TRANSIENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, log_in, log_out)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(status_and_output_are_those_of_the_command),
        TEST(stdout_and_stderr_come_in_order),
        TEST(a_comment_or_a_here_document_at_the_end_is_no_trap),
        TEST(a_command_that_is_no_shell_is_never_believed),
        TEST(a_line_that_looks_like_ours_is_output),
        TEST(a_shell_that_is_killed_is_unknown),
        TEST(long_output_is_cut_to_its_tail),
        TEST(four_megabytes_of_stderr_do_not_hang),
        TEST(a_megabyte_of_stdin_arrives_whole),
        TEST(stdin_is_fed_while_output_is_drained),
        TEST(stdin_that_nobody_reads_is_no_error),
        TEST(a_detached_job_does_not_hold_the_command),
        TEST(a_command_past_its_deadline_is_unknown_and_ends_the_session),
        TEST(a_line_that_dies_under_a_command_is_unknown),
        TEST(a_line_that_died_before_the_command_is_transient),
    };

    ssh_init();
    return cmocka_run_group_tests_name("ssh_run", tests, start, stop);
}
