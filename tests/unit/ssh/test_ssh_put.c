/* Files and quoting on a real sshd: whole or not at all, and no shell reads them on the way. */
#include "session.h"

static void a_file_is_put_with_its_mode_and_replaced(void **state)
{
    NEEDS_SSHD(state);
    const char *path = arena_printf(arena, "%s/it's a file", machine.dir);
    const char *show =
        arena_printf(arena, "cd %s && stat -c %%a it* && cat it* && ls | grep -c it", machine.dir);

    assert_int_equal(ssh_put(ssh, path, 0600, "one\n", 4, 10000, arena).kind, ERR_NONE);
    assert_runs(show, 0, "600\none\n1\n");
    assert_int_equal(ssh_put(ssh, path, 0755, "two\n", 4, 10000, arena).kind, ERR_NONE);
    assert_runs(show, 0, "755\ntwo\n1\n");
    assert_int_equal(ssh_put(ssh, path, 0600, "", 0, 10000, arena).kind, ERR_NONE);
    assert_runs(show, 0, "600\n1\n");
}

static void a_file_that_cannot_be_put_leaves_nothing(void **state)
{
    NEEDS_SSHD(state);
    const char *missing = arena_printf(arena, "%s/missing/file", machine.dir);
    const char *folder = arena_printf(arena, "%s/keys", machine.dir);

    assert_int_equal(ssh_put(ssh, missing, 0600, "x", 1, 10000, arena).kind, ERR_TRANSIENT);
    assert_int_equal(ssh_put(ssh, folder, 0600, "x", 1, 10000, arena).kind, ERR_TRANSIENT);
    assert_runs(
        arena_printf(arena, "cd %s && ls -d keys.* keys/keys* 2>/dev/null | wc -l", machine.dir), 0,
        "0\n");
}

static void quoting_survives_the_shell(void **state)
{
    NEEDS_SSHD(state);
    assert_string_equal(ssh_quote(arena, "it's"), "'it'\\''s'");
    const char *nasty = "a'b\"c$d`e\\f\n!*;(";
    assert_runs(arena_printf(arena, "printf %%s %s", ssh_quote(arena, nasty)), 0, nasty);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, log_in, log_out)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_put_with_its_mode_and_replaced),
        TEST(a_file_that_cannot_be_put_leaves_nothing),
        TEST(quoting_survives_the_shell),
    };

    ssh_init();
    return cmocka_run_group_tests_name("ssh_put", tests, start, stop);
}
