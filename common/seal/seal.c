/* AES-256-GCM by OpenSSL's EVP: a fresh nonce each time, owner and name as associated data. */
#include "seal/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/scope.h"

enum {
    KEY_SIZE = 32,
    NONCE_SIZE = 12,
    TAG_SIZE = 16,
    ID_MAX = 32,
    KEYS_MAX = 16,
    PLAIN_MAX = 1024 * 1024,
};

struct master_key {
    char id[ID_MAX + 1];
    unsigned char bytes[KEY_SIZE];
};

struct seal {
    int n;
    struct master_key keys[KEYS_MAX];
};

SCOPED_CLEANUP(struct seal *, seal_free);
SCOPED_CLEANUP(struct arena *, arena_free);
SCOPED_CLEANUP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_free);

static size_t id_length(const char *at)
{
    return strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

static const struct master_key *key_by_id(const struct seal *seal, const char *id, size_t len)
{
    for (int i = 0; i < seal->n; i++) {
        if (strlen(seal->keys[i].id) == len && memcmp(seal->keys[i].id, id, len) == 0) {
            return &seal->keys[i];
        }
    }
    return NULL;
}

/* One "id:base64" of `len` characters. No message shows what stands there: it may be the key. */
static struct err add_key(struct seal *seal, const char *at, size_t len, struct arena *arena)
{
    int nth = seal->n + 1;
    size_t id = id_length(at);
    unsigned char *bytes = NULL;
    size_t n = 0;

    if (seal->n == KEYS_MAX) {
        return permanent("MASTER_KEYS holds more than %d keys", KEYS_MAX);
    }
    if (id == 0 || id > ID_MAX || id >= len || at[id] != ':') {
        return permanent(
            "MASTER_KEYS: key %d must begin with 'id:' (1 to %d letters, digits, - or _)", nth,
            ID_MAX);
    }
    if (key_by_id(seal, at, id)) {
        return permanent("MASTER_KEYS: the id of key %d is there twice", nth);
    }
    if (!base64_decode(arena, at + id + 1, len - id - 1, &bytes, &n) || n != KEY_SIZE) {
        return permanent("MASTER_KEYS: key %d must be %d bytes in base64", nth, KEY_SIZE);
    }
    struct master_key *key = &seal->keys[seal->n++];
    memcpy(key->id, at, id);
    memcpy(key->bytes, bytes, KEY_SIZE);
    return OK;
}

struct err seal_new(const char *master_keys, struct seal **ret)
{
    SCOPED(arena_free_p) struct arena *arena = arena_new();
    SCOPED(seal_free_p) struct seal *seal = calloc(1, sizeof *seal);

    *ret = NULL;
    if (!seal) {
        abort();
    }
    for (const char *at = master_keys;; at++) {
        size_t len = strcspn(at, ",");
        TRY(add_key(seal, at, len, arena));
        at += len;
        if (!*at) {
            break;
        }
    }
    *ret = GIVE(seal);
    return OK;
}

void seal_free(struct seal *seal)
{
    if (seal) {
        OPENSSL_cleanse(seal, sizeof *seal);
        free(seal);
    }
}

const char *seal_newest(const struct seal *seal)
{
    return seal->keys[0].id;
}

/* Lengths in front: ("ab", "c") and ("a", "bc") must not mean the same. */
static const char *bound_to(struct arena *arena, const char *owner, const char *name)
{
    return arena_printf(arena, "v1 %zu:%s %zu:%s", strlen(owner), owner, strlen(name), name);
}

struct err seal_close(const struct seal *seal, const char *owner, const char *name,
                      const char *plain, size_t plain_len, struct arena *arena,
                      const char **ret_sealed)
{
    SCOPED(EVP_CIPHER_CTX_free_p) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const struct master_key *key = &seal->keys[0];
    const char *aad = bound_to(arena, owner, name);
    int n = 0;

    if (plain_len > PLAIN_MAX) {
        return permanent("a secret is longer than %d bytes", PLAIN_MAX);
    }
    unsigned char *box = arena_alloc(arena, NONCE_SIZE + plain_len + TAG_SIZE);
    unsigned char *text = box + NONCE_SIZE;
    if (!ctx || RAND_bytes(box, NONCE_SIZE) != 1 ||
        EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, box) != 1 ||
        EVP_EncryptUpdate(ctx, NULL, &n, (const unsigned char *)aad, (int)strlen(aad)) != 1 ||
        EVP_EncryptUpdate(ctx, text, &n, (const unsigned char *)plain, (int)plain_len) != 1 ||
        EVP_EncryptFinal_ex(ctx, text + n, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, text + plain_len) != 1) {
        abort();
    }
    *ret_sealed = arena_printf(arena, "v1.%s.%s", key->id,
                               base64url_encode(arena, box, NONCE_SIZE + plain_len + TAG_SIZE));
    return OK;
}

/* Splits "v1.<id>.<box>"; false when it does not look like that. */
static bool split(const char *sealed, const char **ret_id, size_t *ret_id_len, const char **ret_box)
{
    if (strncmp(sealed, "v1.", 3) != 0) {
        return false;
    }
    *ret_id = sealed + 3;
    *ret_id_len = id_length(*ret_id);
    *ret_box = *ret_id + *ret_id_len + 1;
    return *ret_id_len > 0 && *ret_id_len <= ID_MAX && (*ret_id)[*ret_id_len] == '.';
}

static bool decrypt(const struct master_key *key, const char *aad, unsigned char *box,
                    size_t box_len, unsigned char *ret_plain)
{
    SCOPED(EVP_CIPHER_CTX_free_p) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t len = box_len - NONCE_SIZE - TAG_SIZE;
    const unsigned char *text = box + NONCE_SIZE;
    int n = 0;

    if (!ctx || EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, box) != 1 ||
        EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *)aad, (int)strlen(aad)) != 1 ||
        EVP_DecryptUpdate(ctx, ret_plain, &n, text, (int)len) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, box + NONCE_SIZE + len) != 1) {
        abort();
    }
    return EVP_DecryptFinal_ex(ctx, ret_plain + n, &n) == 1;
}

struct err seal_open(const struct seal *seal, const char *owner, const char *name,
                     const char *sealed, struct arena *arena, const char **ret_plain,
                     size_t *ret_len)
{
    const char *id = NULL, *text = NULL;
    unsigned char *box = NULL;
    size_t id_len = 0, n = 0;

    *ret_plain = "";
    *ret_len = 0;
    if (!split(sealed, &id, &id_len, &text) ||
        !base64_decode(arena, text, strlen(text), &box, &n) || n < NONCE_SIZE + TAG_SIZE ||
        n > NONCE_SIZE + TAG_SIZE + PLAIN_MAX) {
        return permanent("%s: this is no sealed value", name);
    }
    const struct master_key *key = key_by_id(seal, id, id_len);
    if (!key) {
        return permanent("%s is sealed with key '%.*s', which MASTER_KEYS does not have", name,
                         (int)id_len, id);
    }
    size_t len = n - NONCE_SIZE - TAG_SIZE;
    unsigned char *plain = arena_alloc(arena, len + 1);
    if (!decrypt(key, bound_to(arena, owner, name), box, n, plain)) {
        OPENSSL_cleanse(plain, len);
        return permanent("%s does not open: it belongs to somebody else or is damaged", name);
    }
    *ret_plain = (const char *)plain;
    *ret_len = len;
    return OK;
}

const char *seal_key_id(const char *sealed, struct arena *arena)
{
    const char *id = NULL, *box = NULL;
    size_t len = 0;

    return split(sealed, &id, &len, &box) ? arena_strndup(arena, id, len) : "";
}
