/* The WebSocket probe against servers that open one and against every kind that does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <curl/curl.h>
#include <poll.h>

#include "base/clock.h"
#include "certs.h"
#include "http/http.h"
#include "http/websocket.h"
#include "talker.h"

enum { DAY_S = 24 * 3600, QUICK_MS = 300 };

#define CHALLENGE "{\"event\":\"connect.challenge\"}"

static struct arena *arena;
static struct server *server;
static struct websocket_answer answer;
static const char *answer_head, *answer_frames; /* what the plain scripts below say */
static size_t answer_frames_len;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    heard[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (server) {
        server_stop(server);
        server = NULL;
    }
    arena_free(arena);
    return 0;
}

static struct err probe(const char *say, int deadline_ms, const char *ca_file)
{
    return http_websocket_probe(
        &(struct websocket_request){.url = arena_printf(arena, "http%s://127.0.0.1:%d/",
                                                        server->tls ? "s" : "", server->port),
                                    .origin = "https://192.0.2.7",
                                    .say = say,
                                    .deadline_ms = deadline_ms,
                                    .limit = 4096,
                                    .ca_file = ca_file},
        arena, &answer);
}

static void converse(struct peer *p)
{
    if (!open_it(p, "")) {
        return;
    }
    say_text(p, CHALLENGE);
    (void)hear_frame(p);
    (void)peer_write(p, "\x89\x02up\x01\x02no", 8); /* a ping, and the answer in two parts */
    (void)peer_write(p, "\x80\x01!", 3);
    while (hear_frame(p)) {
    }
}

static void assert_conversation(void)
{
    assert_int_equal(answer.end, WEBSOCKET_SPOKE);
    assert_true(answer.open);
    assert_int_equal(answer.status, 101);
    assert_string_equal(answer.first, CHALLENGE);
    assert_string_equal(answer.answer, "no!");
}

