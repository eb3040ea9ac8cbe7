/*
 * HTTP on a libcurl easy handle that is reset between calls, so connections and TLS sessions stay.
 *
 * libcurl repeats a request by itself, POST included, when a connection it had kept open dies
 * before the first byte of an answer. A `once` request therefore always gets a connection of its
 * own. Whether anything was sent is not guessed from the error: libcurl tells us right before it
 * starts to send.
 */
#include "http/http.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crash.h"
#include "base/scope.h"
#include "http/dial.h"
#include "http/request.h"
#include "http/response.h"

enum {
    DEADLINE_MS = 30000,
    CONNECT_MS = 5000,
    BODY_LIMIT = 256 * 1024,
    HEADERS_LIMIT = 64 * 1024,
};

struct http {
    CURL *curl;
};

/* What one call has seen so far. */
struct exchange {
    CURL *curl;
    struct buf body;
    size_t header_bytes;
    bool began; /* the connection stood and the request was about to leave */
    bool too_large;
    long long cert_expires_unix;
    char why[CURL_ERROR_SIZE];
};

static void exchange_release(struct exchange *x)
{
    buf_release(&x->body);
}

void http_init(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        abort();
    }
    (void)signal(SIGPIPE, SIG_IGN);
}

struct http *http_new(void)
{
    struct http *http = malloc(sizeof *http);

    if (!http || !(http->curl = curl_easy_init())) {
        abort();
    }
    return http;
}

void http_free(struct http *http)
{
    if (http) {
        curl_easy_cleanup(http->curl);
        free(http);
    }
}

static int about_to_send(void *to, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    struct exchange *x = to;

    (void)remote_ip;
    (void)local_ip;
    (void)remote_port;
    (void)local_port;
    x->began = true;
    return CURL_PREREQFUNC_OK;
}

/* From the connection itself: CURLINFO_CERTINFO is empty on a connection that is used again. */
static long long cert_expiry(CURL *curl)
{
    struct curl_tlssessioninfo *tls = NULL;
    struct tm tm = {0};

    if (curl_easy_getinfo(curl, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || !tls ||
        tls->backend != CURLSSLBACKEND_OPENSSL || !tls->internals) {
        return 0;
    }
    X509 *cert = SSL_get0_peer_certificate(tls->internals);
    if (!cert || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) != 1) {
        return 0;
    }
    return timegm(&tm);
}

static size_t on_header(char *line, size_t size, size_t n, void *to)
{
    struct exchange *x = to;

    (void)line;
    if (x->header_bytes == 0) {
        x->cert_expires_unix = cert_expiry(x->curl);
    }
    x->header_bytes += size * n;
    if (x->header_bytes > HEADERS_LIMIT) {
        x->too_large = true;
        return 0;
    }
    return size * n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *to)
{
    struct exchange *x = to;

    if (!buf_put(&x->body, bytes, size * n)) {
        x->too_large = true;
        return 0;
    }
    return size * n;
}

static int either(int wanted, int otherwise)
{
    return wanted > 0 ? wanted : otherwise;
}

static void set_up(CURL *curl, const struct http_request *request, struct exchange *x)
{
    bool fresh = request->once || request->connection == HTTP_FRESH;

    http_dial(curl, &(struct http_dial){.url = request->url,
                                        .ca_file = request->ca_file,
                                        .deadline_ms = either(request->deadline_ms, DEADLINE_MS),
                                        .connect_ms = either(request->connect_ms, CONNECT_MS),
                                        .why = x->why});
    if (fresh) {
        curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    }
    if (request->once || request->connection == HTTP_LAST) {
        curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    }
    if (request->once || request->connection != HTTP_ANY) {
        curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    }
    if (request->connection != HTTP_ANY) {
        /* Taken up again, a TLS session shows no certificate. */
        curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    }
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, about_to_send);
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, x);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
}

static enum err_kind kind_of(CURLcode code, const struct http_request *request,
                             const struct exchange *x)
{
    if (x->began) {
        if (request->once) {
            return ERR_UNKNOWN;
        }
        return x->too_large ? ERR_PERMANENT : ERR_TRANSIENT;
    }
    return http_dial_kind(code);
}

static struct err failure(CURLcode code, const struct http_request *request,
                          const struct exchange *x)
{
    struct err e = {.kind = kind_of(code, request, x), .code = (int)code};

    if (x->too_large) {
        (void)snprintf(e.text, sizeof e.text, "the answer is too large");
    } else {
        http_dial_text(code, x->why, &e);
    }
    return e;
}

/* Reads are many and changes are few: a test can choose which of them it means. */
static void passing(const struct http_request *request, const char *any, const char *change)
{
    crash_point(any);
    if (strcmp(request->method, "GET") != 0) {
        crash_point(change);
    }
}

struct err http_call(struct http *http, const struct http_request *request, struct arena *arena,
                     struct http_response *ret)
{
    CURL *curl = http->curl;
    SCOPED(exchange_release) struct exchange x = {.curl = curl};
    SCOPED(slist_free) struct curl_slist *headers = NULL;

    *ret = (struct http_response){.body = "", .content_type = "", .request_id = ""};
    buf_init(&x.body, request->body_limit ? request->body_limit : BODY_LIMIT);
    curl_easy_reset(curl);
    TRY(request_headers(request, &headers));
    set_up(curl, request, &x);
    request_method(curl, request);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);

    passing(request, "http.sending", "http.changing");
    CURLcode code = curl_easy_perform(curl);
    passing(request, "http.answered", "http.changed");
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
    (void)curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &ret->verify_result);
    struct err e = OK;
    if (code != CURLE_OK) {
        ret->curl_code = (int)code;
        e = failure(code, request, &x);
    } else {
        ret->body = arena_strndup(arena, x.body.at, x.body.len);
        ret->body_len = x.body.len;
        response_headers(curl, request->wants, arena, ret);
        ret->cert_expires_unix = x.cert_expires_unix;
    }
    /* Nothing in the handle may point to what ends with this call. */
    curl_easy_reset(curl);
    return e;
}
