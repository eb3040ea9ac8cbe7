/* The sweep of the keys against rows that stand in a table here: one key's trouble is its own, and nothing is lost. */
#include "key-provisioner/sweep.h"
#include "sweep_world.h"

#define REVOKED(id_, name_)                                                                        \
    {                                                                                              \
        .id = (id_), .name = (name_), .state = "revoked"                                           \
    }

static void one_keys_trouble_is_its_own(void **state)
{
    static const int broken[] = {500, 400};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        forget_all();
        ROWS_ARE(REVOKED(ID("1"), NAMED("1")), REVOKED(ID("2"), NAMED("2")));
        const struct exchange script[] = {
            LIST(KEY("o1", NAMED("1")) "," KEY("o2", NAMED("2")), "2"),
            ASK("GET", "/keys/o1", broken[i], "{}"),
            ASK("GET", "/keys/o2", 200, "{\"data\":{}}"),
            ASK("DELETE", "/keys/o2", 200, "{}"),
        };
        world_says(script, sizeof script / sizeof script[0]);
        assert_false(failed(keys_sweep(&look)));
        ALL_ASKED();
        assert_int_equal(look.n_skipped, 1);
        assert_string_equal(look.skipped[0], "o1");
        assert_int_equal(look.n_found, 1);
        assert_string_equal(found("o2")->resolved, "revoked");
    }
}

static void one_rows_trouble_is_its_own(void **state)
{
    (void)state;
    ROWS_ARE(ISSUED("1", "a1"), ISSUED("2", "a2"));
    WILL(LIST(KEY("ff", "theirs"), "1"), ASK("GET", "/keys/a1", 500, "{}"),
         ASK("GET", "/keys/a2", 404, "{}"));
    assert_false(failed(keys_sweep(&look)));
    ALL_ASKED();
    assert_int_equal(look.n_skipped, 1);
    assert_string_equal(look.skipped[0], NAMED("1"));
    assert_string_equal(found(NAMED("2"))->kind, "row without its key");
}

static void what_is_everybodys_trouble_ends_it(void **state)
{
    static const int statuses[] = {401, 403, 429};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        forget_all();
        ROWS_ARE(REVOKED(ID("1"), NAMED("1")), REVOKED(ID("2"), NAMED("2")));
        const struct exchange script[] = {
            LIST(KEY("o1", NAMED("1")) "," KEY("o2", NAMED("2")), "2"),
            ASK("GET", "/keys/o1", statuses[i], "{}"),
        };
        world_says(script, sizeof script / sizeof script[0]);
        assert_int_equal(keys_sweep(&look).code, statuses[i]);
        ALL_ASKED();
    }
}

/* It is taken off the cap of the next key: once the surplus one is gone nobody else can tell. */
static void what_a_surplus_key_has_spent_is_noted_first(void **state)
{
    (void)state;
    for (int changed = 0; changed < 2; changed++) {
        forget_all();
        ROWS_ARE(ISSUED("1", "aa"));
        refuse_changes = changed;
        const struct exchange script[] = {
            LIST(KEY("aa", NAMED("1")) "," SPENT("bb", NAMED("1"), "3.25"), "2"),
            ASK("GET", "/keys/bb", 200, "{\"data\":{}}"),
            ASK("DELETE", "/keys/bb", 200, "{}"),
        };
        world_says(script, changed ? 3 : 4);
        assert_false(failed(keys_sweep(&look)));
        ALL_ASKED();
        assert_string_equal(changes, " spent=bb=3250000 ");
        assert_int_equal(found("bb")->resolved != NULL, !changed);
    }
}

static void a_surplus_key_that_does_not_say_what_it_has_spent_stays(void **state)
{
    (void)state;
    ROWS_ARE(ISSUED("1", "aa"));
    WILL(LIST(KEY("aa", NAMED("1")) "," SPENT("bb", NAMED("1"), "null"), "2"),
         ASK("GET", "/keys/bb", 200, "{\"data\":{}}"));
    assert_false(failed(keys_sweep(&look)));
    ALL_ASKED();
    assert_null(found("bb")->resolved);
    assert_non_null(strstr(found("bb")->words, "does not say what was spent"));
}

