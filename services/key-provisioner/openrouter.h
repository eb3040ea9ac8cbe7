/*
 * OpenRouter's key management, as far as a deployment needs it.
 *
 * Error kinds: definite refusals are permanent; a refused management key (401, 403) is transient with
 * code 401 or 403 and says nothing about any key; creating is unknown whenever the request may have
 * arrived. Answers that are no JSON or lack what they must have are treated like a broken connection.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "http/http.h"

struct openrouter {
    struct http *http;
    struct arena *arena; /* everything returned lives here */
    const char *url, *management_key;
};

enum { OPENROUTER_NAMESAKES_MAX = 100 };

struct openrouter_keys {
    const char *hash[OPENROUTER_NAMESAKES_MAX];
    int n;
};

/* Every key with exactly that name, disabled ones too, from all pages. Names are not unique there. */
struct err openrouter_keys_named(const struct openrouter *at, const char *name,
                                 struct openrouter_keys *ret) MUST_CHECK;

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

/* The one way out: a single HTTP call. Alone in wire.c, so that tests put their own world here. */
struct err openrouter_http(struct http *http, const struct http_request *request,
                           struct arena *arena, struct http_response *ret) MUST_CHECK;
