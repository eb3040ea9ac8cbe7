/* scrypt through OpenSSL, with a limit on how many run at once. */
#include "seal/password.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOG2_N = 15, R = 8, P_ = 1, SALT = 16, HASH = 32, AT_ONCE = 2, WAIT_S = 5 };
static const uint64_t memory_ceiling = 80u * 1024 * 1024;

struct stored {
    int log2_n, r, p;
    unsigned char salt[SALT], hash[HASH];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;
static int running;

static bool enter(void)
{
    struct timespec until;
    int error = 0;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&lock);
    while (running >= AT_ONCE && error != ETIMEDOUT) {
        error = pthread_cond_timedwait(&freed, &lock, &until);
    }
    bool may = running < AT_ONCE;
    running += may;
    pthread_mutex_unlock(&lock);
    return may;
}

static void leave(void)
{
    pthread_mutex_lock(&lock);
    running--;
    pthread_cond_signal(&freed);
    pthread_mutex_unlock(&lock);
}

static struct err derive(const char *password, const struct stored *how, unsigned char ret[HASH])
{
    if (!enter()) {
        return transient("too many sign-ins at once");
    }
    int ok = EVP_PBE_scrypt(password, strlen(password), how->salt, SALT, UINT64_C(1) << how->log2_n,
                            (uint64_t)how->r, (uint64_t)how->p, memory_ceiling, ret, HASH);
    leave();
    return ok == 1 ? OK : permanent("scrypt does not work here");
}

/* Base64 of exactly `size` bytes. */
static bool decode(const char *text, size_t len, unsigned char *ret, size_t size)
{
    unsigned char bytes[64];

    if (len != 4 * ((size + 2) / 3) || len / 4 * 3 > sizeof bytes) {
        return false;
    }
    if (EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len) != (int)(len / 4 * 3)) {
        return false;
    }
    memcpy(ret, bytes, size);
    return true;
}

static bool parse(const char *text, struct stored *ret)
{
    int at = 0;

    if (sscanf(text, "scrypt$%2d$%2d$%2d$%n", &ret->log2_n, &ret->r, &ret->p, &at) != 3 ||
        at == 0) {
        return false;
    }
    if (ret->log2_n < 10 || ret->log2_n > 16 || ret->r < 1 || ret->r > 8 || ret->p < 1 ||
        ret->p > 4) {
        return false;
    }
    const char *salt = text + at, *end = strchr(salt, '$');
    return end && decode(salt, (size_t)(end - salt), ret->salt, SALT) &&
           decode(end + 1, strlen(end + 1), ret->hash, HASH);
}

struct err password_hash(const char *password, char ret[PASSWORD_STORED])
{
    struct stored made = {.log2_n = LOG2_N, .r = R, .p = P_};
    unsigned char salt[4 * ((SALT + 2) / 3) + 1], hash[4 * ((HASH + 2) / 3) + 1];

    if (RAND_bytes(made.salt, SALT) != 1) {
        abort();
    }
    TRY(derive(password, &made, made.hash));
    EVP_EncodeBlock(salt, made.salt, SALT);
    EVP_EncodeBlock(hash, made.hash, HASH);
    (void)snprintf(ret, PASSWORD_STORED, "scrypt$%d$%d$%d$%s$%s", LOG2_N, R, P_, (const char *)salt,
                   (const char *)hash);
    OPENSSL_cleanse(&made, sizeof made);
    return OK;
}

struct err password_matches(const char *password, const char *stored, bool *ret)
{
    struct stored known = {.log2_n = LOG2_N, .r = R, .p = P_};
    unsigned char hash[HASH];

    *ret = false;
    if (stored && !parse(stored, &known)) {
        return permanent("a stored password cannot be read");
    }
    TRY(derive(password, &known, hash));
    *ret = stored && CRYPTO_memcmp(hash, known.hash, HASH) == 0;
    OPENSSL_cleanse(hash, sizeof hash);
    OPENSSL_cleanse(&known, sizeof known);
    return OK;
}
