/* A sliding window over output that may be far longer than anybody wants to keep. */
#include "ssh/tail.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

void tail_init(struct tail *t, size_t keep)
{
    *t = (struct tail){.keep = keep, .at = malloc(2 * keep)};
    if (!t->at) {
        abort();
    }
}

void tail_release(struct tail *t)
{
    if (t->at) {
        OPENSSL_cleanse(t->at, t->len);
        free(t->at);
    }
    *t = (struct tail){0};
}

void tail_put(struct tail *t, const char *bytes, size_t len)
{
    if (len > t->keep) {
        t->dropped = true;
        bytes += len - t->keep;
        len = t->keep;
    }
    if (t->len + len > 2 * t->keep) {
        size_t stay = t->keep - len;
        memmove(t->at, t->at + t->len - stay, stay);
        t->len = stay;
        t->dropped = true;
    }
    memcpy(t->at + t->len, bytes, len);
    t->len += len;
}