/* A restored row has forgotten the hash, or has one of before: the only key of its name is its own. */
static void a_restored_row_has_its_key_again(void **state)
{
    (void)state;
    ROWS_ARE(ISSUED("1", ""), ISSUED("2", "old"));
    WILL(LIST(KEY("k1", NAMED("1")) "," KEY("k2", NAMED("2")), "2"),
         LIST(KEY("k1", NAMED("1")) "," KEY("k2", NAMED("2")), "2"),
         ASK("GET", "/keys/old", 404, "{}"));
    assert_false(failed(keys_sweep(&look)));
    ALL_ASKED();
    assert_string_equal(changes, " hash=k1 hash=k2");
    assert_int_equal(look.n_found, 2);
    assert_string_equal(found("k1")->kind, "key its row does not know");
    assert_string_equal(found("k1")->resolved, "adopted");
    assert_string_equal(found("k1")->deployment, ID("1"));
    assert_int_equal(found("k1")->cents, 700);
    assert_string_equal(found("k2")->resolved, "adopted");
}

/* With that hash in its row, the first list, and the second one if it is read again. */
static void assert_adopts_none(const char *hash, const char *page, const char *again)
{
    const struct row_here row = ISSUED("1", hash);
    const struct exchange gone = ASK("GET", "/keys/old", 404, "{}");
    const struct exchange end = ASK("GET", PAGE("2"), 200, EMPTY);
    struct exchange first = ASK("GET", PAGE("0"), 200, page), script[5] = {first, end};
    size_t n = 2;

    forget_all();
    rows_here[0] = row;
    n_rows_here = 1;
    if (hash[0]) {
        script[n++] = gone;
    }
    if (again) {
        script[n] = first;
        script[n++].body = again;
        script[n++] = end;
    }
    world_says(script, n);
    assert_false(failed(keys_sweep(&look)));
    ALL_ASKED();
    assert_string_equal(changes, "");
    assert_string_equal(found(NAMED("1"))->kind, "row without its key");
}

/* Which one a machine has is only certain when there is one; and what was made before the row had another is not it. */
static void a_key_that_may_be_another_is_not_adopted(void **state)
{
    (void)state;
    assert_adopts_none("", TWO(KEY("k1", NAMED("1")), KEY("k2", NAMED("1"))), NULL);
    assert_adopts_none("", TWO(KEY("k1", NAMED("1")), OFF("k2", NAMED("1"))), NULL);
    assert_adopts_none("", TWO(OFF("k1", NAMED("1")), KEY("ff", "theirs")), NULL);
    assert_adopts_none("", TWO(KEY("f1", "theirs"), KEY("ff", "theirs")), NULL);
    assert_adopts_none("old", TWO(EARLY("k1", NAMED("1")), KEY("ff", "theirs")), NULL);
    /* the first list has missed the newer one */
    assert_adopts_none("", TWO(KEY("k1", NAMED("1")), KEY("ff", "theirs")),
                       TWO(KEY("k2", NAMED("1")), KEY("k1", NAMED("1"))));
}

/* Somebody is at work on it, or the key is another row's. */
static void a_row_that_changed_meanwhile_is_not_given_a_key(void **state)
{
    (void)state;
    ROWS_ARE(ISSUED("1", ""));
    refuse_changes = true;
    WILL(LIST(KEY("k1", NAMED("1")), "1"), LIST(KEY("k1", NAMED("1")), "1"));
    assert_false(failed(keys_sweep(&look)));
    ALL_ASKED();
    assert_string_equal(found(NAMED("1"))->kind, "row without its key");
    assert_string_equal(found("k1")->kind, "surplus key");
    assert_null(found("k1")->resolved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SWEEP_TEST(one_keys_trouble_is_its_own),
        SWEEP_TEST(one_rows_trouble_is_its_own),
        SWEEP_TEST(what_is_everybodys_trouble_ends_it),
        SWEEP_TEST(what_a_surplus_key_has_spent_is_noted_first),
        SWEEP_TEST(a_surplus_key_that_does_not_say_what_it_has_spent_stays),
        SWEEP_TEST(a_restored_row_has_its_key_again),
        SWEEP_TEST(a_key_that_may_be_another_is_not_adopted),
        SWEEP_TEST(a_row_that_changed_meanwhile_is_not_given_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
