/* Matching as in CSP level 3, section 6.7.2, but that a literal address matches itself, as it does in every browser. */
#include "source.h"

#include <string.h>
#include <strings.h>

enum { HTTP_PORT = 80, HTTPS_PORT = 443, PORT_MAX = 65535 };

static const char host_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

static bool is(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

static bool only(const char *text, size_t len, const char *allowed)
{
    for (size_t i = 0; i < len; i++) {
        if (!text[i] || !strchr(allowed, text[i])) {
            return false;
        }
    }
    return len > 0;
}

/* http says https too, and not the other way round. The schemes of sockets are no pages' but match alike. */
static bool scheme_matches(const char *scheme, size_t len, const struct origin *origin)
{
    if (is(scheme, len, "http") || is(scheme, len, "ws")) {
        return true;
    }
    return origin->https && (is(scheme, len, "https") || is(scheme, len, "wss"));
}

static bool at_default_port(const struct origin *origin)
{
    return origin->port == (origin->https ? HTTPS_PORT : HTTP_PORT);
}

/* The same origin, or the same host's HTTPS at the ordinary ports. */
static bool is_self(const struct origin *origin, const struct origin *self)
{
    struct origin upgraded = *self;

    if (at_default_port(self) && origin->https) {
        upgraded.https = true;
        upgraded.port = HTTPS_PORT;
    }
    return origin_same(origin, self) || origin_same(origin, &upgraded);
}

static bool host_matches(const char *host, size_t len, const struct origin *origin)
{
    if (is(host, len, "*")) {
        return true;
    }
    if (len > 2 && host[0] == '*' && host[1] == '.') {
        host++; /* ".example.com", which a name must end in and be longer than */
        len--;
        return only(host, len, host_characters) && origin->host_len > len &&
               strncasecmp(origin->host + origin->host_len - len, host, len) == 0;
    }
    return len == origin->host_len && strncasecmp(host, origin->host, len) == 0;
}

/* `len` 0: none is written. */
static bool port_matches(const char *port, size_t len, const struct origin *origin)
{
    int number = 0;

    if (len == 0) {
        return at_default_port(origin);
    }
    if (is(port, len, "*")) {
        return true;
    }
    for (size_t i = 0; i < len; i++) {
        if (port[i] < '0' || port[i] > '9' || number > PORT_MAX) {
            return false;
        }
        number = 10 * number + (port[i] - '0');
    }
    return number == origin->port;
}

/* [scheme://]host[:port][/path]; origins have no path, so only none and "/" are of use. */
static bool host_source_matches(const char *at, const char *end, const struct origin *origin,
                                const struct origin *self)
{
    const char *scheme = memmem(at, (size_t)(end - at), "://", 3);

    if (scheme) {
        if (!scheme_matches(at, (size_t)(scheme - at), origin)) {
            return false;
        }
        at = scheme + 3;
    } else if (self->https && !origin->https) {
        return false;
    }
    const char *path = memchr(at, '/', (size_t)(end - at));
    if (path && path + 1 != end) {
        return false;
    }
    const char *stop = path ? path : end;
    const char *after = *at == '[' ? memchr(at, ']', (size_t)(stop - at)) : at;
    const char *colon = after && after < stop ? memchr(after, ':', (size_t)(stop - after)) : NULL;
    if (at == stop || !after || (colon && colon + 1 == stop)) {
        return false;
    }
    const char *port = colon ? colon + 1 : stop;
    return host_matches(at, (size_t)((colon ? colon : stop) - at), origin) &&
           port_matches(port, (size_t)(stop - port), origin);
}

bool source_matches(const char *source, size_t len, const struct origin *origin,
                    const struct origin *self)
{
    if (len == 0 || source[0] == '\'') {
        return is(source, len, "'self'") && is_self(origin, self);
    }
    if (is(source, len, "*")) {
        return true; /* any page of the web */
    }
    if (source[len - 1] == ':' && !memchr(source, ':', len - 1)) {
        return scheme_matches(source, len - 1, origin);
    }
    return host_source_matches(source, source + len, origin, self);
}
