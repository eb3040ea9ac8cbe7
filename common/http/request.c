/* Says to libcurl what to send, and takes away what it would add by itself. */
#include "http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

enum { LINE_CEILING = 16 * 1024 };

void slist_free(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static void append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (!longer) {
        abort();
    }
    *list = longer;
}

/* libcurl drops "Name:" without a value; its way to say "send it empty" is "Name;". */
static struct err append_line(struct curl_slist **list, const char *line)
{
    size_t name = strcspn(line, ":");
    const char *value = line + name;

    if (name == 0 || !*value || strpbrk(line, "\r\n")) {
        return permanent("a header line is malformed: '%.*s'", (int)(name < 60 ? name : 60), line);
    }
    value++;
    value += strspn(value, " \t");
    if (*value) {
        append(list, line);
        return OK;
    }
    struct buf empty;
    buf_init(&empty, LINE_CEILING);
    (void)buf_put(&empty, line, name);
    (void)buf_puts(&empty, ";");
    append(list, empty.at);
    buf_release(&empty);
    return OK;
}

struct err request_headers(const struct http_request *request, struct curl_slist **ret)
{
    bool has_type = false;

    for (const char *const *line = request->headers; line && *line; line++) {
        has_type = has_type || strncasecmp(*line, "Content-Type:", 13) == 0;
        TRY(append_line(ret, *line));
    }
    append(ret, "Expect:"); /* no second round trip for a large body */
    if (!has_type) {
        append(ret, "Content-Type:"); /* libcurl would call it a form */
    }
    return OK;
}

void request_method(CURL *curl, const struct http_request *request)
{
    const char *method = request->method;
    bool wants_body = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;

    if (request->body || wants_body) {
        const char *body = request->body ? request->body : "";
        size_t len = request->body_len ? request->body_len : strlen(body);
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    } else if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

const char *http_escape(struct arena *arena, const char *text)
{
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char *escaped = arena_alloc(arena, 3 * strlen(text) + 1);
    char *to = escaped;

    for (; *text; text++) {
        if (strchr(unreserved, *text)) {
            *to++ = *text;
        } else {
            (void)snprintf(to, 4, "%%%02X", (unsigned)(unsigned char)*text);
            to += 3;
        }
    }
    return escaped;
}
