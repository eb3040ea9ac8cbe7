/*
 * curl makes the connection and verifies the certificate (CURLOPT_CONNECT_ONLY); the rest is bytes in and out, each
 * wait of which ends with the one deadline. The handle is this call's own: curl keeps such a connection until its
 * handle goes.
 */
#include "http/websocket.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/scope.h"
#include "http/dial.h"
#include "http/frame.h"
#include "http/handshake.h"

enum {
    DEADLINE_MS = 10000,
    CONNECT_MS = 5000,
    LIMIT = 64 * 1024,
    HEAD_LIMIT = 16 * 1024,
    SENT_LIMIT = 80 * 1024,
    GOODBYE_MS = 300, /* for the other side's close: no answer depends on it */
    CLOSE_NORMAL = 1000,
    CLOSE_NONE = 1006,
};

/* What one read or write came to. */
enum flow { FLOW_BYTES, FLOW_END, FLOW_LATE };

struct wire {
    CURL *curl;
    curl_socket_t sock;
    int64_t ends_ms;
    struct frame_reader frames;
};

static void handle_free(CURL **curl)
{
    curl_easy_cleanup(*curl);
}

static void wire_release(struct wire *wire)
{
    frame_reader_release(&wire->frames);
}

/* False when the deadline came first. */
static bool wait_for(const struct wire *wire, short what)
{
    struct pollfd fd = {.fd = wire->sock, .events = what};

    for (;;) {
        int64_t left = wire->ends_ms - clock_ms();
        if (left <= 0) {
            return false;
        }
        if (poll(&fd, 1, (int)left) > 0) {
            return true;
        }
    }
}

static enum flow receive(const struct wire *wire, char *to, size_t room, size_t *ret)
{
    for (;;) {
        CURLcode code = curl_easy_recv(wire->curl, to, room, ret);
        if (code == CURLE_OK) {
            return *ret > 0 ? FLOW_BYTES : FLOW_END;
        }
        if (code != CURLE_AGAIN) {
            return FLOW_END;
        }
        if (!wait_for(wire, POLLIN)) {
            return FLOW_LATE;
        }
    }
}

static enum flow send_all(const struct wire *wire, const struct buf *bytes)
{
    size_t at = 0;

    while (at < bytes->len) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(wire->curl, bytes->at + at, bytes->len - at, &sent);
        if (code != CURLE_OK && code != CURLE_AGAIN) {
            return FLOW_END;
        }
        at += sent;
        if (at < bytes->len && !wait_for(wire, POLLOUT)) {
            return FLOW_LATE;
        }
    }
    return FLOW_BYTES;
}

static void random_bytes(unsigned char *to, int n)
{
    if (RAND_bytes(to, n) != 1) {
        abort();
    }
}

static enum flow send_frame(const struct wire *wire, int opcode, const char *payload, size_t len)
{
    unsigned char mask[4];
    SCOPED(buf_release) struct buf out;

    random_bytes(mask, sizeof mask);
    buf_init(&out, SENT_LIMIT);
    frame_write(&out, opcode, payload, len, mask);
    return send_all(wire, &out);
}

/* Nobody answers any more: as what does that count? */
static void cut_off(enum flow flow, struct websocket_answer *ret)
{
    ret->end = flow == FLOW_LATE ? WEBSOCKET_SILENT : WEBSOCKET_CLOSED;
    if (flow == FLOW_END) {
        ret->close_code = CLOSE_NONE;
    }
}

/* Reads up to the empty line; what came behind it are frames already. True: it is open. */
static bool read_head(struct wire *wire, const char *key, struct websocket_answer *ret)
{
    SCOPED(buf_release) struct buf head;

    buf_init(&head, HEAD_LIMIT);
    for (;;) {
        char bytes[4096];
        size_t n = 0;
        enum flow flow = receive(wire, bytes, sizeof bytes, &n);
        if (flow != FLOW_BYTES) {
            cut_off(flow, ret);
            return false;
        }
        if (!buf_put(&head, bytes, n)) {
            ret->end = WEBSOCKET_NO_HTTP;
            return false;
        }
        const char *end = memmem(head.at, head.len, "\r\n\r\n", 4);
        if (end) {
            size_t len = (size_t)(end - head.at) + 4;
            frame_feed(&wire->frames, head.at + len, head.len - len);
            return handshake_read(head.at, len, key, ret);
        }
    }
}

static struct err shake_hands(struct wire *wire, const struct websocket_request *request,
                              struct arena *arena, struct websocket_answer *ret)
{
    unsigned char random[16];
    char key[HANDSHAKE_KEY_LEN + 1];
    SCOPED(buf_release) struct buf out;

