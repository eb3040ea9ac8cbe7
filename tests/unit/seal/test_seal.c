/* Secrets at rest: what opens, and above all what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "seal/seal.h"

#define KEY_A "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_B "b:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="

static struct arena *arena;
static struct seal *seal;
static const char *sealed, *plain;
static size_t plain_len;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return failed(seal_new(KEY_A, &seal)) ||
                   failed(seal_close(seal, "dep-1", "ssh_key", "secret", 6, arena, &sealed))
               ? -1
               : 0;
}

static int tear_down(void **state)
{
    (void)state;
    seal_free(seal);
    seal = NULL;
    arena_free(arena);
    return 0;
}

static enum err_kind opening(const struct seal *with, const char *owner, const char *name,
                             const char *text)
{
    return seal_open(with, owner, name, text, arena, &plain, &plain_len).kind;
}

static void what_is_sealed_opens_for_its_owner_and_name(void **state)
{
    (void)state;
    assert_int_equal(opening(seal, "dep-1", "ssh_key", sealed), ERR_NONE);
    assert_int_equal(plain_len, 6);
    assert_string_equal(plain, "secret");
    assert_memory_equal(sealed, "v1.a.", 5);
    assert_null(strstr(sealed, "secret"));
}

static void every_length_and_every_byte_comes_back(void **state)
{
    char bytes[300];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)i;
    }
    for (size_t len = 0; len < sizeof bytes; len++) {
        assert_int_equal(seal_close(seal, "o", "n", bytes, len, arena, &sealed).kind, ERR_NONE);
        assert_int_equal(opening(seal, "o", "n", sealed), ERR_NONE);
        assert_int_equal(plain_len, len);
        assert_memory_equal(plain, bytes, len);
        assert_int_equal(strspn(sealed, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-_."),
                         strlen(sealed));
    }
}

static void the_same_secret_never_looks_the_same(void **state)
{
    const char *again;

    (void)state;
    assert_int_equal(seal_close(seal, "dep-1", "ssh_key", "secret", 6, arena, &again).kind,
                     ERR_NONE);
    assert_string_not_equal(sealed, again);
}

static void another_owner_or_name_does_not_open_it(void **state)
{
    (void)state;
    assert_int_equal(opening(seal, "dep-2", "ssh_key", sealed), ERR_PERMANENT);
    assert_string_equal(plain, "");
    assert_int_equal(opening(seal, "dep-1", "api_key", sealed), ERR_PERMANENT);
    assert_int_equal(opening(seal, "dep-1s", "sh_key", sealed), ERR_PERMANENT);
}

static void another_key_does_not_open_it(void **state)
{
    struct seal *other;

    (void)state;
    assert_int_equal(seal_new(KEY_B, &other).kind, ERR_NONE);
    assert_int_equal(opening(other, "dep-1", "ssh_key", sealed), ERR_PERMANENT);
    seal_free(other);
    /* the same id, other bytes */
    assert_int_equal(seal_new("a:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=", &other).kind,
                     ERR_NONE);
    assert_int_equal(opening(other, "dep-1", "ssh_key", sealed), ERR_PERMANENT);
    seal_free(other);
}

static void no_character_can_be_changed_added_or_left_out(void **state)
{
    char *text = arena_strdup(arena, sealed);
    size_t len = strlen(text);

    (void)state;
    for (size_t i = 0; i < len; i++) {
        char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(opening(seal, "dep-1", "ssh_key", text), ERR_PERMANENT);
        text[i] = '!';
        assert_int_equal(opening(seal, "dep-1", "ssh_key", text), ERR_PERMANENT);
        text[i] = was;
    }
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(opening(seal, "dep-1", "ssh_key", arena_strndup(arena, sealed, i)),
                         ERR_PERMANENT);
    }
    assert_int_equal(opening(seal, "dep-1", "ssh_key", arena_printf(arena, "%sA", sealed)),
                     ERR_PERMANENT);
    assert_int_equal(opening(seal, "dep-1", "ssh_key", sealed), ERR_NONE);
}

static void after_a_rotation_old_values_open_and_new_ones_use_the_newest_key(void **state)
{
    struct seal *rotated;
    const char *newer;

    (void)state;
    assert_int_equal(seal_new(KEY_B "," KEY_A, &rotated).kind, ERR_NONE);
    assert_string_equal(seal_newest(rotated), "b");
    assert_int_equal(opening(rotated, "dep-1", "ssh_key", sealed), ERR_NONE);
    assert_string_equal(plain, "secret");
    assert_string_equal(seal_key_id(sealed, arena), "a");

    assert_int_equal(seal_close(rotated, "dep-1", "ssh_key", plain, plain_len, arena, &newer).kind,
                     ERR_NONE);
    assert_string_equal(seal_key_id(newer, arena), "b");
    struct err e = seal_open(seal, "dep-1", "ssh_key", newer, arena, &plain, &plain_len);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_string_equal(e.text, "ssh_key is sealed with key 'b', which MASTER_KEYS does not have");
    seal_free(rotated);
}

static void the_id_of_something_else_is_empty(void **state)
{
    static const char *const texts[] = {"",     "v1",     "v1.",   "v1..x",
                                        "v1.a", "v2.a.x", "plain", "v1.a b.x"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_string_equal(seal_key_id(texts[i], arena), "");
        assert_int_equal(opening(seal, "o", "n", texts[i]), ERR_PERMANENT);
    }
}

static void malformed_master_keys_are_refused_without_showing_them(void **state)
{
    static const char *const texts[] = {
        "",
        ",",
        "a",
        "a:",
        ":AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", /* 31 bytes */
        "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g", /* 33 bytes */
        "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=", /* stray bits */
        "a:AAECAwQFBgcICQoLDA0ODx REhMUFRYXGBkaGxwdHh8=",
        "a b:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "a.b:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "aaaaaaaaaabbbbbbbbbbccccccccccddd:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        KEY_A ",",
        KEY_A "," KEY_A,
        KEY_A ", " KEY_B,
        KEY_A ",,b:x",
    };
    struct seal *none;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err e = seal_new(texts[i], &none);
        assert_int_equal(e.kind, ERR_PERMANENT);
        assert_null(none);
        assert_non_null(strstr(e.text, "MASTER_KEYS"));
        assert_null(strstr(e.text, "AAEC"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_sealed_opens_for_its_owner_and_name),
        TEST(every_length_and_every_byte_comes_back),
        TEST(the_same_secret_never_looks_the_same),
        TEST(another_owner_or_name_does_not_open_it),
        TEST(another_key_does_not_open_it),
        TEST(no_character_can_be_changed_added_or_left_out),
        TEST(after_a_rotation_old_values_open_and_new_ones_use_the_newest_key),
        TEST(the_id_of_something_else_is_empty),
        TEST(malformed_master_keys_are_refused_without_showing_them),
    };

    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
