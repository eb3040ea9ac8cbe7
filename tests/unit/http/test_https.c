/* common/http over TLS to a bare IP address, as machines are probed: which certificates are
 * believed, and what is said about those that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <curl/curl.h>

#include "base/clock.h"
#include "certs.h"
#include "http/http.h"
#include "server.h"

enum { DAY_S = 24 * 3600, VERIFY_EXPIRED = 10, VERIFY_SELF_SIGNED = 18, VERIFY_NO_ISSUER = 20 };

static struct http *http;
static struct arena *arena;
static struct server *server;
static SSL_CTX *tls;
static struct identity ca;
static char ca_file[] = "/tmp/test_https.XXXXXX";
static struct http_response answer;

static int start(void **state)
{
    (void)state;
    int fd = mkstemp(ca_file);
    if (fd < 0 || close(fd) != 0) {
        return -1;
    }
    ca = identity_new(NULL, NULL, -DAY_S, DAY_S);
    write_cert(ca_file, ca.cert);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    identity_release(&ca);
    return unlink(ca_file);
}

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
    SSL_CTX_free(tls);
    tls = NULL;
    arena_free(arena);
    return 0;
}

static void answer_ok(struct peer *p)
{
    while (peer_hear(p) && peer_say(p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) {
    }
}

static void serve_as(const char *alt_name, const struct identity *signer, long from_s, long to_s)
{
    struct identity id = identity_new(alt_name, signer, from_s, to_s);

    tls = server_tls(&id);
    identity_release(&id);
    server = server_start(answer_ok, tls);
}

static struct err call(bool once, const char *trusting)
{
    struct http_request request = {
        .method = once ? "POST" : "GET",
        .url = arena_printf(arena, "https://127.0.0.1:%d/", server->port),
        .ca_file = trusting,
        .once = once,
        .deadline_ms = 5000,
    };

    return http_call(http, &request, arena, &answer);
}

static void assert_untrusted(long verify_result)
{
    struct err e = call(true, ca_file);

    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_int_equal(e.code, CURLE_PEER_FAILED_VERIFICATION);
    assert_int_equal(answer.curl_code, CURLE_PEER_FAILED_VERIFICATION);
    if (verify_result) {
        assert_int_equal(answer.verify_result, verify_result);
    }
    assert_int_equal(server->requests, 0);
}

static void a_certificate_for_the_address_by_our_ca_is_believed(void **state)
{
    (void)state;
    serve_as("IP:127.0.0.1", &ca, -60, DAY_S);
    assert_int_equal(call(false, ca_file).kind, ERR_NONE);
    assert_string_equal(answer.body, "ok");
    assert_int_equal(answer.verify_result, 0);
}

static void its_expiry_is_known_also_on_a_connection_used_again(void **state)
{
    (void)state;
    serve_as("IP:127.0.0.1", &ca, -60, DAY_S);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(call(false, ca_file).kind, ERR_NONE);
        assert_in_range(answer.cert_expires_unix, time(NULL) + DAY_S - 60, time(NULL) + DAY_S + 5);
    }
    assert_int_equal(server->connections, 1);
    assert_int_equal(call(true, ca_file).kind, ERR_NONE);
    assert_in_range(answer.cert_expires_unix, time(NULL) + DAY_S - 60, time(NULL) + DAY_S + 5);
    assert_int_equal(server->connections, 2);
}

static void our_ca_is_not_among_those_of_the_system(void **state)
{
    (void)state;
    serve_as("IP:127.0.0.1", &ca, -60, DAY_S);
    assert_int_equal(call(false, ca_file).kind, ERR_NONE);
    assert_int_equal(call(false, NULL).kind,
                     ERR_PERMANENT); /* nor by the connection that is open */
    assert_int_equal(answer.curl_code, CURLE_PEER_FAILED_VERIFICATION);
    assert_int_equal(answer.verify_result, VERIFY_NO_ISSUER);
}

static void a_certificate_for_another_address_is_permanent(void **state)
{
    (void)state;
    serve_as("IP:127.0.0.2", &ca, -60, DAY_S);
    assert_untrusted(0);
}

static void an_address_written_as_a_name_is_permanent(void **state)
{
    (void)state;
    serve_as("DNS:127.0.0.1", &ca, -60, DAY_S);
    assert_untrusted(0);
}

