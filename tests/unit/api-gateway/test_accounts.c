/* E-mail addresses, passwords, session tokens, and the limit on attempts. */
#include "world.h"

#include "accounts.h"
#include "attempts.h"
#include "deployments.h"
#include "seal/password.h"
#include "sessions.h"

static void an_address_is_lower_cased_and_trimmed(void **state)
{
    char email[256];

    (void)state;
    assert_true(email_normalize(" Ann.B+x@Mail.Example.COM\t", email));
    assert_string_equal(email, "ann.b+x@mail.example.com");
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const bad[] = {
        "",          "ann",          "@b.c",    "a@",      "a@.c",         "a@b.",   "a@b..c",
        "a b@c.d",   "a@b@c.d",      ".a@b.c",  "a.@b.c",  "a@-b.c",       "a@b-.c", "a@b_c.d",
        "\"a\"@b.c", "a@b.c, d@e.f", "<a@b.c>", "a@b.c\n", "\xc3\xa4@b.c",
    };
    char email[256], local[80], longest[300];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (email_normalize(bad[i], email)) {
            fail_msg("'%s' passed", bad[i]);
        }
    }
    (void)snprintf(local, sizeof local, "%065d@b.c", 0);
    assert_false(email_normalize(local, email));
    (void)snprintf(longest, sizeof longest, "a@%0253d", 0);
    assert_false(email_normalize(longest, email));
}

static void a_password_matches_what_was_stored_for_it_and_nothing_else(void **state)
{
    char stored[PASSWORD_STORED], again[PASSWORD_STORED];
    bool right = false;

    (void)state;
    assert_false(failed(password_hash("correct horse", stored)));
    assert_false(failed(password_hash("correct horse", again)));
    assert_memory_equal(stored, "scrypt$15$8$1$", 14);
    assert_string_not_equal(stored, again); /* its own salt each time */
    assert_false(failed(password_matches("correct horse", stored, &right)));
    assert_true(right);
    assert_false(failed(password_matches("correct horsf", stored, &right)));
    assert_false(right);
}

static void nobody_has_the_right_password_of_no_account(void **state)
{
    bool right = true;

    (void)state;
    assert_false(failed(password_matches("", NULL, &right)));
    assert_false(right);
}

static void a_damaged_stored_password_is_an_error_not_a_way_in(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "scrypt$15$8$1$",
        "scrypt$15$8$1$AAAA$AAAA",
        "scrypt$40$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAA",
    };
    bool right = true;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = password_matches("any", bad[i], &right);
        assert_int_equal(e.kind, ERR_PERMANENT);
        assert_false(right);
    }
}

static void a_token_is_43_characters_and_stored_as_its_digest(void **state)
{
    char digest[65];

    (void)state;
    assert_true(session_hash("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", digest));
    assert_int_equal(strlen(digest), 64);
    assert_int_equal(strspn(digest, "0123456789abcdef"), 64);
    assert_false(session_hash("", digest));
    assert_false(session_hash("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", digest));
    assert_false(session_hash("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'", digest));
}

static void the_attempt_past_the_limit_is_told_how_long_to_wait(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(attempts_take("a", 3, 1000), 0);
    }
    assert_int_equal(attempts_take("a", 3, 61000), 240);
    assert_int_equal(attempts_take("b", 3, 61000), 0);
}

static void the_limit_opens_again_when_its_window_ends(void **state)
{
    (void)state;
    assert_int_equal(attempts_take("c", 1, 0), 0);
    assert_true(attempts_take("c", 1, 299999) > 0);
    assert_int_equal(attempts_take("c", 1, 300000), 0);
}

static void an_attempt_that_was_right_does_not_count(void **state)
{
    (void)state;
    assert_int_equal(attempts_take("d", 1, 0), 0);
    attempts_forget("d");
    assert_int_equal(attempts_take("d", 2, 0), 0);
    assert_int_equal(attempts_take("d", 2, 0), 0);
    attempts_give_back("d");
    assert_int_equal(attempts_take("d", 2, 0), 0);
    assert_true(attempts_take("d", 2, 0) > 0);
}

static void many_keys_do_not_grow_the_table(void **state)
{
    char key[30];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(key, sizeof key, "key %d", i);
        assert_int_equal(attempts_take(key, 1, i), 0);
    }
}

static void idempotency_keys_and_names_are_checked(void **state)
{
    char key[202];

    (void)state;
    memset(key, 'k', 201);
    key[201] = '\0';
    assert_false(idempotency_key_valid(key));
    key[200] = '\0';
    assert_true(idempotency_key_valid(key));
    assert_false(idempotency_key_valid(""));
    assert_false(idempotency_key_valid("a\tb"));
    assert_false(idempotency_key_valid("\xc3\xa4"));
    assert_true(name_valid("My claw \xc3\xa4"));
    assert_false(name_valid("   "));
    assert_false(name_valid("a\nb"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_address_is_lower_cased_and_trimmed),
        TEST(what_is_no_address_is_refused),
        TEST(a_password_matches_what_was_stored_for_it_and_nothing_else),
        TEST(nobody_has_the_right_password_of_no_account),
        TEST(a_damaged_stored_password_is_an_error_not_a_way_in),
        TEST(a_token_is_43_characters_and_stored_as_its_digest),
        TEST(the_attempt_past_the_limit_is_told_how_long_to_wait),
        TEST(the_limit_opens_again_when_its_window_ends),
        TEST(an_attempt_that_was_right_does_not_count),
        TEST(many_keys_do_not_grow_the_table),
        TEST(idempotency_keys_and_names_are_checked),
    };

    return cmocka_run_group_tests_name("accounts", tests, NULL, NULL);
}
