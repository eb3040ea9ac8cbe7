/* OpenRouter's answers, honest and hostile: pages of keys, new keys, deleted ones. */
#include "world.h"

static struct openrouter test_world(void)
{
    return (struct openrouter){.arena = arena, .url = WORLD_URL, .management_key = "management"};
}

/* Names are matched exactly, on every page; the end is an empty page, not a short one. */
static void all_pages_are_read(void **state)
{
    struct openrouter at = test_world();
    struct openrouter_keys keys;

    (void)state;
    WILL(ASK("GET", PAGE("0"), 200,
             "{\"data\":[{\"name\":\"" NAME "\",\"hash\":\"aa\"},{\"name\":\"" NAME
             "-2\",\"hash\":\"bb\"}]}"),
         ASK("GET", PAGE("2"), 200,
             "{\"data\":[{\"name\":\"" NAME "\",\"hash\":\"cc\",\"disabled\":true}]}"),
         ASK("GET", PAGE("3"), 200, EMPTY));
    assert_false(failed(openrouter_keys_named(&at, NAME, &keys)));
    ALL_ASKED();
    assert_int_equal(keys.n, 2);
    assert_string_equal(keys.key[0].hash, "aa");
    assert_string_equal(keys.key[1].hash, "cc");
}

static void a_list_that_never_ends_is_noticed(void **state)
{
    struct openrouter at = test_world();
    struct openrouter_keys keys;

    (void)state;
    WILL(ASK("GET", PAGE("0"), 200, "{\"data\":[{\"name\":\"x\",\"hash\":\"aa\"}]}"),
         ASK("GET", PAGE("1"), 200, "{\"data\":[{\"name\":\"x\",\"hash\":\"aa\"}]}"));
    assert_int_equal(openrouter_keys_named(&at, NAME, &keys).kind, ERR_TRANSIENT);
    ALL_ASKED();
}

/* A key made meanwhile shifts the pages, and the next one begins with what the last one ended with: it is one key, and its
 * later usage is the newer. */
static void a_key_on_two_pages_is_one_key(void **state)
{
    struct openrouter at = test_world();
    struct openrouter_keys keys;

    (void)state;
    WILL(ASK("GET", PAGE("0"), 200,
             "{\"data\":[{\"name\":\"" NAME "\",\"hash\":\"aa\",\"usage\":1},{\"name\":\"" NAME
             "\",\"hash\":\"bb\",\"usage\":2}]}"),
         ASK("GET", PAGE("2"), 200,
             "{\"data\":[{\"name\":\"" NAME "\",\"hash\":\"bb\",\"usage\":3},{\"name\":\"" NAME
             "\",\"hash\":\"cc\",\"usage\":4}]}"),
         ASK("GET", PAGE("4"), 200, EMPTY));
    assert_false(failed(openrouter_keys_named(&at, NAME, &keys)));
    ALL_ASKED();
    assert_int_equal(keys.n, 3);
    assert_string_equal(keys.key[1].hash, "bb");
    assert_int_equal(keys.key[1].spent_micro, 3000000);
    assert_string_equal(keys.key[2].hash, "cc");
}

static const char *const lies[] = {"",
                                   "null",
                                   "[]",
                                   "<html>",
                                   "{",
                                   "17",
                                   "{}",
                                   "{\"data\":{}}",
                                   "{\"data\":[{}]}",
                                   "{\"data\":[17]}",
                                   "{\"data\":[{\"name\":\"" NAME "\",\"hash\":\"../x\"}]}"};

/* A list that can not be read is never taken for "there is none". */
static void lies_are_never_believed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        const struct exchange list = ASK("GET", PAGE("0"), 200, lies[i]);
        const struct exchange create = ASK("POST", "/keys", 201, lies[i]);
        struct openrouter at = test_world();
        struct openrouter_new_key key;
        struct openrouter_keys keys;

        world_says(&list, 1);
        assert_int_equal(openrouter_keys_named(&at, NAME, &keys).kind, ERR_TRANSIENT);
        world_says(&create, 1);
        assert_int_equal(openrouter_key_create(&at, NAME, 10, &key).kind, ERR_UNKNOWN);
    }
}

static void a_refused_management_key_says_nothing_about_keys(void **state)
{
    static const int statuses[] = {401, 403};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct exchange refused =
            ASK("DELETE", "/keys/aa", statuses[i], "{\"error\":{\"message\":\"User not found.\"}}");
        struct openrouter at = test_world();

        world_says(&refused, 1);
        struct err e = openrouter_key_delete(&at, "aa");
        assert_int_equal(e.kind, ERR_TRANSIENT);
        assert_int_equal(e.code, statuses[i]);
        assert_non_null(strstr(e.text, "an operator must check"));
    }
}

static void deleting_what_is_gone_succeeds(void **state)
{
    struct openrouter at = test_world();

    (void)state;
    WILL(ASK("DELETE", "/keys/aa", 404, "{\"error\":{\"code\":404}}"),
         ASK("DELETE", "/keys/aa", 200, "{\"deleted\":true}"),
         ASK("DELETE", "/keys/aa", 500, "oops"), ASK("DELETE", "/keys/aa", 200, "<html>"));
    assert_false(failed(openrouter_key_delete(&at, "aa")));
    assert_false(failed(openrouter_key_delete(&at, "aa")));
    assert_int_equal(openrouter_key_delete(&at, "aa").kind, ERR_UNKNOWN);
    assert_int_equal(openrouter_key_delete(&at, "aa").kind, ERR_UNKNOWN);
}

/* The text of the key is at the top; one guide has it inside. */
static void the_key_is_found_in_both_places(void **state)
{
    struct openrouter at = test_world();
    struct openrouter_new_key key;

    (void)state;
    WILL(ASK("POST", "/keys", 201, "{\"data\":{\"hash\":\"aa\"},\"key\":\"sk-or-v1-1\"}"),
         ASK("POST", "/keys", 201, "{\"data\":{\"hash\":\"aa\",\"key\":\"sk-or-v1-2\"}}"),
         ASK("POST", "/keys", 201, "{\"data\":{\"hash\":\"aa\"},\"key\":\"sk or\\nv1 quote'\"}"));
    assert_false(failed(openrouter_key_create(&at, NAME, 10, &key)));
    assert_string_equal(key.plain, "sk-or-v1-1");
    assert_false(failed(openrouter_key_create(&at, NAME, 10, &key)));
    assert_string_equal(key.plain, "sk-or-v1-2");
    assert_int_equal(openrouter_key_create(&at, NAME, 10, &key).kind, ERR_UNKNOWN);
}

static void the_hash_is_sha256(void **state)
{
    (void)state;
    assert_string_equal(openrouter_hash(arena, "abc"),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_pages_are_read),
        TEST(a_list_that_never_ends_is_noticed),
        TEST(a_key_on_two_pages_is_one_key),
        TEST(lies_are_never_believed),
        TEST(a_refused_management_key_says_nothing_about_keys),
        TEST(deleting_what_is_gone_succeeds),
        TEST(the_key_is_found_in_both_places),
        TEST(the_hash_is_sha256),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
