/* common/http when it does not: every kind of silence, flood and broken line, and that a request
 * which may spend money is never sent twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <curl/curl.h>

#include "base/clock.h"
#include "http/http.h"
#include "server.h"

static struct http *http;
static struct arena *arena;
static struct server *server;
static struct http_response answer;

static int set_up(void **state)
{
    (void)state;
    http = http_new();
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_free(http);
    if (server) {
        server_stop(server);
        server = NULL;
    }
    arena_free(arena);
    return 0;
}

static const char *url(const char *path)
{
    return arena_printf(arena, "http://127.0.0.1:%d%s", server->port, path);
}

/* {.method = "GET", .url = url("/"), and what the test adds} */
#define CALL(...) http_call(http, &(struct http_request){__VA_ARGS__}, arena, &answer)

static void answer_ok(struct peer *p)
{
    while (peer_hear(p) &&
           peer_say(p, "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
                       "X-Ovh-Queryid: US.ext-1.42\r\nContent-Length: 4\r\n\r\nnull")) {
    }
}

static void a_refused_connection_is_transient_even_for_once(void **state)
{
    (void)state;
    server = server_start(answer_ok, NULL);
    const char *gone = url("/");
    server_stop(server);
    server = NULL;

    struct err e = CALL(.method = "POST", .url = gone, .once = true);

    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_int_equal(e.code, CURLE_COULDNT_CONNECT);
    assert_int_equal(answer.curl_code, CURLE_COULDNT_CONNECT);
}

static void a_bad_url_or_scheme_is_permanent(void **state)
{
    (void)state;
    assert_int_equal(CALL(.method = "GET", .url = "file:///etc/passwd").kind, ERR_PERMANENT);
    assert_int_equal(CALL(.method = "GET", .url = "http://a b/").kind, ERR_PERMANENT);
    assert_int_equal(CALL(.method = "GET", .url = "").kind, ERR_PERMANENT);
}

static void say_nothing(struct peer *p)
{
    if (peer_hear(p)) {
        peer_stay_silent(p);
    }
}

static void silence_ends_at_the_deadline(void **state)
{
    (void)state;
    server = server_start(say_nothing, NULL);
    int64_t start = clock_ms();

    struct err e = CALL(.method = "GET", .url = url("/"), .deadline_ms = 200);
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_int_equal(e.code, CURLE_OPERATION_TIMEDOUT);
    e = CALL(.method = "POST", .url = url("/"), .deadline_ms = 200, .once = true);
    assert_int_equal(e.kind, ERR_UNKNOWN);

    assert_in_range(clock_ms() - start, 390, 3000);
}

