/* Cookies, origins, media types and numbers, as browsers and their enemies send them. */
#include "world.h"

static void a_cookie_is_found_among_others(void **state)
{
    char value[16];

    (void)state;
    assert_true(cookie_find("a=1; session=abc; b=2", "session", value, sizeof value));
    assert_string_equal(value, "abc");
    assert_true(cookie_find("session=abc", "session", value, sizeof value));
    assert_true(cookie_find("  ;;session=abc \t;", "session", value, sizeof value));
    assert_string_equal(value, "abc");
    assert_true(cookie_find("session=", "session", value, sizeof value));
    assert_string_equal(value, "");
}

static void a_cookie_of_a_similar_name_is_another(void **state)
{
    char value[16];

    (void)state;
    assert_false(cookie_find("xsession=abc", "session", value, sizeof value));
    assert_false(cookie_find("session2=abc; session", "session", value, sizeof value));
    assert_false(cookie_find("a=session=abc", "session", value, sizeof value));
    assert_false(cookie_find(NULL, "session", value, sizeof value));
    assert_false(cookie_find("", "session", value, sizeof value));
}

static void a_cookie_that_does_not_fit_is_none(void **state)
{
    char value[4];

    (void)state;
    assert_false(cookie_find("session=abcd", "session", value, sizeof value));
    assert_true(cookie_find("session=abc", "session", value, sizeof value));
}

static void only_pages_of_the_same_host_and_port_are_ours(void **state)
{
    (void)state;
    assert_true(origin_is_ours("https://claw.example", "claw.example"));
    assert_true(origin_is_ours("http://127.0.0.1:8080", "127.0.0.1:8080"));
    assert_true(origin_is_ours("https://Claw.Example", "claw.example"));
    assert_false(origin_is_ours("https://evil.example", "claw.example"));
    assert_false(origin_is_ours("https://claw.example.evil.example", "claw.example"));
    assert_false(origin_is_ours("https://claw.example:444", "claw.example"));
    assert_false(origin_is_ours("null", "claw.example"));
    assert_false(origin_is_ours("", "claw.example"));
    assert_false(origin_is_ours("://claw.example", "claw.example"));
    assert_false(origin_is_ours("file://claw.example", "claw.example"));
    assert_false(origin_is_ours("https://claw.example", NULL));
    assert_false(origin_is_ours("https://", ""));
}

static void json_is_known_by_its_media_type(void **state)
{
    (void)state;
    assert_true(media_is_json("application/json"));
    assert_true(media_is_json("Application/JSON; charset=utf-8"));
    assert_false(media_is_json("application/jsonp"));
    assert_false(media_is_json("text/plain"));
    assert_false(media_is_json(""));
    assert_false(media_is_json(NULL));
}

static void a_browser_that_wants_a_stream_says_so(void **state)
{
    (void)state;
    assert_true(accepts("text/event-stream", "text/event-stream"));
    assert_true(accepts("application/json, text/event-stream;q=0.9", "text/event-stream"));
    assert_false(accepts("*/*", "text/event-stream"));
    assert_false(accepts("text/event-streams", "text/event-stream"));
    assert_false(accepts(NULL, "text/event-stream"));
}

static void a_number_is_digits_alone_and_fits(void **state)
{
    int n = -1;

    (void)state;
    assert_true(number_parse("0", &n));
    assert_int_equal(n, 0);
    assert_true(number_parse("2147483647", &n));
    assert_int_equal(n, 2147483647);
    assert_false(number_parse("2147483648", &n));
    assert_false(number_parse("99999999999999999999", &n));
    assert_false(number_parse("", &n));
    assert_false(number_parse("-1", &n));
    assert_false(number_parse(" 1", &n));
    assert_false(number_parse("1x", &n));
}

static void a_query_parameter_is_found_by_its_whole_name(void **state)
{
    char value[8];

    (void)state;
    assert_true(query_find("after=5", "after", value, sizeof value));
    assert_string_equal(value, "5");
    assert_true(query_find("x=1&after=7&y=", "after", value, sizeof value));
    assert_string_equal(value, "7");
    assert_false(query_find("hereafter=5", "after", value, sizeof value));
    assert_false(query_find("after", "after", value, sizeof value));
    assert_false(query_find("after=12345678", "after", value, sizeof value));
    assert_false(query_find(NULL, "after", value, sizeof value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_cookie_is_found_among_others),
        TEST(a_cookie_of_a_similar_name_is_another),
        TEST(a_cookie_that_does_not_fit_is_none),
        TEST(only_pages_of_the_same_host_and_port_are_ours),
        TEST(json_is_known_by_its_media_type),
        TEST(a_browser_that_wants_a_stream_says_so),
        TEST(a_number_is_digits_alone_and_fits),
        TEST(a_query_parameter_is_found_by_its_whole_name),
    };

    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
