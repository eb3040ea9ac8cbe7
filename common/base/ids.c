/* UUIDv7: 48 bits of milliseconds, then random bits from OpenSSL. */
#include "ids.h"

#include <ctype.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

static void print(const unsigned char b[16], char ret[ID_SIZE])
{
    (void)snprintf(ret, ID_SIZE,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}

void id_new(char ret[ID_SIZE])
{
    unsigned char b[16];
    uint64_t ms = (uint64_t)clock_unix_us() / 1000;

    if (RAND_bytes(b, sizeof b) != 1) {
        abort();
    }
    for (int i = 0; i < 6; i++) {
        b[i] = (unsigned char)(ms >> (40 - 8 * i));
    }
    b[6] = (unsigned char)(0x70 | (b[6] & 0x0F));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3F));
    print(b, ret);
}

void id_of(const char *text, char ret[ID_SIZE])
{
    unsigned char b[SHA256_DIGEST_LENGTH];

    (void)SHA256((const unsigned char *)text, strlen(text), b);
    b[6] = (unsigned char)(0x80 | (b[6] & 0x0F));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3F));
    print(b, ret);
}

bool id_valid(const char *text)
{
    if (!text || strlen(text) != 36) {
        return false;
    }
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return true;
}

const char *id_short(const char *id)
{
    size_t len = strlen(id);

    return len > 12 ? id + len - 12 : id;
}
