/* The response half of http.c: what of an answer's headers is of use to callers. */
#pragma once

#include <curl/curl.h>

#include "http/http.h"

/* Fills content_type, request_id and headers (in the arena) and retry_after_s from the answer the handle holds. */
void response_headers(CURL *curl, const char *const *wants, struct arena *arena,
                      struct http_response *ret);
