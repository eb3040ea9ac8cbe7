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

int main(void)
{
    const struct CMUnitTest tests[] = {
        SWEEP_TEST(one_keys_trouble_is_its_own),
        SWEEP_TEST(one_rows_trouble_is_its_own),
        SWEEP_TEST(what_is_everybodys_trouble_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
