/* UTF-8 by the table of RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF. */
#include "utf8.h"

static bool tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t utf8_length(const char *at, size_t left)
{
    const unsigned char *s = (const unsigned char *)at;

    if (left == 0 || s[0] == 0) {
        return 0;
    }
    if (s[0] < 0x80) {
        return 1;
    }
    if (s[0] >= 0xC2 && s[0] <= 0xDF) {
        return left >= 2 && tail(s[1]) ? 2 : 0;
    }
    if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        if (left < 3 || !tail(s[1]) || !tail(s[2])) {
            return 0;
        }
        bool overlong = s[0] == 0xE0 && s[1] < 0xA0;
        bool surrogate = s[0] == 0xED && s[1] >= 0xA0;
        return overlong || surrogate ? 0 : 3;
    }
    if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        if (left < 4 || !tail(s[1]) || !tail(s[2]) || !tail(s[3])) {
            return 0;
        }
        bool overlong = s[0] == 0xF0 && s[1] < 0x90;
        bool beyond = s[0] == 0xF4 && s[1] > 0x8F;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

bool utf8_valid(const char *text, size_t len)
{
    while (len > 0) {
        size_t n = utf8_length(text, len);
        if (n == 0) {
            return false;
        }
        text += n;
        len -= n;
    }
    return true;
}

void utf8_scrub(char *text, size_t len)
{
    while (len > 0) {
        size_t n = utf8_length(text, len);
        unsigned char c = (unsigned char)*text;
        if (n == 0 || (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
            *text = '?';
            n = 1;
        }
        text += n;
        len -= n;
    }
}
