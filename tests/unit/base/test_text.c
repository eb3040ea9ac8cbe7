/* Bytes and text: arena, buf, UTF-8, base64, ids, clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/utf8.h"

static struct arena *arena;
static struct buf buf;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    buf_release(&buf);
    return 0;
}

static void an_arena_gives_zeroed_aligned_memory_of_any_size(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 16 * 1024, 16 * 1024 + 1, 1000000, 1};

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            unsigned char *at = arena_alloc(arena, sizes[i]);
            assert_int_equal((uintptr_t)at % 16, 0);
            for (size_t k = 0; k < sizes[i]; k++) {
                assert_int_equal(at[k], 0);
            }
            memset(at, 0xFF, sizes[i]);
        }
        arena_reset(arena);
    }
}

static void an_arena_copies_and_formats_text(void **state)
{
    (void)state;
    assert_string_equal(arena_strdup(arena, "abc"), "abc");
    assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
    assert_string_equal(arena_printf(arena, "%s %d", "a", 7), "a 7");
    char *wide = arena_printf(arena, "%040000d", 1);
    assert_int_equal(strlen(wide), 40000);
}

static void an_arena_that_is_null_may_be_freed(void **state)
{
    (void)state;
    arena_free(NULL);
}

static void a_buf_grows_up_to_its_ceiling_and_keeps_what_fits(void **state)
{
    (void)state;
    buf_init(&buf, 1000);
    for (int i = 0; i < 99; i++) {
        assert_true(buf_puts(&buf, "0123456789"));
    }
    assert_true(buf_puts(&buf, "0123456789"));
    assert_false(buf.failed);
    assert_int_equal(buf.len, 1000);
    assert_false(buf_puts(&buf, "x"));
    assert_int_equal(buf.len, 1000);
    assert_true(buf.failed);
    assert_int_equal(strlen(buf.at), 1000);

    buf_clear(&buf);
    assert_int_equal(buf.len, 0);
    assert_false(buf.failed);
    assert_false(buf_printf(&buf, "%01001d", 1));
    assert_int_equal(buf.len, 1000);
}

static void a_buf_that_failed_once_says_so_until_it_is_cleared(void **state)
{
    (void)state;
    buf_init(&buf, 4);
    assert_false(buf_puts(&buf, "12345"));
    assert_false(buf_puts(&buf, ""));
    assert_string_equal(buf.at, "1234");
    buf_clear(&buf);
    assert_true(buf_printf(&buf, "%d", 12));
    assert_string_equal(buf.at, "12");
}

static void json_text_is_escaped_and_bad_utf8_replaced(void **state)
{
    /* the last four: cut short, overlong, a surrogate, past U+10FFFF */
    static const char *const table[][2] = {
        {"",                                          "\"\""                             },
        {"plain",                                     "\"plain\""                        },
        {"a\"b\\c",                                   "\"a\\\"b\\\\c\""                  },
        {"line\nbreak\ttab",                          "\"line\\u000abreak\\u0009tab\""   },
        {"\x7f\x01",                                  "\"\\u007f\\u0001\""               },
        {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\xA6\x80",
         "\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\xA6\x80\""                                 },
        {"\xFF",                                      "\"\\ufffd\""                      },
        {"a\xC3",                                     "\"a\\ufffd\""                     },
        {"\xC0\xAF",                                  "\"\\ufffd\\ufffd\""               },
        {"\xED\xA0\x80",                              "\"\\ufffd\\ufffd\\ufffd\""        },
        {"\xF4\x90\x80\x80z",                         "\"\\ufffd\\ufffd\\ufffd\\ufffdz\""},
    };

    (void)state;
    buf_init(&buf, 1000);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        buf_clear(&buf);
        assert_true(buf_put_json(&buf, table[i][0]));
        assert_string_equal(buf.at, table[i][1]);
    }
}

static void utf8_is_judged_by_the_table_of_rfc_3629(void **state)
{
    (void)state;
    assert_true(utf8_valid("", 0));
    assert_true(
        utf8_valid("a\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF", 18));
    assert_false(utf8_valid("a\0b", 3));
    assert_false(utf8_valid("\x80", 1));
    assert_false(utf8_valid("\xC1\xBF", 2));
    assert_false(utf8_valid("\xE0\x9F\xBF", 3));
    assert_false(utf8_valid("\xF0\x8F\xBF\xBF", 4));
    assert_false(utf8_valid("\xF5\x80\x80\x80", 4));
    assert_false(utf8_valid("\xE2\x82", 2));
    assert_int_equal(utf8_length("\xE2\x82\xAC", 3), 3);
    assert_int_equal(utf8_length("\xE2\x82\xAC", 2), 0);
    assert_int_equal(utf8_length("x", 0), 0);
}

