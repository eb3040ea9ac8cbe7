/* What is asked to open a WebSocket, and which answers open one. The key and its answer are those of RFC 6455. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <string.h>

#include "http/handshake.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

/* clang-format off */
static const struct {
    const char *head;
    enum websocket_end end; /* SPOKE: it is open */
    long status;
} answers[] = {
    {"HTTP/1.1 101 Switching Protocols\r\n" UPGRADE CONNECTION ACCEPT "\r\n",        WEBSOCKET_SPOKE, 101},
    {"HTTP/1.1 101\r\n" UPGRADE CONNECTION ACCEPT "\r\n",                            WEBSOCKET_SPOKE, 101},
    {"HTTP/1.1 101 S\r\nupgrade:WebSocket\r\nCONNECTION: keep-alive ,\tupgrade \r\n"
     "sec-websocket-accept:   s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\t\r\nServer: x\r\n\r\n",  WEBSOCKET_SPOKE, 101},
    {"HTTP/1.1 403 Forbidden\r\n\r\n",                                               WEBSOCKET_REFUSED, 403},
    {"HTTP/1.1 502\r\n\r\n",                                                         WEBSOCKET_REFUSED, 502},
    {"HTTP/1.0 200 OK\r\n\r\n",                                                      WEBSOCKET_REFUSED, 200},
    {"HTTP/1.1 200 OK\r\n" UPGRADE CONNECTION ACCEPT "\r\n",                         WEBSOCKET_REFUSED, 200},
    {"SSH-2.0-OpenSSH\r\n\r\n",                                                      WEBSOCKET_NO_HTTP, 0},
    {"\r\n\r\n",                                                                     WEBSOCKET_NO_HTTP, 0},
    {"HTTP/1.1 1o1 S\r\n\r\n",                                                       WEBSOCKET_NO_HTTP, 0},
    {"HTTP/1.1 1011 S\r\n\r\n",                                                      WEBSOCKET_NO_HTTP, 0},
    {"HTTP/2 101\r\n\r\n",                                                           WEBSOCKET_NO_HTTP, 0},
    {"HTTP/1.1 101\r\n\r\n",                                                         WEBSOCKET_BAD_ACCEPT, 101},
    {"HTTP/1.1 101 S\r\n" UPGRADE CONNECTION "\r\n",                                 WEBSOCKET_BAD_ACCEPT, 101},
    {"HTTP/1.1 101 S\r\n" UPGRADE ACCEPT "\r\n",                                     WEBSOCKET_BAD_ACCEPT, 101},
    {"HTTP/1.1 101 S\r\n" CONNECTION ACCEPT "\r\n",                                  WEBSOCKET_BAD_ACCEPT, 101},
    {"HTTP/1.1 101 S\r\nUpgrade: h2c\r\n" CONNECTION ACCEPT "\r\n",                  WEBSOCKET_BAD_ACCEPT, 101},
    {"HTTP/1.1 101 S\r\n" UPGRADE "Connection: no-upgrade\r\n" ACCEPT "\r\n",        WEBSOCKET_BAD_ACCEPT, 101},
    {"HTTP/1.1 101 S\r\n" UPGRADE CONNECTION
     "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n\r\n",                   WEBSOCKET_BAD_ACCEPT, 101},
    {"HTTP/1.1 101 S\r\n" UPGRADE CONNECTION
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo\r\n\r\n",                    WEBSOCKET_BAD_ACCEPT, 101},
    {"HTTP/1.1 101 S\r\n" UPGRADE CONNECTION ACCEPT ACCEPT "\r\n",                   WEBSOCKET_BAD_ACCEPT, 101},
    {"HTTP/1.1 101 S\r\n" UPGRADE CONNECTION ACCEPT
     "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",                         WEBSOCKET_BAD_ACCEPT, 101},
    {"HTTP/1.1 101 S\r\n" UPGRADE CONNECTION ACCEPT
     "Sec-WebSocket-Protocol: chat\r\n\r\n",                                         WEBSOCKET_BAD_ACCEPT, 101},
    {"HTTP/1.1 101 S\r\nnonsense\r\n" UPGRADE CONNECTION ACCEPT "\r\n",              WEBSOCKET_BAD_ACCEPT, 101},
};
/* clang-format on */

static void each_answer_opens_or_does_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct websocket_answer answer = {.end = WEBSOCKET_SPOKE};
        bool open = handshake_read(answers[i].head, strlen(answers[i].head), KEY, &answer);
        if (open != (answers[i].end == WEBSOCKET_SPOKE) || answer.open != open ||
            answer.end != answers[i].end || answer.status != answers[i].status) {
            fail_msg("%s: %d, %ld", answers[i].head, (int)answer.end, answer.status);
        }
    }
}

static void a_head_with_a_nul_is_no_http(void **state)
{
    (void)state;
    static const char head[] = "HTTP/1.1 101 S\r\n" UPGRADE CONNECTION ACCEPT "X: \0\r\n\r\n";
    struct websocket_answer answer = {.end = WEBSOCKET_SPOKE};

    assert_false(handshake_read(head, sizeof head - 1, KEY, &answer));
    assert_int_equal(answer.end, WEBSOCKET_NO_HTTP);
}

static struct err asked(const char *url, const char *origin, struct buf *out)
{
    struct arena *arena = arena_new();

    buf_init(out, 4096);
    struct err e = handshake_write(url, origin, KEY, arena, out);
    arena_free(arena);
    return e;
}

static void it_asks_as_a_browser_does(void **state)
{
    (void)state;
    struct buf out;

    assert_int_equal(asked("https://[2001:db8::7]:8443/a%20b?c=d", "https://a.example", &out).kind,
                     ERR_NONE);
    assert_string_equal(out.at, "GET /a%20b?c=d HTTP/1.1\r\nHost: [2001:db8::7]:8443\r\n"
                                "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n"
                                "Origin: https://a.example\r\n\r\n");
    buf_release(&out);
    assert_int_equal(asked("https://192.0.2.7/", "https://192.0.2.7", &out).kind, ERR_NONE);
    assert_non_null(strstr(out.at, "\r\nHost: 192.0.2.7\r\n"));
    buf_release(&out);
}

static void nothing_can_be_smuggled_in(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"https://192.0.2.7/",              "https://a\r\nX-Evil: 1"},
        {"https://192.0.2.7/",              "https://a b"           },
        {"https://192.0.2.7/",              ""                      },
        {"https://192.0.2.7/\r\nX-Evil: 1", "https://a"             },
        {"192.0.2.7 /",                     "https://a"             },
        {"",                                "https://a"             },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf out;
        assert_int_equal(asked(bad[i][0], bad[i][1], &out).kind, ERR_PERMANENT);
        assert_int_equal(out.len, 0);
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_opens_or_does_not),
        cmocka_unit_test(a_head_with_a_nul_is_no_http),
        cmocka_unit_test(it_asks_as_a_browser_does),
        cmocka_unit_test(nothing_can_be_smuggled_in),
    };

    return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
