/* Key pairs by OpenSSL: PKCS#8 PEM for libssh2, the wire format of RFC 4253 for authorized_keys. */
#include "ssh/keypair.h"

#include <libssh2.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/scope.h"

enum { RSA_BITS = 4096, BLOB_CEILING = 4096, ED25519_SIZE = 32, P256_POINT_SIZE = 65 };

SCOPED_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
SCOPED_CLEANUP(BIO *, BIO_free_all);
SCOPED_CLEANUP(BIGNUM *, BN_free);

struct err ssh_keypair_type_ok(const char *type)
{
    if (strcmp(type, "ecdsa") == 0 || strcmp(type, "ed25519") == 0) {
        return OK;
    }
    if (strcmp(type, "rsa") == 0) {
#if LIBSSH2_VERSION_NUM < 0x010B00
        return permanent("SSH_KEY_TYPE rsa needs libssh2 1.11 or later; this build has %s",
                         LIBSSH2_VERSION);
#else
        return OK;
#endif
    }
    return permanent("SSH_KEY_TYPE must be ecdsa, ed25519 or rsa, not '%.20s'", type);
}

static EVP_PKEY *generate(const char *type)
{
    EVP_PKEY *key = strcmp(type, "ecdsa") == 0     ? EVP_EC_gen("P-256")
                    : strcmp(type, "ed25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                                   : EVP_RSA_gen(RSA_BITS);

    if (!key) {
        abort();
    }
    return key;
}

static const char *private_pem(EVP_PKEY *key, struct arena *arena)
{
    SCOPED(BIO_free_all_p) BIO *out = BIO_new(BIO_s_secmem());
    char *text = NULL;

    if (!out || PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) != 1) {
        abort();
    }
    long len = BIO_get_mem_data(out, &text);
    return arena_strndup(arena, text, (size_t)len);
}

static void put_string(struct buf *blob, const void *bytes, size_t len)
{
    unsigned char size[] = {(unsigned char)(len >> 24), (unsigned char)(len >> 16),
                            (unsigned char)(len >> 8), (unsigned char)len};

    (void)buf_put(blob, size, sizeof size);
    (void)buf_put(blob, bytes, len);
}

/* An mpint is signed: a first bit that is set needs a zero byte in front. */
static void put_number(struct buf *blob, EVP_PKEY *key, const char *name)
{
    SCOPED(BN_free_p) BIGNUM *n = NULL;
    unsigned char bytes[RSA_BITS / 8 + 1] = {0};

    if (EVP_PKEY_get_bn_param(key, name, &n) != 1 || BN_num_bits(n) > RSA_BITS) {
        abort();
    }
    (void)BN_bn2bin(n, bytes + 1);
    bool padded = bytes[1] & 0x80;
    put_string(blob, padded ? bytes : bytes + 1, (size_t)BN_num_bytes(n) + padded);
}

static const char *put_public(struct buf *blob, EVP_PKEY *key)
{
    unsigned char raw[P256_POINT_SIZE];
    size_t len = sizeof raw;
    const char *name = "ssh-rsa";

    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
        name = "ecdsa-sha2-nistp256";
        put_string(blob, name, strlen(name));
        put_string(blob, "nistp256", 8);
        if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, raw, len, &len) != 1 ||
            len != P256_POINT_SIZE) {
            abort();
        }
        put_string(blob, raw, len);
        break;
    case EVP_PKEY_ED25519:
        name = "ssh-ed25519";
        put_string(blob, name, strlen(name));
        if (EVP_PKEY_get_raw_public_key(key, raw, &len) != 1 || len != ED25519_SIZE) {
            abort();
        }
        put_string(blob, raw, len);
        break;
    default:
        put_string(blob, name, strlen(name));
        put_number(blob, key, OSSL_PKEY_PARAM_RSA_E);
        put_number(blob, key, OSSL_PKEY_PARAM_RSA_N);
    }
    return name;
}

/* A line break in the comment would be a second line of authorized_keys. */
static bool plain(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

struct err ssh_keypair_new(const char *type, const char *comment, struct arena *arena,
                           struct ssh_keypair *ret)
{
    TRY(ssh_keypair_type_ok(type));
    if (!plain(comment)) {
        return permanent("the comment of an SSH key must be one line of plain text");
    }
    SCOPED(EVP_PKEY_free_p) EVP_PKEY *key = generate(type);
    SCOPED(buf_release) struct buf blob;

    buf_init(&blob, BLOB_CEILING);
    const char *name = put_public(&blob, key);
    unsigned char *base64 = arena_alloc(arena, 4 * (blob.len / 3 + 1) + 1);
    (void)EVP_EncodeBlock(base64, (unsigned char *)blob.at, (int)blob.len);
    ret->private_key = private_pem(key, arena);
    ret->public_key = arena_printf(arena, "%s %s %s", name, (char *)base64, comment);
    return OK;
}
