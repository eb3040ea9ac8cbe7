/* Growing bytes with a ceiling: doubling, never past it. */
#include "buf.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

void buf_init(struct buf *b, size_t ceiling)
{
    *b = (struct buf){.cap = 256, .ceiling = ceiling};
    b->at = malloc(b->cap);
    if (!b->at) {
        abort();
    }
    b->at[0] = '\0';
}

void buf_release(struct buf *b)
{
    if (b->at) {
        OPENSSL_cleanse(b->at, b->cap);
        free(b->at);
    }
    *b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    b->at[0] = '\0';
}

/* Not realloc: the old bytes may be a secret and must be wiped. */
static void grow(struct buf *b, size_t need)
{
    size_t cap = b->cap;

    while (cap < need) {
        cap *= 2;
    }
    if (cap == b->cap) {
        return;
    }
    char *bigger = malloc(cap);
    if (!bigger) {
        abort();
    }
    memcpy(bigger, b->at, b->len + 1);
    OPENSSL_cleanse(b->at, b->cap);
    free(b->at);
    b->at = bigger;
    b->cap = cap;
}

bool buf_put(struct buf *b, const void *bytes, size_t len)
{
    if (len > b->ceiling - b->len) {
        len = b->ceiling - b->len;
        b->failed = true;
    }
    if (len > 0) {
        grow(b, b->len + len + 1);
        memcpy(b->at + b->len, bytes, len);
        b->len += len;
        b->at[b->len] = '\0';
    }
    return !b->failed;
}

bool buf_puts(struct buf *b, const char *text)
{
    return buf_put(b, text, strlen(text));
}

bool buf_printf(struct buf *b, const char *format, ...)
{
    char small[512];
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (len < 0) {
        b->failed = true;
    } else if ((size_t)len < sizeof small) {
        (void)buf_put(b, small, (size_t)len);
    } else {
        char *big = malloc((size_t)len + 1);
        if (!big) {
            abort();
        }
        (void)vsnprintf(big, (size_t)len + 1, format, again);
        (void)buf_put(b, big, (size_t)len);
        OPENSSL_cleanse(big, (size_t)len);
        free(big);
    }
    va_end(again);
    return !b->failed;
}

bool buf_put_json(struct buf *b, const char *text)
{
    const char *end = text + strlen(text);

    (void)buf_put(b, "\"", 1);
    while (text < end) {
        unsigned char c = (unsigned char)*text;
        size_t n = utf8_length(text, (size_t)(end - text));
        if (n == 0) {
            (void)buf_puts(b, "\\ufffd");
            n = 1;
        } else if (c == '"' || c == '\\') {
            (void)buf_printf(b, "\\%c", c);
        } else if (c < 0x20 || c == 0x7f) {
            (void)buf_printf(b, "\\u%04x", c);
        } else {
            (void)buf_put(b, text, n);
        }
        text += n;
    }
    return buf_put(b, "\"", 1);
}
