/*
 * Secrets at rest: AES-256-GCM under a master key, bound to their owner and name by the associated
 * data, so a sealed value copied to another row does not open.
 *
 * MASTER_KEYS = "id:base64 of 32 bytes[,id:base64...]", newest first: the first seals, all open.
 * Sealed text: "v1.<key id>.<base64url of nonce|ciphertext|tag>".
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct seal;

/* Parses MASTER_KEYS; ERR_PERMANENT with one line (never the key) when it is malformed. */
struct err seal_new(const char *master_keys, struct seal **ret) MUST_CHECK;
void seal_free(struct seal *seal); /* wipes; NULL is fine */

struct err seal_close(const struct seal *seal, const char *owner, const char *name,
                      const char *plain, size_t plain_len, struct arena *arena,
                      const char **ret_sealed) MUST_CHECK;
struct err seal_open(const struct seal *seal, const char *owner, const char *name,
                     const char *sealed, struct arena *arena, const char **ret_plain,
                     size_t *ret_len) MUST_CHECK;

/* Id of the key that sealed it, for rotation; "" when malformed. In the arena. */
const char *seal_key_id(const char *sealed, struct arena *arena);
/* Id of the newest key. */
const char *seal_newest(const struct seal *seal);
