/*
 * OpenClaw's own link for its owner's browser, as `openclaw dashboard --json` prints it, read with care: the machine
 * belongs to its user, so anything may come. Pure: no I/O. Errors never quote the link.
 *
 * {"ok":true,"browserUrl":"http://127.0.0.1:18789/#bootstrapToken=…&bootstrapProfile=owner&gatewayUrl=…",
 *  "browserBootstrapExpiresAtMs":…} or {"ok":false,"reason":"Gateway is not running."}
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/* Codes of errors: OpenClaw's gateway is down; it refuses for another reason (in the text); this is no link; it took too long. */
enum { LINK_NOT_RUNNING = 2001, LINK_REFUSED = 2002, LINK_SENSELESS = 2003 };

struct link {
    const char *
        token; /* works once; NULL: OpenClaw made none, and its page is opened by the gateway's alone */
    int64_t expires_at_ms; /* since 1970, by our clock */
    /* without a token */
    const char *noted; /* the requests that waited for approval already, see devices.h */
    const char *why;   /* OpenClaw made none */
};

/* `now_ms`: when the link was asked for. */
struct err link_read(const char *text, size_t len, int64_t now_ms, struct arena *arena,
                     struct link *ret) MUST_CHECK;

/*
 * What stands behind the # of the public address: the link's token, and the gateway's, with which a page that may keep
 * nothing in its browser connects again after a break. Without the link's, the page asks to be approved.
 */
const char *link_fragment(const struct link *link, const char *gateway_token, struct arena *arena);
