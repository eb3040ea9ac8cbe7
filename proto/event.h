/*
 * Events: one field list per event becomes the struct, the encoder, the decoder and AsyncAPI.
 *
 * JSON on the wire (CloudEvents 1.0, binary mode: the type travels in the header ce_type). Decoding
 * takes anything: unknown fields are ignored, so producers may add; a missing or wrong field is one
 * clear line, "server.ready: 'ip' is missing". A breaking change is a new type.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"

enum event_kind { EVENT_text, EVENT_int, EVENT_id };
enum event_need { OPTIONAL, REQUIRED };

struct event_field {
    const char *name; /* as in JSON */
    enum event_kind kind;
    enum event_need need;
    size_t offset;
    const char *why;
};

struct event {
    const char *type;  /* "server.ready"   */
    const char *topic; /* "servers"        */
    const char *says;  /* service that says it, "any" for several */
    const char *why;   /* a sentence       */
    const struct event_field *fields;
    int n;
    size_t size; /* of its struct */
};

enum { EVENT_TEXT_CEILING = 1024, EVENT_CEILING = 64 * 1024 };

typedef const char *event_text_t;
typedef const char *event_id_t;
typedef int64_t event_int_t;

#define EVENT_MEMBER(kind, member, name, need, why) event_##kind##_t member;

/* Fields every event carries; first in every struct, so any event can be read as this one. */
#define EVENT_COMMON(F)                                                                            \
    F(id, deployment_id, "deploymentId", REQUIRED, "whose event this is; also the message key")    \
    F(int, generation, "generation", REQUIRED, "the user's decision it belongs to")                \
    F(int, seq, "seq", OPTIONAL, "place in the deployment's timeline")

struct event_common {
    EVENT_COMMON(EVENT_MEMBER)
};

/* Decodes into `ret`, a struct of `event->size`; texts are copied into the arena. ERR_PERMANENT when bad. */
struct err event_decode(const struct event *event, struct arena *arena, const char *bytes,
                        size_t len, void *ret) MUST_CHECK;

/* JSON text in the arena. Absent optional texts (NULL) are left out. */
const char *event_encode(const struct event *event, struct arena *arena, const void *from);

/* The event of that type, NULL when there is none. */
const struct event *event_find(const char *type);

/* All of them; `*ret_n` is the count. */
const struct event *const *event_all(int *ret_n);

/* The AsyncAPI 3.0 document of all events (proto/asyncapi.yaml is its output). */
void event_print_asyncapi(FILE *out);
