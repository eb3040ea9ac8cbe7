/*
 * The end of a stream of bytes: keeps at least the last `keep` of them, in twice the room, so that
 * making space is one move per `keep` bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct tail {
    char *at;
    size_t len, keep;
    bool dropped; /* something at the front is gone */
};

void tail_init(struct tail *t, size_t keep);
void tail_release(struct tail *t); /* wipes, frees */
void tail_put(struct tail *t, const char *bytes, size_t len);
