/* Base64: the standard alphabet (RFC 4648 section 4) and the one for URLs and files (section 5). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"

/* Standard alphabet, padded. */
const char *base64_encode(struct arena *arena, const void *bytes, size_t len);

/* The alphabet for URLs, without padding. */
const char *base64url_encode(struct arena *arena, const void *bytes, size_t len);

/*
 * Reads `len` characters of either alphabet, padding optional. Strict: no blanks, no stray bits,
 * so one value has one spelling. False when it is none; `ret` (arena) has a '\0' after its
 * `ret_len` bytes.
 */
bool base64_decode(struct arena *arena, const char *text, size_t len, unsigned char **ret,
                   size_t *ret_len);
