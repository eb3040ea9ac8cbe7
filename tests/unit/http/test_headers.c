/* Headers of an answer that were asked for: every value, of hostile answers too; and over which connection a look goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/buf.h"
#include "certs.h"
#include "http/http.h"
#include "server.h"

enum { DAY_S = 24 * 3600, MANY = 1000 };

static struct http *http;
static struct arena *arena;
static struct server *server;
static struct http_response answer;
static const char *head;

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

static void answer_with_head(struct peer *p)
{
    while (peer_hear(p) && peer_say(p, head)) {
    }
}

static struct err ask(const char *answered)
{
    static const char *const wants[] = {"X-Frame-Options", "Content-Security-Policy", NULL};

    head = answered;
    server = server_start(answer_with_head, NULL);
    return http_call(
        http,
        &(struct http_request){.method = "GET",
                               .url = arena_printf(arena, "http://127.0.0.1:%d/", server->port),
                               .wants = wants,
                               .deadline_ms = 5000},
        arena, &answer);
}

static void assert_values(const char *name, int n, const char *const *values)
{
    const struct http_header *header = NULL;

    for (int i = 0; i < n; i++) {
        header = http_header(&answer, name, header);
        assert_non_null(header);
        assert_string_equal(header->value, values[i]);
    }
    assert_null(http_header(&answer, name, header));
}

static void every_value_comes_in_order_whatever_the_case_of_its_name(void **state)
{
    (void)state;
    assert_int_equal(ask("HTTP/1.1 200 OK\r\ncontent-security-policy: default-src 'self'\r\n"
                         "X-Other: 1\r\nCONTENT-SECURITY-POLICY:frame-ancestors 'none'  \r\n"
                         "Content-Security-Policy:\r\nX-Content-Security-Policy: no\r\n"
                         "Content-Security-Policy-Report-Only: no\r\nContent-Length: 0\r\n\r\n")
                         .kind,
                     ERR_NONE);
    assert_values("content-security-Policy", 3,
                  (const char *[]){"default-src 'self'", "frame-ancestors 'none'", ""});
    assert_values("X-Frame-Options", 0, NULL);
    assert_values("X-Other", 0, NULL); /* nobody asked */
}

static void a_header_goes_on_in_the_next_line(void **state)
{
    (void)state;
    assert_int_equal(ask("HTTP/1.1 200 OK\r\nContent-Security-Policy: default-src 'self';\r\n"
                         " frame-ancestors *\r\nContent-Length: 0\r\n\r\n")
                         .kind,
                     ERR_NONE);
    assert_values("Content-Security-Policy", 1,
                  (const char *[]){"default-src 'self'; frame-ancestors *"});
}

static void what_an_interim_answer_says_does_not_count(void **state)
{
    (void)state;
    assert_int_equal(ask("HTTP/1.1 103 Early Hints\r\nX-Frame-Options: DENY\r\n\r\n"
                         "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                         .kind,
                     ERR_NONE);
    assert_values("X-Frame-Options", 0, NULL);
}

static void what_stands_behind_the_body_does_not_count(void **state)
{
    (void)state;
    assert_int_equal(ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                         "Trailer: X-Frame-Options\r\n\r\n0\r\nX-Frame-Options: DENY\r\n\r\n")
                         .kind,
                     ERR_NONE);
    assert_values("X-Frame-Options", 0, NULL);
}

static void no_byte_of_a_value_can_break_a_text(void **state)
{
    (void)state;
    assert_int_equal(ask("HTTP/1.1 200 OK\r\nX-Frame-Options: \x01\xff\x1b[0m\r\n"
                         "Content-Length: 0\r\n\r\n")
                         .kind,
                     ERR_NONE);
    assert_values("X-Frame-Options", 1, (const char *[]){"???[0m"});
}

static void a_thousand_values_are_all_read(void **state)
{
    (void)state;
    struct buf text;
    int n = 0;

    buf_init(&text, 64 * 1024);
    (void)buf_puts(&text, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < MANY; i++) {
        (void)buf_puts(&text, "Content-Security-Policy: a\r\n");
    }
    (void)buf_puts(&text, "Content-Length: 0\r\n\r\n");
    assert_int_equal(ask(text.at).kind, ERR_NONE);
    for (const struct http_header *header = NULL;
         (header = http_header(&answer, "Content-Security-Policy", header));) {
        n++;
    }
    assert_int_equal(n, MANY);
    buf_release(&text);
}

static void headers_without_end_are_refused(void **state)
{
    (void)state;
    struct buf text;

    buf_init(&text, 1024 * 1024);
    (void)buf_puts(&text, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 4000; i++) {
        (void)buf_puts(&text, "Content-Security-Policy: default-src 'self'\r\n");
    }
    (void)buf_puts(&text, "Content-Length: 0\r\n\r\n");
    assert_int_equal(ask(text.at).kind, ERR_PERMANENT);
    assert_null(answer.headers);
    buf_release(&text);
}

/* Says on which connection it was asked, and changes its certificate after the first. */
static SSL_CTX *first_tls, *second_tls;

static void say_ok(struct peer *p)
{
    while (peer_hear(p) && peer_say(p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
        p->server->tls = second_tls;
    }
}

static struct err look(enum http_connection connection, const char *ca_file)
{
    return http_call(
        http,
        &(struct http_request){.method = "GET",
                               .url = arena_printf(arena, "https://127.0.0.1:%d/", server->port),
                               .ca_file = ca_file,
                               .connection = connection,
                               .deadline_ms = 5000},
        arena, &answer);
}

static void a_fresh_connection_sees_the_certificate_of_today(void **state)
{
    (void)state;
    char ca_file[] = "/tmp/test_headers.XXXXXX";
    int fd = mkstemp(ca_file);
    assert_true(fd >= 0 && close(fd) == 0);
    struct identity ca = identity_new(NULL, NULL, -DAY_S, DAY_S);
    struct identity good = identity_new("IP:127.0.0.1", &ca, -60, DAY_S);
    struct identity expired = identity_new("IP:127.0.0.1", &ca, -DAY_S, -60);
    write_cert(ca_file, ca.cert);
    first_tls = server_tls(&good);
    second_tls = server_tls(&expired);
    server = server_start(say_ok, first_tls);

    assert_int_equal(look(HTTP_FRESH, ca_file).kind, ERR_NONE);
    assert_int_equal(look(HTTP_LAST, ca_file).kind, ERR_NONE);
    assert_int_equal(server->connections, 1); /* over the one that was open */
    assert_int_equal(look(HTTP_FRESH, ca_file).kind, ERR_PERMANENT);
    assert_int_equal(answer.verify_result, X509_V_ERR_CERT_HAS_EXPIRED);
    assert_int_equal(look(HTTP_LAST, ca_file).kind, ERR_PERMANENT); /* none was left open */

    SSL_CTX_free(first_tls);
    SSL_CTX_free(second_tls);
    identity_release(&good);
    identity_release(&expired);
    identity_release(&ca);
    (void)unlink(ca_file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_value_comes_in_order_whatever_the_case_of_its_name),
        TEST(a_header_goes_on_in_the_next_line),
        TEST(what_an_interim_answer_says_does_not_count),
        TEST(what_stands_behind_the_body_does_not_count),
        TEST(no_byte_of_a_value_can_break_a_text),
        TEST(a_thousand_values_are_all_read),
        TEST(headers_without_end_are_refused),
        TEST(a_fresh_connection_sees_the_certificate_of_today),
    };

    http_init();
    return cmocka_run_group_tests_name("headers", tests, NULL, NULL);
}
