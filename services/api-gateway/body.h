/* The body of a request: limits first, then JSON, then exactly the fields the route knows. */
#pragma once

#include "base/err.h"
#include "reply.h"
#include "request.h"

enum { BODY_CEILING = 64 * 1024 };

struct field {
    const char *name; /* a text; NULL ends the list */
    bool required;
    int min, max; /* characters */
};

/* Looks at the headers alone: 411, 413, 415. */
void body_admit(const struct request *request, struct reply *reply);

/* Reads it into request->body: 400 when it is no JSON, 422 naming the field that is wrong. */
void body_read(struct request *request, struct reply *reply, const struct field *fields);

/* The two halves of body_read after the bytes are there; for tests. */
void body_parse(struct request *request, struct reply *reply, const char *bytes, size_t len);
void body_check(const struct request *request, struct reply *reply, const struct field *fields);
