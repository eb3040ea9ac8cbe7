/* What `openclaw dashboard --json` says, and what a hostile machine might say in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "link.h"

#define NOW 1790000000000LL
#define TOKEN "Zm9vYmFyLWJvb3RzdHJhcC10b2tlbi0wMTIzNDU2Nzg5"
#define LOCAL "http://127.0.0.1:18789/#"
#define GOOD                                                                                       \
    "{\"ok\":true,\"url\":\"http://127.0.0.1:18789/\",\"port\":18789,\"browserUrl\":\"" LOCAL      \
    "bootstrapToken=" TOKEN "&bootstrapProfile=owner&gatewayUrl=ws%3A%2F%2F127.0.0.1%3A18789\","   \
    "\"browserBootstrapExpiresAtMs\":1790000599900}\n"

static struct arena *arena;
static struct link found;

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
    return 0;
}

static struct err read_text(const char *text)
{
    return link_read(text, strlen(text), NOW, arena, &found);
}

static struct err read_fragment(const char *fragment)
{
    return read_text(arena_printf(arena, "{\"ok\":true,\"browserUrl\":\"" LOCAL "%s\"}", fragment));
}

static void the_token_and_its_end_are_found(void **state)
{
    (void)state;
    assert_int_equal(read_text(GOOD).kind, ERR_NONE);
    assert_string_equal(found.token, TOKEN);
    assert_int_equal(found.expires_at_ms, 1790000599900LL);
}

static void only_what_is_needed_goes_on(void **state)
{
    (void)state;
    assert_int_equal(read_text(GOOD).kind, ERR_NONE);
    assert_string_equal(link_fragment(&found, "f00dfeed", arena),
                        "bootstrapToken=" TOKEN "&bootstrapProfile=owner&token=f00dfeed");
    assert_string_equal(link_fragment(&found, "a&b=#c\xc3\xa4", arena),
                        "bootstrapToken=" TOKEN "&bootstrapProfile=owner&token=a%26b%3D%23c%C3%A4");
    assert_string_equal(link_fragment(&(struct link){0}, "a&b", arena), "token=a%26b");
}

static void a_clock_that_is_wrong_makes_no_link_live_longer(void **state)
{
    static const char *const ends[] = {"0",        "-5",    "1789999999999", "9990000000000",
                                       "\"soon\"", "1e400", "null"};

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct err e =
            read_text(arena_printf(arena,
                                   "{\"ok\":true,\"browserUrl\":\"" LOCAL "bootstrapToken=" TOKEN
                                   "&bootstrapProfile=owner\",\"browserBootstrapExpiresAtMs\":%s}",
                                   ends[i]));
        if (!failed(e)) {
            assert_int_equal(found.expires_at_ms, NOW + 600000);
        }
    }
}

static void a_refusal_keeps_openclaws_words(void **state)
{
    (void)state;
    struct err e = read_text("{\"ok\":false,\"reason\":\"Gateway is not running.\"}\n");
    assert_int_equal(e.code, LINK_NOT_RUNNING);
    assert_string_equal(e.text, "Gateway is not running.");
    e = read_text("{\"ok\":false,\"reason\":\"The config\\nis sk-or-v1-0123456789 \\u0007odd\"}");
    assert_int_equal(e.code, LINK_REFUSED);
    assert_null(strstr(e.text, "0123456789"));
    assert_null(strchr(e.text, '\n'));
    assert_int_equal(read_text("{\"ok\":false}").code, LINK_SENSELESS);
    assert_int_equal(read_text("{\"ok\":false,\"reason\":7}").code, LINK_SENSELESS);
}

static void a_long_reason_is_cut(void **state)
{
    char text[4000] = "{\"ok\":false,\"reason\":\"";

    (void)state;
    for (int i = 0; i < 900; i++) {
        memcpy(text + strlen(text), "\xc3\xa4", 3);
    }
    memcpy(text + strlen(text), "\"}", 3);
    struct err e = read_text(text);
    assert_int_equal(e.code, LINK_REFUSED);
    assert_true(strlen(e.text) < 120);
    assert_true(utf8_valid(e.text, strlen(e.text)));
}

static void what_is_no_link_is_refused_and_not_quoted(void **state)
{
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "bash: openclaw: command not found",
        GOOD GOOD,
        "{\"ok\":true}",
        "{\"ok\":\"true\",\"browserUrl\":\"" LOCAL "bootstrapToken=" TOKEN "\"}",
        "{\"ok\":true,\"browserUrl\":7}",
        "{\"ok\":true,\"ok\":false,\"browserUrl\":\"" LOCAL "bootstrapToken=" TOKEN "\"}",
        "{\"ok\":true,\"browserUrl\":\"https://evil.example/#bootstrapToken=" TOKEN
        "&bootstrapProfile=owner\"}",
        "{\"ok\":true,\"browserUrl\":\"http://127.0.0.1:18789/?bootstrapToken=" TOKEN
        "&bootstrapProfile=owner\"}",
        "{\"ok\":true,\"browserUrl\":\"http://127.0.0.1:18789@evil.example/#bootstrapToken=" TOKEN
        "&bootstrapProfile=owner\"}",
    };
    static const char *const fragments[] = {
        "",
        "bootstrapProfile=owner",
        "bootstrapToken=&bootstrapProfile=owner",
        "bootstrapToken=short&bootstrapProfile=owner",
        "bootstrapToken=" TOKEN,
        "bootstrapToken=" TOKEN "&bootstrapProfile=guest",
        "bootstrapToken=" TOKEN "&bootstrapProfile=ownerx",
        "bootstrapToken=" TOKEN "&bootstrapProfile=owner&bootstrapProfile=owner",
        "bootstrapToken=" TOKEN "&bootstrapToken=" TOKEN "&bootstrapProfile=owner",
        "bootstrapToken=" TOKEN "%20x&bootstrapProfile=owner",
        "bootstrapToken=" TOKEN "\\u003cscript\\u003e&bootstrapProfile=owner",
        "bootstrapToken=" TOKEN "\\u0000&bootstrapProfile=owner",
        "xbootstrapToken=" TOKEN "&bootstrapProfile=owner",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = read_text(bad[i]);
        if (e.code != LINK_SENSELESS || strstr(e.text, TOKEN) || found.token[0]) {
            fail_msg("'%s' was taken: %s", bad[i], e.text);
        }
    }
    for (size_t i = 0; i < sizeof fragments / sizeof fragments[0]; i++) {
        struct err e = read_fragment(fragments[i]);
        if (e.code != LINK_SENSELESS || strstr(e.text, TOKEN)) {
            fail_msg("'%s' was taken: %s", fragments[i], e.text);
        }
    }
}

static void a_token_that_never_ends_is_refused(void **state)
{
    char fragment[1000] = "bootstrapProfile=owner&bootstrapToken=";

    (void)state;
    memset(fragment + strlen(fragment), 'a', 600);
    assert_int_equal(read_fragment(fragment).code, LINK_SENSELESS);
}

static void any_bytes_at_all_are_survived(void **state)
{
    static const char good[] = GOOD;
    char bytes[sizeof good];
    unsigned seed = 7;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        memcpy(bytes, good, sizeof good);
        for (int i = 0; i < 1 + round % 4; i++) {
            seed = seed * 1103515245U + 12345U;
            bytes[(seed >> 16) % (sizeof good - 1)] = (char)(seed >> 8);
        }
        size_t len = round % 3 ? sizeof good - 1 : (size_t)round % sizeof good;
        struct err e = link_read(bytes, len, NOW, arena, &found);
        assert_true(e.kind == ERR_NONE || e.kind == ERR_PERMANENT);
        assert_true(utf8_valid(e.text, strlen(e.text)));
        const char *fragment = link_fragment(&found, "t", arena);
        assert_int_equal(strspn(fragment, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789-._~%&="),
                         strlen(fragment));
        arena_reset(arena);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_token_and_its_end_are_found),
        TEST(only_what_is_needed_goes_on),
        TEST(a_clock_that_is_wrong_makes_no_link_live_longer),
        TEST(a_refusal_keeps_openclaws_words),
        TEST(a_long_reason_is_cut),
        TEST(what_is_no_link_is_refused_and_not_quoted),
        TEST(a_token_that_never_ends_is_refused),
        TEST(any_bytes_at_all_are_survived),
    };

    return cmocka_run_group_tests_name("links into OpenClaw", tests, NULL, NULL);
}
