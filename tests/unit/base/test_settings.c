/* Errors and settings: what a person reads when something is missing or wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/settings.h"
#include "base/utf8.h"

static const char *text, *secret, *kept;
static int count;
static double seconds;

static const struct setting table[] = {
    {"T_TEXT",    SETTING_TEXT,    &text,    NULL,  "where state lives"},
    {"T_SECRET",  SETTING_SECRET,  &secret,  "",    "signs requests"   },
    {"T_COUNT",   SETTING_INT,     &count,   "64",  "moves in flight"  },
    {"T_SECONDS", SETTING_SECONDS, &seconds, "2.5", "how often we look"},
};
enum { TABLE_SIZE = sizeof table / sizeof table[0] };

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < TABLE_SIZE; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s_FILE", table[i].name);
        (void)unsetenv(table[i].name);
        (void)unsetenv(name);
    }
    return setenv("T_TEXT", "here", 1);
}

static void an_error_keeps_its_kind_and_code_when_context_is_added(void **state)
{
    struct err e = unknown("line lost after %d bytes", 7);

    (void)state;
    e.code = 52;
    e.retry_after_s = 3;
    e = err_in(e, "placing order %s", "42");
    assert_int_equal(e.kind, ERR_UNKNOWN);
    assert_int_equal(e.code, 52);
    assert_int_equal(e.retry_after_s, 3);
    assert_string_equal(e.text, "placing order 42: line lost after 7 bytes");
}

static void context_of_no_error_is_no_error(void **state)
{
    (void)state;
    struct err e = err_in(OK, "placing the order");
    assert_int_equal(e.kind, ERR_NONE);
    assert_string_equal(e.text, "");
    e = err_in(NOT_YET, "waiting");
    assert_int_equal(e.kind, ERR_NOT_YET);
    assert_string_equal(e.text, "waiting");
}

static void long_texts_are_cut_and_end(void **state)
{
    struct err e = permanent("%0500d", 1);

    (void)state;
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
    e = err_in(e, "%0500d", 1);
    assert_int_equal(strlen(e.text), 222);
}

static struct err try_twice(int *calls, struct err first)
{
    ++*calls;
    TRY(first);
    ++*calls;
    return OK;
}

static void an_error_is_utf8_wherever_it_was_cut(void **state)
{
    char text_[sizeof OK.text + 20];

    (void)state;
    for (size_t odd = 0; odd < 2; odd++) {
        memset(text_, 'a', odd);
        for (size_t at = odd; at + 2 < sizeof text_; at += 2) {
            memcpy(text_ + at, "é", 3);
        }
        struct err e = permanent("%s", text_);
        assert_true(utf8_valid(e.text, strlen(e.text)));
        e = err_in(e, "%s", text_);
        assert_true(utf8_valid(e.text, strlen(e.text)));
    }
    assert_string_equal(transient("said \"%s\"", "\xff\x1b[1m").text, "said \"??[1m\"");
}

static void try_stops_at_the_first_failure(void **state)
{
    int calls = 0;

    (void)state;
    assert_int_equal(try_twice(&calls, transient("broke")).kind, ERR_TRANSIENT);
    assert_int_equal(calls, 1);
    assert_int_equal(try_twice(&calls, OK).kind, ERR_NONE);
    assert_int_equal(calls, 3);
    assert_string_equal(err_kind_name(ERR_PERMANENT), "permanent");
}

static void settings_come_from_the_environment_or_their_default(void **state)
{
    (void)state;
    assert_int_equal(setenv("T_COUNT", "7", 1), 0);
    assert_int_equal(settings_load(table, TABLE_SIZE).kind, ERR_NONE);
    assert_string_equal(text, "here");
    assert_string_equal(secret, "");
    assert_int_equal(count, 7);
    assert_true(seconds > 2.4 && seconds < 2.6);
}

static void a_setting_that_is_missing_is_named_with_its_reason(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("T_TEXT"), 0);
    struct err e = settings_load(table, TABLE_SIZE);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_string_equal(e.text, "T_TEXT is not set: where state lives");
    assert_int_equal(setenv("T_TEXT", "", 1), 0);
    assert_int_equal(settings_load(table, TABLE_SIZE).kind, ERR_PERMANENT);
}

static void a_bad_number_is_named(void **state)
{
    static const char *const bad[] = {"x", "1x", "-1", "1.5", "nan", "inf", "1e10", " "};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(setenv("T_COUNT", bad[i], 1), 0);
        struct err e = settings_load(table, TABLE_SIZE);
        assert_int_equal(e.kind, ERR_PERMANENT);
        assert_memory_equal(e.text, "T_COUNT must be a", 17);
    }
}

static void a_file_gives_the_value_and_wins_over_the_variable(void **state)
{
    char path[] = "/tmp/test_settings.XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "from a file\r\n", 13), 13);
    assert_int_equal(close(fd), 0);
    assert_int_equal(setenv("T_SECRET", "from the variable", 1), 0);
    assert_int_equal(setenv("T_SECRET_FILE", path, 1), 0);
    assert_int_equal(settings_load(table, TABLE_SIZE).kind, ERR_NONE);
    assert_string_equal(secret, "from a file");
    kept = secret; /* lives as long as the process; for the leak checker somebody must know it */

    assert_int_equal(unlink(path), 0);
    struct err e = settings_load(table, TABLE_SIZE);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_memory_equal(e.text, "T_SECRET_FILE: cannot read", 26);
    assert_string_equal(kept, "from a file");
}

static void a_file_that_does_not_fit_is_refused(void **state)
{
    char path[] = "/tmp/test-settings-XXXXXX", small[4];
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0 && write(fd, "1234\n", 5) == 5 && close(fd) == 0);
    struct err e = setting_read_file("T_TEXT", path, small, sizeof small);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "T_TEXT_FILE: there is too much in '/tmp/test-settings-"));
    assert_int_equal(unlink(path), 0);
}

static void secrets_are_shown_as_stars_and_help_lists_every_row(void **state)
{
    char shown[128], help[1024] = "";

    (void)state;
    assert_int_equal(setenv("T_SECRET", "hush", 1), 0);
    assert_int_equal(settings_load(table, TABLE_SIZE).kind, ERR_NONE);
    settings_show(&table[1], shown, sizeof shown);
    assert_string_equal(shown, "***");
    settings_show(&table[0], shown, sizeof shown);
    assert_string_equal(shown, "here");
    settings_show(&table[2], shown, sizeof shown);
    assert_string_equal(shown, "64");

    FILE *out = fmemopen(help, sizeof help, "w");
    assert_non_null(out);
    settings_help(out, table, TABLE_SIZE);
    assert_int_equal(fclose(out), 0);
    for (int i = 0; i < TABLE_SIZE; i++) {
        assert_non_null(strstr(help, table[i].name));
        assert_non_null(strstr(help, table[i].why));
    }
    assert_null(strstr(help, "hush"));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_error_keeps_its_kind_and_code_when_context_is_added),
        TEST(context_of_no_error_is_no_error),
        TEST(long_texts_are_cut_and_end),
        TEST(an_error_is_utf8_wherever_it_was_cut),
        TEST(try_stops_at_the_first_failure),
        TEST(settings_come_from_the_environment_or_their_default),
        TEST(a_setting_that_is_missing_is_named_with_its_reason),
        TEST(a_bad_number_is_named),
        TEST(a_file_gives_the_value_and_wins_over_the_variable),
        TEST(a_file_that_does_not_fit_is_refused),
        TEST(secrets_are_shown_as_stars_and_help_lists_every_row),
    };

    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
