/* What one HTTPS answer, or its absence, says about a machine. Pure: no I/O. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "framing.h"
#include "http/http.h"

enum verdict {
    VERDICT_HEALTHY,
    VERDICT_UNREACHABLE,   /* no connection, or no answer in time */
    VERDICT_TLS_NOT_READY, /* no certificate yet, or something else than TLS on the port */
    VERDICT_CERT_EXPIRED,
    VERDICT_CERT_UNTRUSTED,  /* by an authority we do not trust, or by itself */
    VERDICT_CERT_OTHER_NAME, /* valid, for something else than this address */
    VERDICT_APP_DOWN,        /* the proxy answers, OpenClaw behind it does not */
    VERDICT_WRONG_ANSWER,    /* an answer, but not one OpenClaw would give */
    VERDICT_FRAMING,         /* the dashboard may not frame its page, or everybody may */
    VERDICT_WEBSOCKET,       /* all is well but the WebSocket, without which the page is dead */
    VERDICT_OURS,            /* the fault is on this side */
};

struct probe {
    enum verdict verdict;
    const char *text; /* for people; "" when healthy */
};

/* `e` and `response` as http_call() left them; `what` is the thing asked for, "the page". */
struct probe verdict_of(struct err e, const struct http_response *response, const char *what,
                        struct arena *arena);

/* The same for any call that was not answered, by curl's codes, and for a status that is not the one wished for. */
struct probe verdict_of_failure(struct err e, int curl_code, long verify_result,
                                struct arena *arena);
struct probe verdict_of_status(long status, const char *what, struct arena *arena);

struct probe verdict_of_framing(enum framing framing, const struct origin *refused,
                                struct arena *arena);
