/*
 * A fresh SSH key pair in memory. `type`: "ecdsa" (P-256), "ed25519", "rsa" (4096; only useful
 * with libssh2 >= 1.11, refused otherwise with one line that says so). Private: a text libssh2
 * takes from memory; public: one authorized_keys line "type base64 comment".
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct ssh_keypair {
    const char *private_key; /* in the arena: wiped with it */
    const char *public_key;
};

struct err ssh_keypair_new(const char *type, const char *comment, struct arena *arena,
                           struct ssh_keypair *ret) MUST_CHECK;

/* Can this type be used by this build? For the check of the setting at start. */
struct err ssh_keypair_type_ok(const char *type) MUST_CHECK;