static void it_opens_speaks_listens_and_says_goodbye(void **state)
{
    (void)state;
    server = server_start(converse, NULL);
    assert_int_equal(probe("hello", 5000, NULL).kind, ERR_NONE);
    assert_conversation();
    const char *request = server->peers[0]->request;
    assert_non_null(strstr(request, "GET / HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "\r\nOrigin: https://192.0.2.7\r\n"));
    assert_non_null(
        strstr(request, arena_printf(arena, "\r\nHost: 127.0.0.1:%d\r\n", server->port)));
    server_stop(server);
    server = NULL;
    assert_string_equal(heard, "1:hello 10:up 8: ");
}

static void a_long_word_arrives_whole(void **state)
{
    (void)state;
    server = server_start(converse, NULL);
    const char *word = arena_printf(arena, "%0300d", 7);
    assert_int_equal(probe(word, 5000, NULL).kind, ERR_NONE);
    assert_conversation();
    assert_memory_equal(heard + 2, word, 300);
}

static void over_tls_with_a_certificate_that_is_believed(void **state)
{
    (void)state;
    char ca_file[] = "/tmp/test_websocket.XXXXXX";
    int fd = mkstemp(ca_file);
    assert_true(fd >= 0 && close(fd) == 0);
    struct identity ca = identity_new(NULL, NULL, -DAY_S, DAY_S);
    struct identity good = identity_new("IP:127.0.0.1", &ca, -60, DAY_S);
    struct identity other = identity_new("IP:127.0.0.2", &ca, -60, DAY_S);
    SSL_CTX *tls = server_tls(&good), *wrong = server_tls(&other);
    write_cert(ca_file, ca.cert);
    server = server_start(converse, tls);

    assert_int_equal(probe("hello", 5000, ca_file).kind, ERR_NONE);
    assert_conversation();
    struct err e = probe("hello", 5000, NULL);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_int_equal(answer.curl_code, CURLE_PEER_FAILED_VERIFICATION);
    assert_int_equal(answer.verify_result, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    server->tls = wrong;
    e = probe("hello", 5000, ca_file);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "subject name"));
    assert_false(answer.open);

    server_stop(server);
    server = NULL;
    SSL_CTX_free(tls);
    SSL_CTX_free(wrong);
    identity_release(&good);
    identity_release(&other);
    identity_release(&ca);
    (void)unlink(ca_file);
}

static void say_head(struct peer *p)
{
    (void)peer_hear(p);
    (void)peer_say(p, answer_head);
    peer_stay_silent(p);
}

static void a_refusal_has_its_status(void **state)
{
    (void)state;
    answer_head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    server = server_start(say_head, NULL);
    assert_int_equal(probe(NULL, 5000, NULL).kind, ERR_NONE);
    assert_int_equal(answer.end, WEBSOCKET_REFUSED);
    assert_int_equal(answer.status, 403);
    assert_false(answer.open);
}

static void a_head_without_end(struct peer *p)
{
    (void)peer_hear(p);
    while (peer_say(p, "HTTP/1.1 101 Switching Protocols\r\nX-Nothing: nothing at all\r\n")) {
    }
}

static void a_head_without_end_is_no_http(void **state)
{
    (void)state;
    server = server_start(a_head_without_end, NULL);
    assert_int_equal(probe(NULL, 5000, NULL).kind, ERR_NONE);
    assert_int_equal(answer.end, WEBSOCKET_NO_HTTP);
}

static void open_and_say_frames(struct peer *p)
{
    (void)open_it(p, "");
    (void)peer_write(p, answer_frames, answer_frames_len);
}

static void assert_frames(const char *frames, size_t len, enum websocket_end end, int code)
{
    answer_frames = frames;
    answer_frames_len = len;
    server = server_start(open_and_say_frames, NULL);
    assert_int_equal(probe("hello", 5000, NULL).kind, ERR_NONE);
    assert_true(answer.open);
    assert_int_equal(answer.end, end);
    assert_int_equal(answer.close_code, code);
    server_stop(server);
    server = NULL;
}

static void what_comes_instead_of_a_message_is_told_apart(void **state)
{
    (void)state;
    assert_frames("", 0, WEBSOCKET_CLOSED, 1006);
    assert_frames("\x88\x02\x03\xf0", 4, WEBSOCKET_CLOSED, 1008);
    assert_frames("\x82\x02hi", 4, WEBSOCKET_BROKEN, 0);
    assert_frames("\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10, WEBSOCKET_BROKEN, 0);
    assert_frames("\x81\x02hi\x88\x02\x03\xf0", 8, WEBSOCKET_CLOSED, 1008);
    assert_string_equal(answer.first, "hi");
    assert_string_equal(answer.answer, "");
}

static void say_nothing(struct peer *p)
{
    (void)peer_hear(p);
    peer_stay_silent(p);
}

static void open_and_stay_silent(struct peer *p)
{
    (void)open_it(p, "");
    peer_stay_silent(p);
}

static void ping_for_ever(struct peer *p)
{
    (void)open_it(p, "");
    while (peer_write(p, "\x89\x00", 2)) {
        (void)poll(NULL, 0, 1);
    }
}

static void drip(struct peer *p)
{
    (void)peer_hear(p);
    while (peer_say(p, "H")) {
        (void)poll(NULL, 0, 10);
    }
}

static void assert_late(void (*serve)(struct peer *), bool open)
{
    server = server_start(serve, NULL);
    int64_t began = clock_ms();
    assert_int_equal(probe(NULL, QUICK_MS, NULL).kind, ERR_NONE);
    assert_in_range(clock_ms() - began, QUICK_MS - 10, QUICK_MS + 2000);
    assert_int_equal(answer.end, WEBSOCKET_SILENT);
    assert_int_equal(answer.open, open);
    server_stop(server);
    server = NULL;
}

static void nobody_can_hold_it_past_the_deadline(void **state)
{
    (void)state;
    assert_late(say_nothing, false);
    assert_late(drip, false);
    assert_late(open_and_stay_silent, true);
    assert_late(ping_for_ever, true);
}

static void nobody_there_is_transient(void **state)
{
    (void)state;
    server = server_start(say_nothing, NULL);
    int port = server->port;
    server_stop(server);
    server = NULL;
    struct err e = http_websocket_probe(
        &(struct websocket_request){.url = arena_printf(arena, "http://127.0.0.1:%d/", port),
                                    .origin = "http://a"},
        arena, &answer);
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_int_equal(answer.curl_code, CURLE_COULDNT_CONNECT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_opens_speaks_listens_and_says_goodbye),
        TEST(a_long_word_arrives_whole),
        TEST(over_tls_with_a_certificate_that_is_believed),
        TEST(a_refusal_has_its_status),
        TEST(a_head_without_end_is_no_http),
        TEST(what_comes_instead_of_a_message_is_told_apart),
        TEST(nobody_can_hold_it_past_the_deadline),
        TEST(nobody_there_is_transient),
    };

    http_init();
    return cmocka_run_group_tests_name("websocket", tests, NULL, NULL);
}
