/* How a connection is made, for everything that talks HTTP: which URL, how long, whose certificates count. */
#pragma once

#include <curl/curl.h>

#include "base/err.h"

struct http_dial {
    const char *url;     /* sent as it stands */
    const char *ca_file; /* trust only this; NULL or "" = the system's */
    int deadline_ms, connect_ms;
    char *why; /* CURL_ERROR_SIZE bytes, filled when it does not work */
};

/* Options on a handle that has just been made or reset. All pointers are borrowed until its next reset. */
void http_dial(CURL *curl, const struct http_dial *dial);

/* A connection that was not made: will it be the same the next time? */
enum err_kind http_dial_kind(CURLcode code);

/* Into the error's text: curl's own words, which say more than the code does. */
void http_dial_text(CURLcode code, const char *why, struct err *e);
