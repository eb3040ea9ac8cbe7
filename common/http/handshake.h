/* The opening handshake of a WebSocket (RFC 6455, section 4): what a client asks and whether the answer opens one. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/websocket.h"

enum { HANDSHAKE_KEY_LEN = 24 }; /* 16 bytes in base64 */

/* The request for `url` by a page of `origin`; ERR_PERMANENT when one of them can be none. */
struct err handshake_write(const char *url, const char *origin, const char *key,
                           struct arena *arena, struct buf *out) MUST_CHECK;

/* `head` is what came up to and with the empty line; sets end, status and open. True: it is open. */
bool handshake_read(const char *head, size_t len, const char *key, struct websocket_answer *ret);
