/*
 * HTTP calls to the outside world, on libcurl: one handle per thread, a deadline and a size limit
 * on every call, and never a silent repeat of a request that may change something.
 *
 * Error kinds: the connection could not be made (nothing was sent) -> ERR_TRANSIENT; broken after
 * the request may have arrived -> ERR_UNKNOWN for requests with `once`, else ERR_TRANSIENT;
 * certificate does not verify, bad URL -> ERR_PERMANENT. An answer of any status is OK here: the
 * caller judges by `status`, with http_judge() for the usual cases.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct http; /* one per thread; keeps connections open between calls */

/* Which connection a call goes over, for those who look at the other side and not only at what it says. */
enum http_connection {
    HTTP_ANY,   /* one that is open, or a new one                                          */
    HTTP_FRESH, /* a new one with a whole handshake: the certificate is checked now; stays */
    HTTP_LAST,  /* rather the one a fresh call has left; it ends with this call            */
};

struct http_request {
    const char *method;         /* "GET", "POST", ...                                   */
    const char *url;            /* exact: sent as it stands (CURLOPT_PATH_AS_IS)         */
    const char *const *headers; /* NULL-terminated "Name: value" lines, or NULL          */
    const char *body;           /* NULL: none; POST and PUT then say Content-Length: 0   */
    size_t body_len;            /* 0 with a body: strlen                                 */
    bool once;                  /* it spends or changes: a connection of its own,
                                   HTTP/1.1, never repeated                              */
    enum http_connection connection;
    int deadline_ms;          /* whole call; 0 = 30 000                                */
    int connect_ms;           /* name, TCP and TLS; 0 = 5 000                          */
    size_t body_limit;        /* of the answer; 0 = 256 KiB. More is ERR_PERMANENT,
                                   ERR_UNKNOWN with `once`                               */
    const char *ca_file;      /* trust only this; NULL or "" = the system's            */
    const char *const *wants; /* NULL-terminated names of headers to bring, or NULL    */
};

/* One value of a header that was wanted. */
struct http_header {
    const char *name,
        *value; /* the name as it was asked for; the value without control characters */
    const struct http_header *next;
};

struct http_response {
    long status;
    const char *body; /* in the arena, '\0'-terminated, never NULL */
    size_t body_len;
    const char *content_type; /* lower case, without parameters; "" when absent               */
    int retry_after_s;        /* Retry-After in seconds (also from an HTTP date); 0 when absent */
    const char *request_id;   /* X-Ovh-Queryid, X-Request-Id ...: for logs; "" when absent      */
    const struct http_header *headers; /* of those wanted every value, in the order they came in  */
    /* About the certificate when the scheme is https and verification worked: */
    long long cert_expires_unix; /* 0 when unknown */
    /* libcurl's own code of a failed call (CURLE_*), for those who diagnose; 0 on success */
    int curl_code;
    long verify_result;
};

void http_init(void); /* once, before any thread; ignores SIGPIPE */
struct http *http_new(void);
void http_free(struct http *http); /* NULL is fine */

/* Fills `ret` (also curl_code and verify_result on failure). */
struct err http_call(struct http *http, const struct http_request *request, struct arena *arena,
                     struct http_response *ret) MUST_CHECK;

/*
 * The usual reading of a status: 2xx OK; 408, 425, 429, 5xx ERR_TRANSIENT (ERR_UNKNOWN for 5xx and
 * 408 with `once`), with retry_after_s; other 4xx and 3xx ERR_PERMANENT. `code` is the status. The
 * text is "<who> said <status>", with no part of the body.
 */
struct err http_judge(const struct http_response *response, bool once, const char *who) MUST_CHECK;

/* Every value of that wanted header, one after the other: `before` is NULL at first, then the last one given. */
const struct http_header *http_header(const struct http_response *response, const char *name,
                                      const struct http_header *before);

/* Percent-encode for a query value or path segment (RFC 3986 unreserved stay). */
const char *http_escape(struct arena *arena, const char *text);
