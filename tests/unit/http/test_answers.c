/* common/http when the other side answers: what is sent, what is read, and how it is judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

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

static void an_answer_brings_status_body_type_and_request_id(void **state)
{
    (void)state;
    server = server_start(answer_ok, NULL);

    assert_int_equal(CALL(.method = "GET", .url = url("/")).kind, ERR_NONE);

    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "null");
    assert_int_equal(answer.body_len, 4);
    assert_string_equal(answer.content_type, "application/json");
    assert_string_equal(answer.request_id, "US.ext-1.42");
    assert_int_equal(answer.cert_expires_unix, 0);
}

static void two_gets_share_a_connection_and_once_gets_its_own(void **state)
{
    (void)state;
    server = server_start(answer_ok, NULL);

    assert_int_equal(CALL(.method = "GET", .url = url("/")).kind, ERR_NONE);
    assert_int_equal(CALL(.method = "GET", .url = url("/")).kind, ERR_NONE);
    assert_int_equal(server->connections, 1);
    assert_int_equal(CALL(.method = "POST", .url = url("/"), .once = true).kind, ERR_NONE);
    assert_int_equal(server->connections, 2);
    assert_int_equal(CALL(.method = "GET", .url = url("/")).kind, ERR_NONE);
    assert_int_equal(server->connections, 2);
}

static void echo_request(struct peer *p)
{
    while (peer_hear(p)) {
        char head[128];
        (void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
                       strlen(p->request));
        (void)peer_say(p, head);
        (void)peer_say(p, p->request);
    }
}

static void a_post_or_put_without_a_body_says_content_length_zero(void **state)
{
    (void)state;
    server = server_start(echo_request, NULL);

    assert_int_equal(CALL(.method = "POST", .url = url("/a"), .once = true).kind, ERR_NONE);
    assert_non_null(strstr(answer.body, "POST /a HTTP/1.1\r\n"));
    assert_non_null(strstr(answer.body, "\r\nContent-Length: 0\r\n"));
    assert_null(strstr(answer.body, "Content-Type"));
    assert_int_equal(CALL(.method = "PUT", .url = url("/a")).kind, ERR_NONE);
    assert_non_null(strstr(answer.body, "PUT /a HTTP/1.1\r\n"));
    assert_non_null(strstr(answer.body, "\r\nContent-Length: 0\r\n"));
    assert_int_equal(CALL(.method = "DELETE", .url = url("/a")).kind, ERR_NONE);
    assert_non_null(strstr(answer.body, "DELETE /a HTTP/1.1\r\n"));
}

static void path_headers_and_body_are_sent_as_they_stand(void **state)
{
    const char *const headers[] = {"Content-Type: application/json", "X-Empty: ", "X-Sig: $1$ab",
                                   NULL};

    (void)state;
    server = server_start(echo_request, NULL);
    assert_int_equal(CALL(.method = "PATCH", .url = url("/a/../b%2Fc?d=%20e"), .headers = headers,
                          .body = "{\"a\":1}XX", .body_len = 7)
                         .kind,
                     ERR_NONE);
    assert_non_null(strstr(answer.body, "PATCH /a/../b%2Fc?d=%20e HTTP/1.1\r\n"));
    assert_non_null(strstr(answer.body, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(answer.body, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(answer.body, "\r\nX-Sig: $1$ab\r\n"));
    assert_non_null(strstr(answer.body, "\r\nContent-Length: 7\r\n"));
    assert_string_equal(answer.body + strlen(answer.body) - 7, "{\"a\":1}");
}

static void a_header_with_a_line_break_is_refused_unsent(void **state)
{
    const char *const headers[] = {"X-Name: a\r\nX-Smuggled: b", NULL};

    (void)state;
    server = server_start(answer_ok, NULL);
    assert_int_equal(CALL(.method = "GET", .url = url("/"), .headers = headers).kind,
                     ERR_PERMANENT);
    assert_int_equal(server->connections, 0);
}

static void answer_html(struct peer *p)
{
    while (peer_hear(p) && peer_say(p, "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n"
                                       "Retry-After: 7\r\nContent-Length: 6\r\n\r\n<html>")) {
    }
}

static void an_html_page_of_a_gateway_is_an_answer_to_be_judged(void **state)
{
    (void)state;
    server = server_start(answer_html, NULL);

    assert_int_equal(CALL(.method = "GET", .url = url("/")).kind, ERR_NONE);
    assert_int_equal(answer.status, 502);
    assert_string_equal(answer.content_type, "text/html");
    struct err e = http_judge(&answer, false, "OVH");
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_int_equal(e.code, 502);
    assert_int_equal(e.retry_after_s, 7);
    assert_string_equal(e.text, "OVH said 502");
    assert_int_equal(http_judge(&answer, true, "OVH").kind, ERR_UNKNOWN);
}

static void answer_retry_date(struct peer *p)
{
    char text[256], date[64];
    time_t then = time(NULL) + 90;
    struct tm tm;

    (void)gmtime_r(&then, &tm);
    (void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    (void)snprintf(text, sizeof text,
                   "HTTP/1.1 429 Slow Down\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", date);
    while (peer_hear(p) && peer_say(p, text)) {
    }
}

static void retry_after_may_be_a_date(void **state)
{
    (void)state;
    server = server_start(answer_retry_date, NULL);

    assert_int_equal(CALL(.method = "GET", .url = url("/")).kind, ERR_NONE);
    assert_in_range(answer.retry_after_s, 85, 91);
    struct err e = http_judge(&answer, true, "OVH");
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_in_range(e.retry_after_s, 85, 91);
}

static void answer_redirect(struct peer *p)
{
    while (peer_hear(p) &&
           peer_say(p, "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")) {
    }
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    server = server_start(answer_redirect, NULL);

    assert_int_equal(CALL(.method = "GET", .url = url("/")).kind, ERR_NONE);
    assert_int_equal(answer.status, 302);
    assert_int_equal(server->requests, 1);
    assert_int_equal(http_judge(&answer, false, "it").kind, ERR_PERMANENT);
}

static void each_status_has_its_kind(void **state)
{
    static const struct {
        long status;
        enum err_kind kind, with_once;
    } table[] = {
        {200, ERR_NONE,      ERR_NONE     },
        {204, ERR_NONE,      ERR_NONE     },
        {301, ERR_PERMANENT, ERR_PERMANENT},
        {400, ERR_PERMANENT, ERR_PERMANENT},
        {404, ERR_PERMANENT, ERR_PERMANENT},
        {408, ERR_TRANSIENT, ERR_UNKNOWN  },
        {425, ERR_TRANSIENT, ERR_TRANSIENT},
        {429, ERR_TRANSIENT, ERR_TRANSIENT},
        {500, ERR_TRANSIENT, ERR_UNKNOWN  },
        {503, ERR_TRANSIENT, ERR_UNKNOWN  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct http_response r = {.status = table[i].status};
        assert_int_equal(http_judge(&r, false, "it").kind, table[i].kind);
        assert_int_equal(http_judge(&r, true, "it").kind, table[i].with_once);
    }
}

static void escaping_leaves_only_unreserved_characters(void **state)
{
    (void)state;
    assert_string_equal(http_escape(arena, "aZ09-._~"), "aZ09-._~");
    assert_string_equal(http_escape(arena, "a b/c?d&\xC3\xA9"), "a%20b%2Fc%3Fd%26%C3%A9");
    assert_string_equal(http_escape(arena, ""), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_brings_status_body_type_and_request_id),
        TEST(two_gets_share_a_connection_and_once_gets_its_own),
        TEST(a_post_or_put_without_a_body_says_content_length_zero),
        TEST(path_headers_and_body_are_sent_as_they_stand),
        TEST(a_header_with_a_line_break_is_refused_unsent),
        TEST(an_html_page_of_a_gateway_is_an_answer_to_be_judged),
        TEST(retry_after_may_be_a_date),
        TEST(a_redirect_is_not_followed),
        TEST(each_status_has_its_kind),
        TEST(escaping_leaves_only_unreserved_characters),
    };

    http_init();
    return cmocka_run_group_tests_name("http_answers", tests, NULL, NULL);
}
