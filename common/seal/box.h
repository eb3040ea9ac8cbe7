/*
 * A secret on its way to one reader: sealed with the reader's public key, so that whoever writes it, carries it or stores
 * it can not open it again, and the reader needs no master key. The reader makes a key pair for the one message it waits
 * for and keeps it in memory only. (X25519 with a fresh key of the writer's, HKDF-SHA256, AES-256-GCM.)
 *
 * `about` is bound to it, as a key's owner and name are: a box moved to another place does not open.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct box_key;

struct box_key *box_key_new(void);
void box_key_free(struct box_key *key); /* wipes; NULL is fine */

/* What the writer needs, in base64url. */
const char *box_reader(const struct box_key *key, struct arena *arena);

/* "b1.<base64url of the writer's public key|ciphertext|tag>". ERR_PERMANENT when `reader` is no public key. */
struct err box_close(const char *reader, const char *about, const char *plain, size_t plain_len,
                     struct arena *arena, const char **ret_box) MUST_CHECK;
/* ERR_PERMANENT when it is no box for this key about this. `ret_plain` has a '\0' after its `ret_len` bytes. */
struct err box_open(const struct box_key *key, const char *about, const char *box,
                    struct arena *arena, const char **ret_plain, size_t *ret_len) MUST_CHECK;
