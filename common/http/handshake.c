/* An answer opens a WebSocket only when it proves that it was meant as one: each header is looked at, none is guessed. */
#include "http/handshake.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "base/scope.h"

static const char rfc_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

enum { ACCEPT_SIZE = 32, STATUS_SWITCHING = 101 };

static void url_free(CURLU **url)
{
    curl_url_cleanup(*url);
}

static const char *part(CURLU *url, CURLUPart which, struct arena *arena)
{
    char *text = NULL;

    if (curl_url_get(url, which, &text, 0) != CURLUE_OK) {
        return NULL;
    }
    const char *copy = arena_strdup(arena, text);
    curl_free(text);
    return copy;
}

/* A line of its own is what an attacker would want here. */
static bool one_word(const char *text)
{
    return text && text[0] && strpbrk(text, " \t\r\n") == NULL;
}

struct err handshake_write(const char *url, const char *origin, const char *key,
                           struct arena *arena, struct buf *out)
{
    SCOPED(url_free) CURLU *parts = curl_url();

    if (!parts || curl_url_set(parts, CURLUPART_URL, url, CURLU_PATH_AS_IS) != CURLUE_OK) {
        return permanent("a WebSocket's URL is malformed");
    }
    const char *host = part(parts, CURLUPART_HOST, arena);
    const char *port = part(parts, CURLUPART_PORT, arena);
    const char *path = part(parts, CURLUPART_PATH, arena);
    const char *query = part(parts, CURLUPART_QUERY, arena);
    if (!one_word(host) || !one_word(path) || !one_word(origin) || (query && !one_word(query))) {
        return permanent("a WebSocket's URL or Origin is malformed");
    }
    (void)buf_printf(out,
                     "GET %s%s%s HTTP/1.1\r\nHost: %s%s%s\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: %s\r\nOrigin: %s\r\n\r\n",
                     path, query ? "?" : "", query ? query : "", host, port ? ":" : "",
                     port ? port : "", key, origin);
    return out->failed ? permanent("a WebSocket's URL or Origin is too long") : OK;
}

/* What the other side must answer to this key: base64(SHA-1(key + GUID)). */
static void expected_accept(const char *key, char ret[ACCEPT_SIZE])
{
    char text[HANDSHAKE_KEY_LEN + sizeof rfc_guid];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    memcpy(text, key, HANDSHAKE_KEY_LEN);
    memcpy(text + HANDSHAKE_KEY_LEN, rfc_guid, sizeof rfc_guid);
    if (EVP_Digest(text, sizeof text - 1, digest, &len, EVP_sha1(), NULL) != 1) {
        abort();
    }
    (void)EVP_EncodeBlock((unsigned char *)ret, digest, (int)len);
}

/* "HTTP/1.x NNN": the status; 0 when it is no such line. */
static long status_of(const char *head, size_t len)
{
    static const char begins[] = "HTTP/1.";

    if (len < 13 || memcmp(head, begins, sizeof begins - 1) != 0 || head[8] != ' ' ||
        (head[12] != ' ' && head[12] != '\r')) {
        return 0;
    }
    long status = 0;
    for (int i = 9; i < 12; i++) {
        if (head[i] < '0' || head[i] > '9') {
            return 0;
        }
        status = 10 * status + (head[i] - '0');
    }
    return status;
}

struct line {
    const char *name, *value;
    size_t name_len, value_len;
};

/* The header line at `at`; false when it is none. `*at` is after it then. */
static bool next_line(const char **at, const char *end, struct line *ret)
{
    const char *stop = memmem(*at, (size_t)(end - *at), "\r\n", 2);
    const char *colon = stop ? memchr(*at, ':', (size_t)(stop - *at)) : NULL;

    if (!colon) {
        return false;
    }
    const char *value = colon + 1, *last = stop;
    while (value < last && (*value == ' ' || *value == '\t')) {
        value++;
    }
    while (last > value && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
    }
    *ret = (struct line){*at, value, (size_t)(colon - *at), (size_t)(last - value)};
    *at = stop + 2;
    return true;
}

static bool named(const struct line *line, const char *name)
{
    return line->name_len == strlen(name) && strncasecmp(line->name, name, line->name_len) == 0;
}

static bool says(const struct line *line, const char *value)
{
    return line->value_len == strlen(value) &&
           strncasecmp(line->value, value, line->value_len) == 0;
}

/* Is the word among the line's values, which commas separate? */
static bool lists(const struct line *line, const char *word)
{
    const char *at = line->value, *end = line->value + line->value_len;
    size_t len = strlen(word);

    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        while (at < stop && (*at == ' ' || *at == '\t')) {
            at++;
        }
        const char *last = stop;
        while (last > at && (last[-1] == ' ' || last[-1] == '\t')) {
            last--;
        }
        if ((size_t)(last - at) == len && strncasecmp(at, word, len) == 0) {
            return true;
        }
        at = stop + 1;
    }
    return false;
}

/* Does what follows the status line agree to our key, and to nothing we have not offered? */
static bool agrees(const char *at, const char *end, const char *key)
{
    char accept[ACCEPT_SIZE];
    bool upgrade = false, connection = false;
    int accepts = 0;
    struct line line;

    expected_accept(key, accept);
    while (next_line(&at, end, &line)) {
        upgrade = upgrade || (named(&line, "Upgrade") && says(&line, "websocket"));
        connection = connection || (named(&line, "Connection") && lists(&line, "upgrade"));
        if (named(&line, "Sec-WebSocket-Accept")) {
            /* Not says(): base64 knows upper and lower case. */
            if (line.value_len != strlen(accept) ||
                memcmp(line.value, accept, line.value_len) != 0) {
                return false;
            }
            accepts++;
        }
        if (named(&line, "Sec-WebSocket-Extensions") || named(&line, "Sec-WebSocket-Protocol")) {
            return false;
        }
    }
    return upgrade && connection && accepts == 1;
}

bool handshake_read(const char *head, size_t len, const char *key, struct websocket_answer *ret)
{
    ret->status = memchr(head, '\0', len) ? 0 : status_of(head, len);
    if (ret->status == 0) {
        ret->end = WEBSOCKET_NO_HTTP;
        return false;
    }
    if (ret->status != STATUS_SWITCHING) {
        ret->end = WEBSOCKET_REFUSED;
        return false;
    }
    const char *lines = memmem(head, len, "\r\n", 2);
    ret->open = agrees(lines + 2, head + len - 2, key);
    if (!ret->open) {
        ret->end = WEBSOCKET_BAD_ACCEPT;
    }
    return ret->open;
}
