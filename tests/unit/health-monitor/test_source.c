/* Source expressions of frame-ancestors against origins, as a table. The page is https://192.0.2.7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "source.h"

/* clang-format off */
static const struct {
    const char *source, *origin;
    bool matches;
} cases[] = {
    {"https://dash.example",        "https://dash.example",      true},
    {"HTTPS://DASH.example",        "https://dash.EXAMPLE",      true},
    {"https://dash.example",        "https://dash.example:443",  true},
    {"https://dash.example:443",    "https://dash.example",      true},
    {"https://dash.example/",       "https://dash.example",      true},
    {"https://dash.example/x",      "https://dash.example",      false},
    {"https://dash.example",        "https://dash.example:8443", false},
    {"https://dash.example:8443",   "https://dash.example",      false},
    {"https://dash.example:8443",   "https://dash.example:8443", true},
    {"https://dash.example:*",      "https://dash.example:8443", true},
    {"https://dash.example:*",      "https://dash.example",      true},
    {"https://dash.example:",       "https://dash.example",      false},
    {"https://dash.example:44x",    "https://dash.example:44",   false},
    {"https://dash.example:99999999999999999999", "https://dash.example", false},
    {"https://dash.example",        "http://dash.example",       false},
    {"http://dash.example",         "http://dash.example",       true},
    {"http://dash.example",         "https://dash.example",      true}, /* the safer one may, too */
    {"http://dash.example:80",      "https://dash.example",      false},
    {"dash.example",                "https://dash.example",      true},
    {"dash.example",                "http://dash.example",       false}, /* as the page: HTTPS */
    {"dash.example:9000",           "https://dash.example:9000", true},
    {"https://dash.example",        "https://dash.example.evil.example", false},
    {"https://dash.example",        "https://evil-dash.example", false},
    {"https://*.example",           "https://dash.example",      true},
    {"https://*.example",           "https://a.b.example",       true},
    {"https://*.example",           "https://example",           false},
    {"https://*.dash.example",      "https://dash.example",      false},
    {"https://*.dash.example",      "https://evildash.example",  false},
    {"https://da*.example",         "https://dash.example",      false},
    {"https://*",                   "https://dash.example",      true},
    {"https://*:*",                 "https://dash.example:1",    true},
    {"https://*",                   "http://dash.example",       false},
    {"*",                           "https://dash.example",      true},
    {"*",                           "http://127.0.0.1:9000",     true},
    {"https:",                      "https://dash.example:1",    true},
    {"https:",                      "http://dash.example",       false},
    {"http:",                       "http://dash.example",       true},
    {"HTTP:",                       "https://dash.example",      true},
    {"wss:",                        "https://dash.example",      true},
    {"data:",                       "https://dash.example",      false},
    {"'none'",                      "https://dash.example",      false},
    {"'unsafe-inline'",             "https://dash.example",      false},
    {"'self'",                      "https://dash.example",      false},
    {"'SELF'",                      "https://192.0.2.7",         true},
    {"'self'",                      "http://192.0.2.7",          false},
    {"self",                        "https://192.0.2.7",         false},
    {"none",                        "https://dash.example",      false},
    {"http://127.0.0.1:9000",       "http://127.0.0.1:9000",     true},
    {"http://127.0.0.1:9000",       "http://127.0.0.1:9001",     false},
    {"http://[::1]:9000",           "http://[::1]:9000",         true},
    {"http://[::1]",                "http://[::1]:9000",         false},
    {"http://[::1",                 "http://[::1]",              false},
    {"https://",                    "https://dash.example",      false},
    {"://dash.example",             "https://dash.example",      false},
    {"ftp://dash.example",          "https://dash.example",      false},
    {":",                           "https://dash.example",      false},
    {"/",                           "https://dash.example",      false},
    {"https://a@dash.example",      "https://dash.example",      false},
};

static const struct {
    const char *text;
    bool good;
    int port;
} origins[] = {
    {"https://dash.example",         true,  443},
    {"http://dash.example",          true,  80},
    {"HTTP://127.0.0.1:9000",        true,  9000},
    {"http://[2001:db8::7]:9000",    true,  9000},
    {"http://[2001:db8::7]",         true,  80},
    {"https://dash.example:65535",   true,  65535},
    {"https://dash.example:65536",   false, 0},
    {"https://dash.example:0",       false, 0},
    {"https://dash.example:",        false, 0},
    {"https://dash.example:123456",  false, 0},
    {"https://dash.example/",        false, 0},
    {"https://dash.example:80:80",   false, 0},
    {"https://a@dash.example",       false, 0},
    {"https://",                     false, 0},
    {"https://:80",                  false, 0},
    {"https://[]",                   false, 0},
    {"https://[::1",                 false, 0},
    {"https://[::1]80",              false, 0},
    {"https://*.example",            false, 0},
    {"dash.example",                 false, 0},
    {"ftp://dash.example",           false, 0},
    {"",                             false, 0},
};
/* clang-format on */

static void each_source_matches_as_in_a_browser(void **state)
{
    (void)state;
    struct origin self, origin;

    assert_true(origin_read("https://192.0.2.7", strlen("https://192.0.2.7"), &self));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(origin_read(cases[i].origin, strlen(cases[i].origin), &origin));
        if (source_matches(cases[i].source, strlen(cases[i].source), &origin, &self) !=
            cases[i].matches) {
            fail_msg("%s against %s", cases[i].source, cases[i].origin);
        }
    }
}

static void the_page_itself_may_also_have_become_safer(void **state)
{
    (void)state;
    struct origin self, origin;

    assert_true(origin_read("http://a.example", strlen("http://a.example"), &self));
    assert_true(origin_read("https://a.example", strlen("https://a.example"), &origin));
    assert_true(source_matches("'self'", 6, &origin, &self));
    assert_true(source_matches("a.example", 9, &origin, &self));
    assert_true(source_matches("a.example", 9, &self, &self));
}

static void only_an_origin_is_one(void **state)
{
    (void)state;
    struct origin origin;

    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        bool good = origin_read(origins[i].text, strlen(origins[i].text), &origin);
        if (good != origins[i].good || (good && origin.port != origins[i].port)) {
            fail_msg("%s", origins[i].text);
        }
    }
}

static void several_are_separated_by_blanks(void **state)
{
    (void)state;
    struct origins some;
    char many[1024] = "";
    size_t at = 0;

    assert_int_equal(origins_read(" https://a.example  http://b.example:9000 ", &some).kind,
                     ERR_NONE);
    assert_int_equal(some.n, 2);
    assert_int_equal(some.list[1].port, 9000);
    assert_string_equal(origins_read("https://a.example b.example", &some).text,
                        "'b.example' is no origin (https://host or https://host:port)");
    assert_string_equal(origins_read("  ", &some).text, "there is none");
    for (int i = 0; i <= ORIGINS_MAX; i++) {
        at += (size_t)snprintf(many + at, sizeof many - at, "https://a%d.example ", i);
    }
    assert_string_equal(origins_read(many, &some).text, "there are more than 16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_source_matches_as_in_a_browser),
        cmocka_unit_test(the_page_itself_may_also_have_become_safer),
        cmocka_unit_test(only_an_origin_is_one),
        cmocka_unit_test(several_are_separated_by_blanks),
    };

    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
