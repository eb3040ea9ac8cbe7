/*
 * The answer to one request. A handler makes it (reply_json, reply_bytes, refuse), routes.c sends it
 * in one write. Refusals are RFC 9457 problem details whose `detail` is a sentence for a person.
 */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "request.h"

struct reply {
    int status;
    const char *type; /* Content-Type */
    const char *body; /* borrowed; lives at least as long as the request's arena */
    size_t len;
    const char *headers; /* further header lines, each ended by \r\n; in the arena */
    const char *policy;  /* Content-Security-Policy; NULL: that of the API */
    const char *cache;   /* Cache-Control; NULL: no-store */
    bool streamed;       /* the handler has spoken to the connection itself */
};

/* The value is taken over. */
void reply_json(const struct request *request, struct reply *reply, int status, json_t *value);
void reply_empty(struct reply *reply, int status);
void reply_bytes(struct reply *reply, const char *type, const char *bytes, size_t len);

/* One more header line: "Name: value". */
void reply_header(const struct request *request, struct reply *reply, const char *format, ...)
    PRINTF(3, 4);

/* A problem. Returns OK: the answer is made, nothing broke. */
struct err refuse(const struct request *request, struct reply *reply, int status,
                  const char *format, ...) PRINTF(4, 5);

static inline bool reply_made(const struct reply *reply)
{
    return reply->status != 0 || reply->streamed;
}

/*
 * Head and body in one write, then the connection ends: an idle one would hold a thread, and the short
 * time civetweb would keep it makes clients lose the race between its end and their next request.
 */
void reply_send(const struct request *request, const struct reply *reply);

const char *status_title(int status);