static void a_self_signed_certificate_is_permanent(void **state)
{
    (void)state;
    serve_as("IP:127.0.0.1", NULL, -60, DAY_S);
    assert_untrusted(VERIFY_SELF_SIGNED);
}

static void an_expired_certificate_is_permanent(void **state)
{
    (void)state;
    serve_as("IP:127.0.0.1", &ca, -DAY_S, -60);
    assert_untrusted(VERIFY_EXPIRED);
}

static void a_ca_file_that_is_missing_is_permanent(void **state)
{
    (void)state;
    serve_as("IP:127.0.0.1", &ca, -60, DAY_S);
    assert_int_equal(call(false, "/nonexistent/ca.pem").kind, ERR_PERMANENT);
    assert_int_equal(answer.curl_code, CURLE_SSL_CACERT_BADFILE);
}

static struct err look(const char *trusting)
{
    struct http_request request = {
        .method = "GET",
        .url = arena_printf(arena, "https://127.0.0.1:%d/", server->port),
        .ca_file = trusting,
        .connection = HTTP_FRESH,
        .deadline_ms = 5000,
    };

    return http_call(http, &request, arena, &answer);
}

static void authorities_that_change_count_from_the_next_connection_on(void **state)
{
    (void)state;
    struct identity other = identity_new("IP:127.0.0.9", &ca, -60, DAY_S);
    serve_as("IP:127.0.0.1", &ca, -60, DAY_S);

    assert_int_equal(look(ca_file).kind, ERR_NONE);
    write_cert(ca_file, other.cert);
    assert_int_equal(look(ca_file).kind, ERR_PERMANENT);
    assert_int_equal(answer.curl_code, CURLE_PEER_FAILED_VERIFICATION);
    write_cert(ca_file, ca.cert);
    assert_int_equal(look(ca_file).kind, ERR_NONE);
    identity_release(&other);
}

static void a_ca_file_without_certificates_is_permanent(void **state)
{
    (void)state;
    char empty[] = "/tmp/test_https.XXXXXX";
    int fd = mkstemp(empty);

    assert_true(fd >= 0 && close(fd) == 0);
    serve_as("IP:127.0.0.1", &ca, -60, DAY_S);
    assert_int_equal(call(false, empty).kind, ERR_PERMANENT);
    assert_int_equal(answer.curl_code, CURLE_SSL_CACERT_BADFILE);
    (void)unlink(empty);
}

static void say_hello_in_plain(struct peer *p)
{
    (void)peer_say(p, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    peer_stay_silent(p);
}

static void plain_http_on_the_port_is_transient_and_nothing_was_sent(void **state)
{
    (void)state;
    server = server_start(say_hello_in_plain, NULL);
    assert_int_equal(call(true, ca_file).kind, ERR_TRANSIENT);
    assert_int_equal(answer.curl_code, CURLE_SSL_CONNECT_ERROR);
}

static void a_handshake_that_hangs_is_transient_at_the_connect_deadline(void **state)
{
    (void)state;
    server = server_start(peer_stay_silent, NULL);
    int64_t began = clock_ms();
    struct http_request request = {
        .method = "POST",
        .url = arena_printf(arena, "https://127.0.0.1:%d/", server->port),
        .connect_ms = 300,
        .once = true,
    };

    assert_int_equal(http_call(http, &request, arena, &answer).kind, ERR_TRANSIENT);
    assert_int_equal(answer.curl_code, CURLE_OPERATION_TIMEDOUT);
    assert_in_range(clock_ms() - began, 290, 3000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_certificate_for_the_address_by_our_ca_is_believed),
        TEST(its_expiry_is_known_also_on_a_connection_used_again),
        TEST(our_ca_is_not_among_those_of_the_system),
        TEST(a_certificate_for_another_address_is_permanent),
        TEST(an_address_written_as_a_name_is_permanent),
        TEST(a_self_signed_certificate_is_permanent),
        TEST(an_expired_certificate_is_permanent),
        TEST(a_ca_file_that_is_missing_is_permanent),
        TEST(authorities_that_change_count_from_the_next_connection_on),
        TEST(a_ca_file_without_certificates_is_permanent),
        TEST(plain_http_on_the_port_is_transient_and_nothing_was_sent),
        TEST(a_handshake_that_hangs_is_transient_at_the_connect_deadline),
    };

    http_init();
    return cmocka_run_group_tests_name("https", tests, start, stop);
}
