/*
 * Is there a WebSocket behind a URL? Opens one (RFC 6455, over HTTP/1.1 with the certificate fully verified), waits for
 * the first text message, may say something and wait for the answer, and closes. It is a look, not a conversation: one
 * deadline for everything, one limit for all bytes that come in, whatever the other side does.
 *
 * Error kinds: no connection -> as in http.h, with curl_code and verify_result; a bad URL or Origin -> ERR_PERMANENT.
 * Whatever came once there was a connection is OK here: the caller judges by `end`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct websocket_request {
    const char *url;    /* "https://host[:port]/path", sent as it stands  */
    const char *origin; /* whose page asks, as a browser would say        */
    const char *say;    /* sent after the first message; NULL: nothing    */
    int deadline_ms;    /* everything; 0 = 10 000                         */
    int connect_ms;     /* name, TCP and TLS; 0 = 5 000                   */
    size_t limit;       /* of all that comes in; 0 = 64 KiB               */
    const char *ca_file;
};

enum websocket_end {
    WEBSOCKET_SPOKE,   /* all messages that were waited for came                                  */
    WEBSOCKET_REFUSED, /* an HTTP answer that opens nothing: `status`                             */
    WEBSOCKET_NO_HTTP, /* an answer that is not HTTP, or whose head does not end                  */
    WEBSOCKET_BAD_ACCEPT, /* 101 by somebody who does not know our key, or takes what was not offered */
    WEBSOCKET_CLOSED, /* hung up before the message came: `close_code`                           */
    WEBSOCKET_SILENT, /* nothing more until the deadline                                         */
    WEBSOCKET_BROKEN, /* frames against the protocol, no text, or too much of it                 */
};

struct websocket_answer {
    enum websocket_end end;
    bool open;          /* the handshake was good; what went wrong came after it */
    long status;        /* of the HTTP answer; 0: there was none                 */
    int close_code;     /* 1006: the connection just ended                       */
    const char *first;  /* the first text message, in the arena; "" when none    */
    const char *answer; /* the one after `say`; "" when none                     */
    int curl_code;      /* as in http_response                                   */
    long verify_result;
};

/* Reads only: may be done again at any time. Needs http_init(). */
struct err http_websocket_probe(const struct websocket_request *request, struct arena *arena,
                                struct websocket_answer *ret) MUST_CHECK;
