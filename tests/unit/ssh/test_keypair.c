/* Key pairs: what we write is what OpenSSH reads. That each one logs in is in test_ssh_open.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <libssh2.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "ssh/keypair.h"

static struct arena *arena;
static struct ssh_keypair pair;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* First line of `ssh-keygen <how> <file>`, without the comment at its end; NULL when it fails. */
static const char *keygen(const char *how, const char *text)
{
    char path[] = "/tmp/test_keypair.XXXXXX";
    char *line = arena_alloc(arena, 2048);
    int fd = mkstemp(path);

    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
                close(fd) == 0);
    FILE *f = popen(arena_printf(arena, "ssh-keygen %s %s 2>/dev/null", how, path), "re");
    assert_non_null(f);
    const char *got = fgets(line, 2048, f);
    int rc = pclose(f);
    (void)unlink(path);
    line[strcspn(line, "\n")] = '\0';
    return rc == 0 ? got : NULL;
}

static void needs_keygen(void)
{
    if (access("/usr/bin/ssh-keygen", X_OK) != 0) {
        print_message("skipped: there is no ssh-keygen\n");
        skip();
    }
}

static void openssh_derives_the_same_public_key_from_an_ecdsa_private_key(void **state)
{
    (void)state;
    needs_keygen();
    assert_int_equal(ssh_keypair_new("ecdsa", "me", arena, &pair).kind, ERR_NONE);

    const char *derived = keygen("-y -f", pair.private_key);

    assert_non_null(derived);
    assert_string_equal(arena_printf(arena, "%s me", derived), pair.public_key);
}

static void openssh_reads_every_public_key_with_its_comment(void **state)
{
    static const char *const types[][2] = {
        {"ecdsa",   "256 " },
        {"ed25519", "256 " },
        {"rsa",     "4096 "}
    };

    (void)state;
    needs_keygen();
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (failed(ssh_keypair_type_ok(types[i][0]))) {
            continue;
        }
        assert_int_equal(ssh_keypair_new(types[i][0], "a b@c", arena, &pair).kind, ERR_NONE);
        const char *shown = keygen("-l -f", pair.public_key);
        assert_non_null(shown);
        assert_memory_equal(shown, types[i][1], strlen(types[i][1]));
        assert_non_null(strstr(shown, " a b@c ("));
    }
}

/* ssh-keygen of Debian 12 cannot read ed25519 as PKCS#8, so OpenSSL has to be the judge here. */
static void an_ed25519_public_key_is_that_of_its_private_key(void **state)
{
    unsigned char raw[32], *blob = NULL;
    size_t raw_len = sizeof raw, len = 0;

    (void)state;
    assert_int_equal(ssh_keypair_new("ed25519", "me", arena, &pair).kind, ERR_NONE);
    BIO *in = BIO_new_mem_buf(pair.private_key, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    assert_non_null(key);
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, raw, &raw_len), 1);
    EVP_PKEY_free(key);
    BIO_free(in);

    const char *base64 = strchr(pair.public_key, ' ') + 1;
    assert_true(base64_decode(arena, base64, strcspn(base64, " "), &blob, &len));
    assert_int_equal(len, 4 + 11 + 4 + 32);
    assert_memory_equal(blob, "\0\0\0\13ssh-ed25519\0\0\0\40", 19);
    assert_memory_equal(blob + 19, raw, 32);
}

static void no_two_pairs_are_the_same(void **state)
{
    struct ssh_keypair other;

    (void)state;
    assert_int_equal(ssh_keypair_new("ecdsa", "", arena, &pair).kind, ERR_NONE);
    assert_int_equal(ssh_keypair_new("ecdsa", "", arena, &other).kind, ERR_NONE);
    assert_string_not_equal(pair.public_key, other.public_key);
}

static void rsa_needs_a_newer_libssh2_and_says_so(void **state)
{
    (void)state;
    struct err e = ssh_keypair_type_ok("rsa");
#if LIBSSH2_VERSION_NUM < 0x010B00
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "libssh2 1.11"));
    assert_int_equal(ssh_keypair_new("rsa", "", arena, &pair).kind, ERR_PERMANENT);
#else
    assert_int_equal(e.kind, ERR_NONE);
#endif
}

static void an_unknown_type_or_a_comment_of_two_lines_is_refused(void **state)
{
    (void)state;
    assert_int_equal(ssh_keypair_type_ok("dsa").kind, ERR_PERMANENT);
    assert_int_equal(ssh_keypair_new("", "me", arena, &pair).kind, ERR_PERMANENT);
    assert_int_equal(ssh_keypair_new("ecdsa", "me\nssh-rsa evil", arena, &pair).kind,
                     ERR_PERMANENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(openssh_derives_the_same_public_key_from_an_ecdsa_private_key),
        TEST(openssh_reads_every_public_key_with_its_comment),
        TEST(an_ed25519_public_key_is_that_of_its_private_key),
        TEST(no_two_pairs_are_the_same),
        TEST(rsa_needs_a_newer_libssh2_and_says_so),
        TEST(an_unknown_type_or_a_comment_of_two_lines_is_refused),
    };

    return cmocka_run_group_tests_name("keypair", tests, NULL, NULL);
}
