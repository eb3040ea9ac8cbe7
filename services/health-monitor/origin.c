/* Reads what people write as an origin, strictly: what is taken for another one would let others in, or nobody. */
#include "origin.h"

#include <string.h>
#include <strings.h>

enum { HTTP_PORT = 80, HTTPS_PORT = 443, PORT_MAX = 65535, PORT_DIGITS = 5 };

static const char name_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
static const char ipv6_characters[] = "0123456789abcdefABCDEF:.";

static bool only(const char *text, size_t len, const char *allowed)
{
    for (size_t i = 0; i < len; i++) {
        if (!text[i] || !strchr(allowed, text[i])) {
            return false;
        }
    }
    return len > 0;
}

/* ":" and digits, or nothing. */
static bool read_port(const char *text, size_t len, struct origin *ret)
{
    ret->port = ret->https ? HTTPS_PORT : HTTP_PORT;
    if (len == 0) {
        return true;
    }
    if (text[0] != ':' || len < 2 || len > 1 + PORT_DIGITS ||
        !only(text + 1, len - 1, "0123456789")) {
        return false;
    }
    ret->port = 0;
    for (size_t i = 1; i < len; i++) {
        ret->port = 10 * ret->port + (text[i] - '0');
    }
    return ret->port >= 1 && ret->port <= PORT_MAX;
}

bool origin_read(const char *text, size_t len, struct origin *ret)
{
    static const char *const schemes[] = {"http://", "https://"};
    const char *at = text, *end = text + len;

    *ret = (struct origin){.text = text, .text_len = len};
    for (int i = 0; i < 2; i++) {
        size_t scheme = strlen(schemes[i]);
        if (len > scheme && strncasecmp(text, schemes[i], scheme) == 0) {
            ret->https = i == 1;
            at = text + scheme;
        }
    }
    if (at == text) {
        return false;
    }
    bool literal = *at == '[';
    const char *stop = memchr(at, literal ? ']' : ':', (size_t)(end - at));
    if (literal && !stop) {
        return false;
    }
    ret->host = at;
    ret->host_len = (size_t)((stop ? stop + literal : end) - at);
    bool good = literal ? ret->host_len > 4 && only(at + 1, ret->host_len - 2, ipv6_characters)
                        : only(at, ret->host_len, name_characters);
    return good && read_port(at + ret->host_len, (size_t)(end - at) - ret->host_len, ret);
}

struct err origins_read(const char *text, struct origins *ret)
{
    ret->n = 0;
    for (;;) {
        text += strspn(text, " ");
        size_t len = strcspn(text, " ");
        if (len == 0) {
            return ret->n > 0 ? OK : permanent("there is none");
        }
        if (ret->n == ORIGINS_MAX) {
            return permanent("there are more than %d", ORIGINS_MAX);
        }
        if (!origin_read(text, len, &ret->list[ret->n])) {
            return permanent("'%.*s' is no origin (https://host or https://host:port)",
                             (int)(len < 100 ? len : 100), text);
        }
        ret->n++;
        text += len;
    }
}

bool origin_same(const struct origin *a, const struct origin *b)
{
    return a->https == b->https && a->port == b->port && a->host_len == b->host_len &&
           strncasecmp(a->host, b->host, a->host_len) == 0;
}