    random_bytes(random, sizeof random);
    (void)EVP_EncodeBlock((unsigned char *)key, random, sizeof random);
    buf_init(&out, HEAD_LIMIT);
    TRY(handshake_write(request->url, request->origin, key, arena, &out));
    enum flow flow = send_all(wire, &out);
    if (flow != FLOW_BYTES) {
        cut_off(flow, ret);
        return OK;
    }
    (void)read_head(wire, key, ret);
    return OK;
}

/* The next text message, "" when the end came first; pings in between are answered. */
static const char *hear(struct wire *wire, struct arena *arena, struct websocket_answer *ret)
{
    char bytes[4096];
    size_t n = 0;
    struct frame frame;

    for (;;) {
        enum flow flow = FLOW_BYTES;
        switch (frame_next(&wire->frames, &frame)) {
        case FRAME_TEXT:
            return arena_strndup(arena, frame.payload, frame.len);
        case FRAME_PING:
            flow = send_frame(wire, FRAME_OPCODE_PONG, frame.payload, frame.len);
            break;
        case FRAME_CLOSE:
            ret->end = WEBSOCKET_CLOSED;
            ret->close_code = frame.close_code;
            return "";
        case FRAME_BAD:
            ret->end = WEBSOCKET_BROKEN;
            return "";
        case FRAME_MORE:
            flow = receive(wire, bytes, sizeof bytes, &n);
            if (flow == FLOW_BYTES) {
                frame_feed(&wire->frames, bytes, n);
            }
            break;
        }
        if (flow != FLOW_BYTES) {
            cut_off(flow, ret);
            return "";
        }
    }
}

/* Says goodbye, and waits a moment for theirs, so that nobody has to log a broken connection. */
static void leave(struct wire *wire, struct arena *arena, const struct websocket_answer *said)
{
    static const char code[2] = {(char)(CLOSE_NORMAL >> 8), (char)(CLOSE_NORMAL & 0xff)};
    struct websocket_answer ignored = {.end = WEBSOCKET_SPOKE};

    if (!said->open || said->end == WEBSOCKET_BROKEN || said->close_code == CLOSE_NONE) {
        return;
    }
    int64_t goodbye = clock_ms() + GOODBYE_MS;
    wire->ends_ms = goodbye < wire->ends_ms ? goodbye : wire->ends_ms;
    if (send_frame(wire, FRAME_OPCODE_CLOSE, code, sizeof code) != FLOW_BYTES ||
        said->end != WEBSOCKET_SPOKE) {
        return;
    }
    while (ignored.end == WEBSOCKET_SPOKE) {
        (void)hear(wire, arena, &ignored);
    }
}

static int either(int wanted, int otherwise)
{
    return wanted > 0 ? wanted : otherwise;
}

static CURLcode dial(CURL *curl, const struct websocket_request *request, char *why)
{
    http_dial(curl, &(struct http_dial){.url = request->url,
                                        .ca_file = request->ca_file,
                                        .deadline_ms = either(request->deadline_ms, DEADLINE_MS),
                                        .connect_ms = either(request->connect_ms, CONNECT_MS),
                                        .why = why});
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    /* HTTP/2 has another way of opening a WebSocket. */
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    return curl_easy_perform(curl);
}

struct err http_websocket_probe(const struct websocket_request *request, struct arena *arena,
                                struct websocket_answer *ret)
{
    SCOPED(handle_free) CURL *curl = curl_easy_init();
    SCOPED(wire_release)
    struct wire wire = {.curl = curl,
                        .ends_ms = clock_ms() + either(request->deadline_ms, DEADLINE_MS)};
    char why[CURL_ERROR_SIZE] = "";

    *ret = (struct websocket_answer){.end = WEBSOCKET_SPOKE, .first = "", .answer = ""};
    frame_reader_init(&wire.frames, request->limit ? request->limit : LIMIT);
    if (!curl) {
        abort();
    }
    CURLcode code = dial(curl, request, why);
    (void)curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &ret->verify_result);
    if (code == CURLE_OK) {
        code = curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &wire.sock);
    }
    if (code != CURLE_OK) {
        struct err e = {.kind = http_dial_kind(code), .code = (int)code};
        ret->curl_code = (int)code;
        http_dial_text(code, why, &e);
        return e;
    }
    TRY(shake_hands(&wire, request, arena, ret));
    if (ret->open) {
        ret->first = hear(&wire, arena, ret);
    }
    if (ret->open && ret->end == WEBSOCKET_SPOKE && request->say) {
        enum flow flow = send_frame(&wire, FRAME_OPCODE_TEXT, request->say, strlen(request->say));
        if (flow == FLOW_BYTES) {
            ret->answer = hear(&wire, arena, ret);
        } else {
            cut_off(flow, ret);
        }
    }
    leave(&wire, arena, ret);
    return OK;
}
