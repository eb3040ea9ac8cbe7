/* The request half of http.c: method, body and header lines as libcurl wants them. */
#pragma once

#include <curl/curl.h>

#include "base/err.h"
#include "http/http.h"

/* A list for CURLOPT_HTTPHEADER; ERR_PERMANENT when a line could smuggle in another one. */
struct err request_headers(const struct http_request *request, struct curl_slist **ret) MUST_CHECK;

/* Sets method and body; the body is borrowed until the call ends. */
void request_method(CURL *curl, const struct http_request *request);

void slist_free(struct curl_slist **list); /* for SCOPED */
