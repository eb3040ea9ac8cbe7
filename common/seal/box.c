/* The writer's fresh key meets the reader's; what both of them know becomes the key of one AES-256-GCM message. */
#include "seal/box.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/scope.h"

enum {
    PUBLIC_SIZE = 32,
    SHARED_SIZE = 32,
    KEY_SIZE = 32,
    NONCE_SIZE = 12,
    TAG_SIZE = 16,
    PLAIN_MAX = 64 * 1024
};

/* Key and nonce of the one message. */
struct message_key {
    unsigned char key[KEY_SIZE], nonce[NONCE_SIZE];
};

struct box_key {
    EVP_PKEY *pair;
    unsigned char public[PUBLIC_SIZE];
};

SCOPED_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
SCOPED_CLEANUP(EVP_PKEY_CTX *, EVP_PKEY_CTX_free);
SCOPED_CLEANUP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_free);
SCOPED_CLEANUP(struct box_key *, box_key_free);

static void message_key_wipe(struct message_key *key)
{
    OPENSSL_cleanse(key, sizeof *key);
}

struct box_key *box_key_new(void)
{
    struct box_key *key = calloc(1, sizeof *key);
    size_t len = PUBLIC_SIZE;

    if (!key || !(key->pair = EVP_PKEY_Q_keygen(NULL, NULL, "X25519")) ||
        EVP_PKEY_get_raw_public_key(key->pair, key->public, &len) != 1 || len != PUBLIC_SIZE) {
        abort();
    }
    return key;
}

void box_key_free(struct box_key *key)
{
    if (key) {
        EVP_PKEY_free(key->pair);
        free(key);
    }
}

const char *box_reader(const struct box_key *key, struct arena *arena)
{
    return base64url_encode(arena, key->public, PUBLIC_SIZE);
}

static bool read_bytes(const char *text, struct arena *arena, unsigned char **ret, size_t *ret_len)
{
    return base64_decode(arena, text, strlen(text), ret, ret_len);
}

/* What only the two of them can work out; false when the other's public key is none. */
static bool meet(EVP_PKEY *mine, const unsigned char *theirs, unsigned char ret[SHARED_SIZE])
{
    SCOPED(EVP_PKEY_free_p)
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, theirs, PUBLIC_SIZE);
    SCOPED(EVP_PKEY_CTX_free_p) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine, NULL);
    size_t len = SHARED_SIZE;

    return other && ctx && EVP_PKEY_derive_init(ctx) == 1 &&
           EVP_PKEY_derive_set_peer(ctx, other) == 1 && EVP_PKEY_derive(ctx, ret, &len) == 1 &&
           len == SHARED_SIZE;
}

/* Both public keys go in: the message key belongs to these two and to no other pair. */
static void derive(const unsigned char shared[SHARED_SIZE], const unsigned char *writer,
                   const unsigned char *reader, struct message_key *ret)
{
    SCOPED(EVP_PKEY_CTX_free_p) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    static const unsigned char label[] = "openclaw box v1";
    size_t len = sizeof *ret;

    if (!ctx || EVP_PKEY_derive_init(ctx) != 1 ||
        EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) != 1 ||
        EVP_PKEY_CTX_set1_hkdf_salt(ctx, label, sizeof label) != 1 ||
        EVP_PKEY_CTX_set1_hkdf_key(ctx, shared, SHARED_SIZE) != 1 ||
        EVP_PKEY_CTX_add1_hkdf_info(ctx, writer, PUBLIC_SIZE) != 1 ||
        EVP_PKEY_CTX_add1_hkdf_info(ctx, reader, PUBLIC_SIZE) != 1 ||
        EVP_PKEY_derive(ctx, (unsigned char *)ret, &len) != 1 || len != sizeof *ret) {
        abort();
    }
}

static bool agree(EVP_PKEY *mine, const unsigned char *theirs, const unsigned char *writer,
                  const unsigned char *reader, struct message_key *ret)
{
    unsigned char shared[SHARED_SIZE];
    bool met = meet(mine, theirs, shared);

    if (met) {
        derive(shared, writer, reader, ret);
    }
    OPENSSL_cleanse(shared, sizeof shared);
    return met;
}

struct err box_close(const char *reader, const char *about, const char *plain, size_t plain_len,
                     struct arena *arena, const char **ret_box)
{
    SCOPED(EVP_CIPHER_CTX_free_p) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    SCOPED(box_key_free_p) struct box_key *writer = box_key_new();
    SCOPED(message_key_wipe) struct message_key k = {0};
    unsigned char *public = NULL;
    size_t n = 0;
    int done = 0;

    *ret_box = "";
    if (plain_len > PLAIN_MAX) {
        return permanent("a message is longer than %d bytes", PLAIN_MAX);
    }
    if (!read_bytes(reader, arena, &public, &n) || n != PUBLIC_SIZE ||
        !agree(writer->pair, public, writer->public, public, &k)) {
        return permanent("this is no reader's public key");
    }
    unsigned char *box = arena_alloc(arena, PUBLIC_SIZE + plain_len + TAG_SIZE);
    unsigned char *text = box + PUBLIC_SIZE;
    memcpy(box, writer->public, PUBLIC_SIZE);
    if (!ctx || EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, k.key, k.nonce) != 1 ||
        EVP_EncryptUpdate(ctx, NULL, &done, (const unsigned char *)about, (int)strlen(about)) !=
            1 ||
        EVP_EncryptUpdate(ctx, text, &done, (const unsigned char *)plain, (int)plain_len) != 1 ||
        EVP_EncryptFinal_ex(ctx, text + done, &done) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, text + plain_len) != 1) {
        abort();
    }
    *ret_box = arena_printf(arena, "b1.%s",
                            base64url_encode(arena, box, PUBLIC_SIZE + plain_len + TAG_SIZE));
    return OK;
}

static bool decrypt(const struct message_key *k, const char *about, unsigned char *text, size_t len,
                    unsigned char *ret_plain)
{
    SCOPED(EVP_CIPHER_CTX_free_p) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;

    if (!ctx || EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, k->key, k->nonce) != 1 ||
        EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *)about, (int)strlen(about)) != 1 ||
        EVP_DecryptUpdate(ctx, ret_plain, &n, text, (int)len) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, text + len) != 1) {
        abort();
    }
    return EVP_DecryptFinal_ex(ctx, ret_plain + n, &n) == 1;
}

struct err box_open(const struct box_key *key, const char *about, const char *box,
                    struct arena *arena, const char **ret_plain, size_t *ret_len)
{
    SCOPED(message_key_wipe) struct message_key k = {0};
    unsigned char *bytes = NULL;
    size_t n = 0;

    *ret_plain = "";
    *ret_len = 0;
    if (strncmp(box, "b1.", 3) != 0 || !read_bytes(box + 3, arena, &bytes, &n) ||
        n < PUBLIC_SIZE + TAG_SIZE || n > PUBLIC_SIZE + PLAIN_MAX + TAG_SIZE) {
        return permanent("this is no sealed message");
    }
    size_t len = n - PUBLIC_SIZE - TAG_SIZE;
    unsigned char *plain = arena_alloc(arena, len + 1);
    if (!agree(key->pair, bytes, bytes, key->public, &k) ||
        !decrypt(&k, about, bytes + PUBLIC_SIZE, len, plain)) {
        OPENSSL_cleanse(plain, len);
        return permanent("the message does not open: it is for another reader or damaged");
    }
    *ret_plain = (const char *)plain;
    *ret_len = len;
    return OK;
}
