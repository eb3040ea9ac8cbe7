/* Making and sending answers. */
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/scope.h"

enum { HEAD_CEILING = 8 * 1024, ANSWER_CEILING = 32 * 1024 * 1024 };

static const char api_policy[] = "default-src 'none'; frame-ancestors 'none'";

static const struct {
    int status;
    const char *title;
} titles[] = {
    {200, "OK"                    },
    {202, "Accepted"              },
    {204, "No Content"            },
    {400, "Bad Request"           },
    {401, "Unauthorized"          },
    {403, "Forbidden"             },
    {404, "Not Found"             },
    {405, "Method Not Allowed"    },
    {409, "Conflict"              },
    {411, "Length Required"       },
    {413, "Content Too Large"     },
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content" },
    {429, "Too Many Requests"     },
    {500, "Internal Server Error" },
    {502, "Bad Gateway"           },
    {503, "Service Unavailable"   },
    {504, "Gateway Timeout"       },
};

const char *status_title(int status)
{
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (titles[i].status == status) {
            return titles[i].title;
        }
    }
    return "Unknown";
}

void reply_json(const struct request *request, struct reply *reply, int status, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);

    if (!text) {
        abort(); /* out of memory; whatever we put in was valid UTF-8 */
    }
    reply->status = status;
    reply->type = "application/json";
    reply->body = arena_strdup(request->arena, text);
    reply->len = strlen(reply->body);
    free(text);
    json_decref(value);
}

void reply_empty(struct reply *reply, int status)
{
    reply->status = status;
    reply->body = "";
    reply->len = 0;
}

void reply_bytes(struct reply *reply, const char *type, const char *bytes, size_t len)
{
    reply->status = 200;
    reply->type = type;
    reply->body = bytes;
    reply->len = len;
}

void reply_header(const struct request *request, struct reply *reply, const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    reply->headers =
        arena_printf(request->arena, "%s%s\r\n", reply->headers ? reply->headers : "", line);
}

struct err refuse(const struct request *request, struct reply *reply, int status,
                  const char *format, ...)
{
    char detail[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    json_t *problem = json_pack("{s:s, s:s, s:i, s:s+}", "type", "about:blank", "title",
                                status_title(status), "status", status, "detail", detail, "");
    if (!problem) { /* the detail quotes something that a byte limit cut inside a character */
        problem = json_pack("{s:s, s:s, s:i}", "type", "about:blank", "title", status_title(status),
                            "status", status);
    }
    reply_json(request, reply, status, problem);
    reply->type = "application/problem+json";
    return OK;
}

static void put_head(struct buf *out, const struct reply *reply)
{
    char date[40];
    struct tm utc;
    time_t now = time(NULL);

    (void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
    buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", reply->status, status_title(reply->status),
               date);
    if (reply->status != 204) {
        buf_printf(out, "Content-Length: %zu\r\n", reply->len);
    }
    if (reply->type) {
        buf_printf(out, "Content-Type: %s\r\n", reply->type);
    }
    buf_printf(
        out,
        "Cache-Control: %s\r\nContent-Security-Policy: %s\r\nX-Content-Type-Options: nosniff\r\n"
        "Referrer-Policy: same-origin\r\n%sConnection: close\r\n\r\n",
        reply->cache ? reply->cache : "no-store", reply->policy ? reply->policy : api_policy,
        reply->headers ? reply->headers : "");
}

void reply_send(const struct request *request, const struct reply *reply)
{
    SCOPED(buf_release) struct buf out;

    buf_init(&out, HEAD_CEILING + ANSWER_CEILING);
    put_head(&out, reply);
    if (strcmp(request->info->request_method, "HEAD") != 0) {
        buf_put(&out, reply->body, reply->len);
    }
    mg_disable_connection_keep_alive(request->connection);
    if (!out.failed) {
        (void)mg_write(request->connection, out.at,
                       out.len); /* a client that left needs no answer */
    }
}
