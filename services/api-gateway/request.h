/*
 * One request as a handler sees it: who asks, for what, with which checked body. Everything taken
 * from outside goes through the functions here; those without a `struct request` are pure.
 */
#pragma once

#include <civetweb.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/ids.h"

/* Who asks: the owner of the session that came with the request. */
struct visitor {
    char user_id[ID_SIZE]; /* "" when there is no valid session */
    char email[256];
    char token_hash[65]; /* SHA-256 in hex: the session's key in the database */
};

struct request {
    struct mg_connection *connection;
    const struct mg_request_info *info;
    struct arena *arena; /* lives as long as the request */
    char id[ID_SIZE];    /* the path's :id, "" when it has none */
    json_t *body;        /* an object whose fields were checked; NULL when there was no body */
    struct visitor visitor;
    void *own; /* the handler's, for the work it does in a transaction */
};

/* A header's value, NULL when absent. Names in any case. */
const char *request_header(const struct request *request, const char *name);

/* A text of the checked body, NULL when absent. */
const char *request_text(const struct request *request, const char *field);

/* The value of a cookie in a Cookie header (NULL is fine). False when absent or longer than fits. */
bool cookie_find(const char *header, const char *name, char *ret, size_t size);

/* True when a page of `host` (a Host header) may have sent this Origin: "https://host[:port]". */
bool origin_is_ours(const char *origin, const char *host);

/* "application/json", with or without parameters. */
bool media_is_json(const char *content_type);

/* True when an Accept header names that media type. */
bool accepts(const char *header, const char *media_type);

/* A whole number from 0 to 2^31-1 in decimal digits alone. */
bool number_parse(const char *text, int *ret);

/* The raw value of a parameter of a query string (NULL is fine); only values that need no decoding. */
bool query_find(const char *query, const char *name, char *ret, size_t size);
