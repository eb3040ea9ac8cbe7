/*
 * Growing bytes with a ceiling.
 *
 * Invariants: `at` is never NULL after buf_init and always ends in '\0' (not counted in `len`);
 * `len` never passes `ceiling`. Growing past the ceiling keeps what fits and sets `failed`, so a
 * series of puts needs one check at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct buf {
    char *at;
    size_t len, cap, ceiling;
    bool failed;
};

void buf_init(struct buf *b, size_t ceiling);
void buf_release(struct buf *b); /* wipes, frees; the struct may be used again after buf_init */
void buf_clear(struct buf *b);   /* len = 0, failed = false; keeps the memory                */
bool buf_put(struct buf *b, const void *bytes, size_t len); /* false: ceiling reached        */
bool buf_puts(struct buf *b, const char *text);
bool buf_printf(struct buf *b, const char *format, ...) PRINTF(2, 3);
/* Append `text` as a JSON string, quotes included; bytes that are no UTF-8 become U+FFFD. */
bool buf_put_json(struct buf *b, const char *text);
