/* Reading an answer: its headers, and what its status means for whoever asked. */
#include "http/response.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"

enum { RETRY_AFTER_MAX_S = 24 * 3600, REQUEST_ID_MAX = 100 };

static const char *media_type(CURL *curl, struct arena *arena)
{
    char *type = NULL;

    if (curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK || !type) {
        return "";
    }
    char *copy = arena_strndup(arena, type, strcspn(type, "; \t"));
    for (char *c = copy; *c; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    return copy;
}

static const char *request_id(CURL *curl, struct arena *arena)
{
    static const char *const names[] = {"X-Ovh-Queryid", "X-Request-Id", "CF-Ray"};
    struct curl_header *header;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (curl_easy_header(curl, names[i], 0, CURLH_HEADER, -1, &header) == CURLHE_OK) {
            char *id = arena_strndup(arena, header->value, strnlen(header->value, REQUEST_ID_MAX));
            utf8_scrub(id, strlen(id));
            return id;
        }
    }
    return "";
}

static int retry_after(CURL *curl)
{
    curl_off_t seconds = 0;

    if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds < 0) {
        return 0;
    }
    return (int)(seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S);
}

/* All values count: a second one may take back what the first one allows. How much a server may say in headers
 * altogether is limited in http.c, so this is, too. */
static const struct http_header *wanted_headers(CURL *curl, const char *const *wants,
                                                struct arena *arena)
{
    const struct http_header *first = NULL, **end = &first;
    struct curl_header *header;

    for (; wants && *wants; wants++) {
        for (size_t i = 0;
             curl_easy_header(curl, *wants, i, CURLH_HEADER, -1, &header) == CURLHE_OK; i++) {
            struct http_header *copy = arena_alloc(arena, sizeof *copy);
            /* curl 7.88 leaves the line's end where there is no value. */
            size_t len = strcspn(header->value, "\r\n");
            char *value = arena_strndup(arena, header->value, len);
            utf8_scrub(value, len);
            copy->name = *wants;
            copy->value = value;
            *end = copy;
            end = &copy->next;
        }
    }
    return first;
}

const struct http_header *http_header(const struct http_response *response, const char *name,
                                      const struct http_header *before)
{
    const struct http_header *header = before ? before->next : response->headers;

    while (header && strcasecmp(header->name, name) != 0) {
        header = header->next;
    }
    return header;
}

void response_headers(CURL *curl, const char *const *wants, struct arena *arena,
                      struct http_response *ret)
{
    ret->headers = wanted_headers(curl, wants, arena);
    ret->content_type = media_type(curl, arena);
    ret->retry_after_s = retry_after(curl);
    ret->request_id = request_id(curl, arena);
}

struct err http_judge(const struct http_response *response, bool once, const char *who)
{
    long status = response->status;
    struct err e = {.kind = ERR_PERMANENT, .code = (int)status};

    if (status >= 200 && status < 300) {
        return OK;
    }
    if (status == 425 || status == 429) {
        e.kind = ERR_TRANSIENT; /* refused before anything was done */
    } else if (status == 408 || status >= 500) {
        e.kind = once ? ERR_UNKNOWN : ERR_TRANSIENT;
    }
    if (e.kind != ERR_PERMANENT) {
        e.retry_after_s = response->retry_after_s;
    }
    (void)snprintf(e.text, sizeof e.text, "%s said %ld", who, status);
    return e;
}
