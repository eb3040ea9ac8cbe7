/* Reading what a request says: headers, cookies, origins, numbers. */
#include "request.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

const char *request_header(const struct request *request, const char *name)
{
    return mg_get_header(request->connection, name);
}

const char *request_text(const struct request *request, const char *field)
{
    return json_string_value(json_object_get(request->body, field));
}

static bool keep(const char *from, size_t len, char *ret, size_t size)
{
    if (len >= size) {
        return false;
    }
    memcpy(ret, from, len);
    ret[len] = '\0';
    return true;
}

bool cookie_find(const char *header, const char *name, char *ret, size_t size)
{
    size_t name_len = strlen(name);

    for (const char *at = header; at && *at;) {
        at += strspn(at, " \t;");
        size_t len = strcspn(at, ";");
        if (len > name_len && at[name_len] == '=' && strncmp(at, name, name_len) == 0) {
            const char *value = at + name_len + 1;
            size_t value_len = len - name_len - 1;
            while (value_len > 0 && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t')) {
                value_len--;
            }
            return keep(value, value_len, ret, size);
        }
        at += len;
    }
    return false;
}

bool origin_is_ours(const char *origin, const char *host)
{
    const char *at = strstr(origin, "://");

    if (!at || !host || !*host) {
        return false; /* "null": a sandboxed frame, a file, a privacy redirect */
    }
    bool web = strncasecmp(origin, "https", (size_t)(at - origin)) == 0 && at - origin >= 4;
    return web && strcasecmp(at + 3, host) == 0;
}

bool media_is_json(const char *content_type)
{
    static const char wanted[] = "application/json";

    if (!content_type || strncasecmp(content_type, wanted, sizeof wanted - 1) != 0) {
        return false;
    }
    const char *rest = content_type + sizeof wanted - 1;
    rest += strspn(rest, " \t");
    return *rest == '\0' || *rest == ';';
}

bool accepts(const char *header, const char *media_type)
{
    size_t wanted = strlen(media_type);

    for (const char *at = header; at && *at;) {
        at += strspn(at, " \t,");
        size_t len = strcspn(at, ",;");
        size_t item = strcspn(at, ",");
        while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t')) {
            len--;
        }
        if (len == wanted && strncasecmp(at, media_type, len) == 0) {
            return true;
        }
        at += item;
    }
    return false;
}

bool number_parse(const char *text, int *ret)
{
    long long number = 0;

    if (!*text || strlen(text) > 10 || strspn(text, "0123456789") != strlen(text)) {
        return false;
    }
    for (; *text; text++) {
        number = number * 10 + (*text - '0');
    }
    if (number > INT_MAX) {
        return false;
    }
    *ret = (int)number;
    return true;
}

bool query_find(const char *query, const char *name, char *ret, size_t size)
{
    size_t name_len = strlen(name);

    for (const char *at = query; at && *at;) {
        size_t len = strcspn(at, "&");
        if (len > name_len && at[name_len] == '=' && strncmp(at, name, name_len) == 0) {
            return keep(at + name_len + 1, len - name_len - 1, ret, size);
        }
        at += len;
        at += *at == '&';
    }
    return false;
}
