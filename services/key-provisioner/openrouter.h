/*
 * OpenRouter's key management, as far as a deployment needs it.
 *
 * Error kinds: definite refusals are permanent; a refused management key (401, 403) is transient with
 * code 401 or 403 and says nothing about any key; creating is unknown whenever the request may have
 * arrived. Answers that are no JSON or lack what they must have are treated like a broken connection.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "http/http.h"
#include "runner/move.h"

struct openrouter {
    struct http *http;
    struct arena *arena; /* everything returned lives here */
    const char *url, *management_key;
    const struct job *job; /* whose lease every change must end within; NULL: nobody's */
    struct err (*before)(void *context); /* asked before every call, may refuse it; NULL: nobody */
    void *context;
};

struct openrouter_key {
    const char *hash, *name;
    bool disabled;
    int64_t spent_micro; /* in all its life, millionths of a dollar; < 0: not told */
    int64_t left_micro;  /* of its cap; < 0: it has none                */
    int64_t created;     /* Unix seconds; 0: not told                   */
};

enum { OPENROUTER_NAMESAKES_MAX = 100 };

struct openrouter_keys {
    const struct openrouter_key *key;
    size_t n;
    size_t seen; /* of the account in all */
};

/*
 * From all pages, disabled ones too: every key with exactly that name (names are not unique there), or whose name
 * begins so. Fails unless the list was read to its end: for a move within 45 s, which at 150 ms a page is an account of
 * 30 000 keys (the leases in moves.c are made for that, twice for a revocation); for the sweep 100 000 keys.
 */
struct err openrouter_keys_named(const struct openrouter *at, const char *name,
                                 struct openrouter_keys *ret) MUST_CHECK;
struct err openrouter_keys_marked(const struct openrouter *at, const char *prefix,
                                  struct openrouter_keys *ret) MUST_CHECK;

/* Does OpenRouter know that key? Asked where a list could have missed it. */
struct err openrouter_key_exists(const struct openrouter *at, const char *hash,
                                 bool *ret) MUST_CHECK;

struct openrouter_new_key {
    const char *hash;
    const char *plain; /* told this once only */
};

/* Not idempotent: look by name before and, when the outcome is unknown, before any repetition. */
struct err openrouter_key_create(const struct openrouter *at, const char *name, double limit_usd,
                                 struct openrouter_new_key *ret) MUST_CHECK;

/* Succeeds also when there is no such key any more. */
struct err openrouter_key_delete(const struct openrouter *at, const char *hash) MUST_CHECK;

/* A key's hash is the SHA-256 of its text, in lower-case hexadecimal; in the arena. */
const char *openrouter_hash(struct arena *arena, const char *plain);

/* One call of the API, judged; the answer's JSON object is the caller's. For openrouter_list.c. */
struct err openrouter_call(const struct openrouter *at, const char *method, const char *path,
                           const char *body, json_t **ret) MUST_CHECK;
bool openrouter_hash_valid(const char *hash);

/* The one way out: a single HTTP call. Alone in wire.c, so that tests put their own world here. */
struct err openrouter_http(struct http *http, const struct http_request *request,
                           struct arena *arena, struct http_response *ret) MUST_CHECK;
