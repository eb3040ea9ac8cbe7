/* Base64 by six bits at a time. */
#include "base64.h"

#include <stdint.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char for_urls[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *encode(struct arena *arena, const unsigned char *b, size_t len, const char *alphabet,
                    bool padded)
{
    char *text = arena_alloc(arena, 4 * (len / 3 + 1) + 1);
    char *to = text;
    uint32_t bits = 0;
    int held = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | b[i];
        for (held += 8; held >= 6; held -= 6) {
            *to++ = alphabet[bits >> (held - 6) & 63];
        }
    }
    if (held > 0) {
        *to++ = alphabet[bits << (6 - held) & 63];
    }
    while (padded && (to - text) % 4) {
        *to++ = '=';
    }
    return text;
}

const char *base64_encode(struct arena *arena, const void *bytes, size_t len)
{
    return encode(arena, bytes, len, standard, true);
}

const char *base64url_encode(struct arena *arena, const void *bytes, size_t len)
{
    return encode(arena, bytes, len, for_urls, false);
}

static int value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

bool base64_decode(struct arena *arena, const char *text, size_t len, unsigned char **ret,
                   size_t *ret_len)
{
    uint32_t bits = 0;
    int held = 0;

    if (len % 4 == 0 && len > 0 && text[len - 1] == '=') {
        len -= text[len - 2] == '=' ? 2 : 1;
    }
    unsigned char *bytes = arena_alloc(arena, len / 4 * 3 + 4);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        int v = value(text[i]);
        if (v < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)v;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[n++] = (unsigned char)(bits >> held);
        }
    }
    if (held == 6 || (bits & ((1U << held) - 1)) != 0) {
        return false;
    }
    *ret = bytes;
    *ret_len = n;
    return true;
}
