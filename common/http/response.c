/* Reading an answer: its headers, and what its status means for whoever asked. */
#include "http/response.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

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

void response_headers(CURL *curl, struct arena *arena, struct http_response *ret)
{
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