static void drip(struct peer *p)
{
    if (!peer_hear(p) || !peer_say(p, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")) {
        return;
    }
    while (peer_say(p, "x")) {
        (void)usleep(20000);
    }
}

static void a_body_that_drips_ends_at_the_deadline(void **state)
{
    (void)state;
    server = server_start(drip, NULL);
    int64_t start = clock_ms();

    struct err e = CALL(.method = "GET", .url = url("/"), .deadline_ms = 300);

    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_int_equal(e.code, CURLE_OPERATION_TIMEDOUT);
    assert_in_range(clock_ms() - start, 290, 3000);
    assert_string_equal(answer.body, "");
}

static void answer_endless_body(struct peer *p)
{
    char block[4096];

    memset(block, 'x', sizeof block);
    if (!peer_hear(p)) {
        return;
    }
    (void)peer_say(p, "HTTP/1.1 200 OK\r\n\r\n");
    while (peer_write(p, block, sizeof block)) {
    }
}

static void a_body_over_the_limit_is_permanent_or_unknown_with_once(void **state)
{
    (void)state;
    server = server_start(answer_endless_body, NULL);

    struct err e = CALL(.method = "GET", .url = url("/"));
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_string_equal(e.text, "the answer is too large");
    e = CALL(.method = "POST", .url = url("/"), .once = true, .body_limit = 10);
    assert_int_equal(e.kind, ERR_UNKNOWN);
}

static void a_body_of_exactly_the_limit_fits(void **state)
{
    (void)state;
    server = server_start(answer_ok, NULL);

    assert_int_equal(CALL(.method = "GET", .url = url("/"), .body_limit = 4).kind, ERR_NONE);
    assert_int_equal(CALL(.method = "GET", .url = url("/"), .body_limit = 3).kind, ERR_PERMANENT);
}

static void answer_endless_headers(struct peer *p)
{
    if (!peer_hear(p) || !peer_say(p, "HTTP/1.1 200 OK\r\n")) {
        return;
    }
    while (peer_say(p, "X-More: and more and more and more and more and more\r\n")) {
    }
}

static void headers_without_end_are_too_large(void **state)
{
    (void)state;
    server = server_start(answer_endless_headers, NULL);

    assert_int_equal(CALL(.method = "GET", .url = url("/")).kind, ERR_PERMANENT);
}

static void hear_and_hang_up(struct peer *p)
{
    (void)peer_hear(p);
}

static void a_drop_after_the_request_is_unknown_with_once_and_arrived_once(void **state)
{
    (void)state;
    server = server_start(hear_and_hang_up, NULL);

    struct err e = CALL(.method = "POST", .url = url("/pay"), .body = "{}", .once = true);

    assert_int_equal(e.kind, ERR_UNKNOWN);
    assert_int_equal(e.code, CURLE_GOT_NOTHING);
    assert_int_equal(server->posts, 1);
    assert_int_equal(CALL(.method = "GET", .url = url("/")).kind, ERR_TRANSIENT);
}

/* Answers GETs on a connection that stays open; reads a POST, "does" it, and hangs up. */
static void keep_alive_until_a_post(struct peer *p)
{
    while (peer_hear(p) && strncmp(p->request, "POST ", 5) != 0 &&
           peer_say(p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
    }
}

static void a_kept_connection_that_dies_makes_libcurl_repeat_but_never_with_once(void **state)
{
    (void)state;
    server = server_start(keep_alive_until_a_post, NULL);

    assert_int_equal(CALL(.method = "GET", .url = url("/")).kind, ERR_NONE);
    struct err e = CALL(.method = "POST", .url = url("/buy"), .once = true);
    assert_int_equal(e.kind, ERR_UNKNOWN);
    assert_int_equal(server->posts, 1);

    /* What would have happened: the connection of the GET is still there, and the POST goes out
     * twice. */
    e = CALL(.method = "POST", .url = url("/buy"));
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_int_equal(server->posts, 3);
}

static void answer_garbage(struct peer *p)
{
    if (peer_hear(p)) {
        (void)peer_say(p, "220 mail.example ESMTP\r\n");
    }
}

static void an_answer_that_is_no_http_is_no_answer(void **state)
{
    (void)state;
    server = server_start(answer_garbage, NULL);

    assert_int_equal(CALL(.method = "GET", .url = url("/")).kind, ERR_TRANSIENT);
    assert_int_equal(CALL(.method = "POST", .url = url("/"), .once = true).kind, ERR_UNKNOWN);
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_refused_connection_is_transient_even_for_once),
        TEST(a_bad_url_or_scheme_is_permanent),
        TEST(silence_ends_at_the_deadline),
        TEST(a_body_that_drips_ends_at_the_deadline),
        TEST(a_body_over_the_limit_is_permanent_or_unknown_with_once),
        TEST(a_body_of_exactly_the_limit_fits),
        TEST(headers_without_end_are_too_large),
        TEST(a_drop_after_the_request_is_unknown_with_once_and_arrived_once),
        TEST(a_kept_connection_that_dies_makes_libcurl_repeat_but_never_with_once),
        TEST(an_answer_that_is_no_http_is_no_answer),
    };

    http_init();
    return cmocka_run_group_tests_name("http_failures", tests, NULL, NULL);
}
