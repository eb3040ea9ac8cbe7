/* Options and times as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <string.h>

#include "base/arena.h"
#include "clawctl/operator.h"
#include "clawctl/options.h"

#define NOW_US 1779112931000000LL /* 2026-05-18T14:02:11Z */

static bool all;
static const char *service;
static int rate;
static struct option_time since;
static const char *words[2];
static int n_words;

static const struct option_rule rules[] = {
    {"--all",     OPTION_FLAG,  &all    },
    {"--service", OPTION_TEXT,  &service},
    {"--rate",    OPTION_COUNT, &rate   },
    {"--since",   OPTION_TIME,  &since  },
};

/* NULL-terminated arguments. */
static struct err read_all(const char *first, ...)
{
    char *argv[8];
    int argc = 0;
    va_list args;

    va_start(args, first);
    for (const char *a = first; a && argc < 8; a = va_arg(args, const char *)) {
        argv[argc++] = (char *)(uintptr_t)a;
    }
    va_end(args);
    all = false;
    service = NULL;
    rate = 0;
    since = (struct option_time){0};
    words[0] = words[1] = NULL;
    return options_read(argc, argv, rules, 4, words, 2, &n_words);
}

static void options_and_words_may_come_in_any_order(void **state)
{
    (void)state;
    assert_false(failed(read_all("replay", "--rate", "7", "17", "--service=installer", "--all",
                                 "--since", "2026-05-18", NULL)));
    assert_int_equal(n_words, 2);
    assert_string_equal(words[0], "replay");
    assert_string_equal(words[1], "17");
    assert_string_equal(service, "installer");
    assert_int_equal(rate, 7);
    assert_true(all);
    assert_string_equal(since.at, "2026-05-18T00:00:00.000000Z");
}

static void wrong_use_is_one_line(void **state)
{
    static const struct {
        const char *argument, *next, *says;
    } wrong[] = {
        {"--al",       NULL,      "unknown option '--al'"                      },
        {"--service",  NULL,      "--service needs a value"                    },
        {"--service",  "--all",   "--service needs a value"                    },
        {"--service=", NULL,      "--service is empty"                         },
        {"--all=yes",  NULL,      "--all takes no value"                       },
        {"--all",      "--all",   "--all is there twice"                       },
        {"--rate",     "0",       "'0' is not a number from 1 to 1000000"      },
        {"--rate",     "-1",      "'-1' is not a number"                       },
        {"--rate",     "9999999", "'9999999' is not a number from 1 to 1000000"},
        {"--rate",     "3x",      "'3x' is not a number from 1 to 1000000"     },
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct err e = read_all(wrong[i].argument, wrong[i].next, NULL);
        assert_string_equal(e.text, wrong[i].says);
        assert_int_equal(e.code, USAGE);
    }
    assert_string_equal(read_all("a", "b", "c", NULL).text, "'c' is one word too many");
}

static void a_time_is_a_date_or_how_long_ago(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        {"90s",                  NOW_US - 90000000LL                   },
        {"30m",                  NOW_US - 1800000000LL                 },
        {"2h",                   NOW_US - 7200000000LL                 },
        {"7d",                   NOW_US - 7 * 86400000000LL            },
        {"9999999d",             0                                     },
        {"2026-05-18T14:02:11Z", NOW_US                                },
        {"2026-05-18T14:02:11",  NOW_US                                },
        {"2026-05-18T14:02",     NOW_US - 11000000LL                   },
        {"2026-05-18T14:02Z",    NOW_US - 11000000LL                   },
        {"2026-05-18",           NOW_US / 86400000000LL * 86400000000LL},
    };
    static const char *const bad[] = {"",           "h",
                                      "2",          "2w",
                                      "2h30m",      "-2h",
                                      "99999999h",  "2026-02-30",
                                      "2026-13-01", "2026-5-18",
                                      "18.05.2026", "2026-05-18T25:00",
                                      "tomorrow",   "2026-05-18T14:02:11+02:00",
                                      "1900-01-01"};
    int64_t us = 0;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_false(failed(time_read(good[i].text, NOW_US, &us)));
        assert_int_equal(us, good[i].us);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(time_read(bad[i], NOW_US, &us).code, USAGE);
    }
}

static void hostile_text_moves_no_cursor(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(visible(arena, "a\x1b[2Jb\tc\nd", false), "a\\u{1b}[2Jb\\u{9}c\\u{a}d");
    assert_string_equal(visible(arena, "a\nb\r", true), "a\n  b\\u{d}");
    assert_string_equal(visible(arena,
                                "\xe2\x80\xae"
                                "evil \xc2\x9b"
                                "31m \xc3\xa4 \xff",
                                false),
                        "\\u{202e}evil \\u{9b}31m \xc3\xa4 \\u{ff}");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_words_may_come_in_any_order),
        cmocka_unit_test(wrong_use_is_one_line),
        cmocka_unit_test(a_time_is_a_date_or_how_long_ago),
        cmocka_unit_test(hostile_text_moves_no_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
