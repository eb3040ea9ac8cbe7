/* Crash points: nothing unless asked for, SIGKILL at the passage asked for, and no start with a name that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crash.h"

enum { PASSAGES = 100 };

static int set_up(void **state)
{
    (void)state;
    (void)unsetenv("TEST_CRASH");
    (void)unsetenv("TEST_CRASH_SEED");
    return unsetenv("TEST_CRASH_ONE_IN");
}

/* In a process of its own: how many passages of `name` it survived; PASSAGES when it was not killed. */
static int survived(const char *name)
{
    int ends[2], status = 0;
    char byte;
    int n = 0;

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool armed;
        struct err e = crash_arm(&armed);
        for (int i = 0; i < PASSAGES && !failed(e); i++) {
            crash_point(name);
            (void)!write(ends[1], "x", 1);
        }
        _exit(0);
    }
    (void)close(ends[1]);
    while (read(ends[0], &byte, 1) == 1) {
        n++;
    }
    (void)close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (n == PASSAGES) {
        assert_true(WIFEXITED(status));
    } else {
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGKILL);
    }
    return n;
}

static void without_the_setting_nothing_happens(void **state)
{
    (void)state;
    bool armed = true;

    assert_false(failed(crash_arm(&armed)));
    assert_false(armed);
    assert_int_equal(survived("runner.claimed"), PASSAGES);
}

static void it_ends_at_the_passage_asked_for_of_that_point_only(void **state)
{
    (void)state;
    assert_int_equal(setenv("TEST_CRASH", "runner.claimed:3,relay.sent", 1), 0);
    assert_int_equal(survived("runner.claimed"), 2);
    assert_int_equal(survived("relay.sent"), 0);
    assert_int_equal(survived("relay.read"), PASSAGES);
}

static void a_seed_decides_the_same_way_each_time(void **state)
{
    (void)state;
    int first;

    assert_int_equal(setenv("TEST_CRASH_SEED", "7", 1), 0);
    assert_int_equal(setenv("TEST_CRASH_ONE_IN", "10", 1), 0);
    first = survived("http.sending");
    assert_in_range(first, 0, PASSAGES - 1);
    assert_int_equal(survived("http.sending"), first);
    assert_int_equal(setenv("TEST_CRASH_ONE_IN", "1", 1), 0);
    assert_int_equal(survived("http.sending"), 0);
}

static void what_is_not_understood_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "nowhere", "runner.claimed:0",    "runner.claimed:x", "runner.claimed:",
        ",",       "relay.read,nowhere:2"};
    bool armed;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(setenv("TEST_CRASH", bad[i], 1), 0);
        assert_int_equal(crash_arm(&armed).kind, ERR_PERMANENT);
        assert_false(armed);
    }
    assert_int_equal(unsetenv("TEST_CRASH"), 0);
    assert_int_equal(setenv("TEST_CRASH_SEED", "7", 1), 0);
    assert_int_equal(crash_arm(&armed).kind, ERR_PERMANENT);
    assert_int_equal(setenv("TEST_CRASH_ONE_IN", "0", 1), 0);
    assert_int_equal(crash_arm(&armed).kind, ERR_PERMANENT);
}

static void every_point_has_a_name_of_its_own_and_says_where_it_is(void **state)
{
    (void)state;
    for (const struct crash_place *place = crash_places; place->name; place++) {
        assert_true(strlen(place->where) > 0);
        for (const struct crash_place *other = place + 1; other->name; other++) {
            assert_string_not_equal(place->name, other->name);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_the_setting_nothing_happens),
        TEST(it_ends_at_the_passage_asked_for_of_that_point_only),
        TEST(a_seed_decides_the_same_way_each_time),
        TEST(what_is_not_understood_is_refused),
        TEST(every_point_has_a_name_of_its_own_and_says_where_it_is),
    };

    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