static void scrubbing_makes_any_bytes_valid(void **state)
{
    char text[] = "ok\n\t\x1b[31m\xC3\xA9\xFF\x7f";
    char every[256];

    (void)state;
    utf8_scrub(text, sizeof text - 1);
    assert_string_equal(text, "ok\n\t?[31m\xC3\xA9??");
    for (int i = 0; i < 256; i++) {
        every[i] = (char)i;
    }
    utf8_scrub(every, sizeof every);
    assert_true(utf8_valid(every, sizeof every));
}

static void base64_goes_both_ways_in_both_alphabets(void **state)
{
    unsigned char bytes[70], *back;
    size_t n;

    (void)state;
    assert_string_equal(base64_encode(arena, "", 0), "");
    assert_string_equal(base64_encode(arena, "f", 1), "Zg==");
    assert_string_equal(base64_encode(arena, "fo", 2), "Zm8=");
    assert_string_equal(base64_encode(arena, "foobar", 6), "Zm9vYmFy");
    assert_string_equal(base64_encode(arena, "\xFB\xFF", 2), "+/8=");
    assert_string_equal(base64url_encode(arena, "\xFB\xFF", 2), "-_8");
    for (size_t len = 0; len < sizeof bytes; len++) {
        memset(bytes, (int)(len * 37), len);
        const char *texts[] = {base64_encode(arena, bytes, len),
                               base64url_encode(arena, bytes, len)};
        for (int i = 0; i < 2; i++) {
            assert_true(base64_decode(arena, texts[i], strlen(texts[i]), &back, &n));
            assert_int_equal(n, len);
            assert_memory_equal(back, bytes, len);
        }
    }
}

static void base64_of_another_shape_is_refused(void **state)
{
    static const char *const texts[] = {
        "A", "Zh==", "Zm9=", "Zg=", "Z===", "====", "Zg==Zg==", "Zm 9", "=", "Zm9v\n"};
    unsigned char *back;
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(base64_decode(arena, texts[i], strlen(texts[i]), &back, &n));
    }
}

static void ids_are_uuid_version_7_in_the_order_of_time(void **state)
{
    char a[ID_SIZE], b[ID_SIZE];

    (void)state;
    id_new(a);
    assert_true(id_valid(a));
    assert_int_equal(a[14], '7');
    assert_non_null(strchr("89ab", a[19]));
    id_new(b);
    assert_string_not_equal(a, b);
    assert_true(strncmp(a, b, 13) <= 0);
    assert_string_equal(id_short(a), a + 24);
    assert_string_equal(id_short("short"), "short");
}

static void only_the_36_character_form_is_an_id(void **state)
{
    static const char *const texts[] = {
        "",
        "0190b6f0-7c3e-7a1b-8c2d-1234567890a",
        "0190b6f0-7c3e-7a1b-8c2d-1234567890abc",
        "0190b6f007c3e-7a1b-8c2d-1234567890ab",
        "0190b6f0-7c3e-7a1b-8c2d-1234567890ag",
        "0190b6f0-7c3e-7a1b-8c2d-12345678\n0ab",
    };

    (void)state;
    assert_true(id_valid("0190b6f0-7c3e-7a1b-8c2d-1234567890ab"));
    assert_true(id_valid("0190B6F0-7C3E-7A1B-8C2D-1234567890AB"));
    assert_false(id_valid(NULL));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(id_valid(texts[i]));
    }
}

static void a_stamp_is_written_in_utc_with_microseconds(void **state)
{
    char text[28];

    (void)state;
    clock_format(INT64_C(1779112931123456), text);
    assert_string_equal(text, "2026-05-18T14:02:11.123456Z");
    clock_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_arena_gives_zeroed_aligned_memory_of_any_size),
        TEST(an_arena_copies_and_formats_text),
        TEST(an_arena_that_is_null_may_be_freed),
        TEST(a_buf_grows_up_to_its_ceiling_and_keeps_what_fits),
        TEST(a_buf_that_failed_once_says_so_until_it_is_cleared),
        TEST(json_text_is_escaped_and_bad_utf8_replaced),
        TEST(utf8_is_judged_by_the_table_of_rfc_3629),
        TEST(scrubbing_makes_any_bytes_valid),
        TEST(base64_goes_both_ways_in_both_alphabets),
        TEST(base64_of_another_shape_is_refused),
        TEST(ids_are_uuid_version_7_in_the_order_of_time),
        TEST(only_the_36_character_form_is_an_id),
        TEST(a_stamp_is_written_in_utc_with_microseconds),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
