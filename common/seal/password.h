/*
 * Passwords: scrypt (N = 2^15, r = 8, p = 1), stored as scrypt$15$8$1$<salt>$<hash>, base64. At most
 * two are computed at a time (32 MiB and about 0.1 s each); more wait, for a while.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

enum { PASSWORD_STORED = 128 };

/* ERR_TRANSIENT: too many at once. */
struct err password_hash(const char *password, char ret[PASSWORD_STORED]) MUST_CHECK;

/* `stored` NULL (no such account) costs the same and is never right. */
struct err password_matches(const char *password, const char *stored, bool *ret) MUST_CHECK;
