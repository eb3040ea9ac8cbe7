/* What a listed key means: only what is certainly nobody's is deleted. */
#include "key-provisioner/sweep.h"
#include "world.h"

#define NOW 1800000000
#define OLD (NOW - 3600)
#define YOUNG (NOW - 60)

static const struct key_row live = {
    .id = TEST_ID, .name = NAME, .state = "issued", .hash = "aa", .exists = true, .up = true};

static struct key_row with(struct key_row row, const char *state, bool up, bool busy)
{
    row.state = state;
    row.up = up;
    row.busy = busy;
    return row;
}

static struct openrouter_key key(const char *hash, int64_t created, bool disabled)
{
    return (struct openrouter_key){
        .hash = hash, .name = NAME, .created = created, .disabled = disabled};
}

/* kind NULL: nothing is said. */
static void expect(struct openrouter_key k, const struct key_row *row, bool own_listed,
                   const char *kind, bool deletes)
{
    struct key_verdict v = key_judge(&k, row, own_listed, NOW);

    if (kind) {
        assert_non_null(v.kind);
        assert_string_equal(v.kind, kind);
        assert_non_null(v.words);
    } else {
        assert_null(v.kind);
    }
    assert_int_equal(v.delete, deletes);
}

static void the_rows_own_key_is_left_alone(void **state)
{
    static const char *const states[] = {"new", "named", "issued"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct key_row row = with(live, states[i], true, false);
        expect(key("aa", OLD, false), &row, true, NULL, false);
    }
    expect(key("aa", OLD, true), &live, true, "disabled key", false);
    struct key_row ending = with(live, "issued", false, false);
    expect(key("aa", OLD, true), &ending, true, NULL, false);
}

static void a_key_of_nobody_here_is_only_reported(void **state)
{
    (void)state;
    expect(key("zz", OLD, false), NULL, false, "unknown key", false);
    expect(key("zz", OLD, true), NULL, true, "unknown key", false);
}

static void a_key_of_a_deployment_that_has_none_goes(void **state)
{
    struct key_row revoked = with(live, "revoked", false, false), none = live;

    (void)state;
    revoked.hash = "";
    expect(key("zz", YOUNG, false), &revoked, false, "orphaned key", true);
    none.exists = false;
    none.destroyed = true;
    expect(key("zz", OLD, true), &none, false, "orphaned key", true);
    none.destroyed = false; /* its event is on the way */
    expect(key("zz", OLD, false), &none, false, NULL, false);
}

/* Only beside the row's own key, only when nobody is at work, only when old. */
static void a_second_key_goes_when_it_is_certain(void **state)
{
    (void)state;
    expect(key("zz", OLD, false), &live, true, "surplus key", true);
    expect(key("zz", YOUNG, false), &live, true, NULL, false);
    expect(key("zz", 0, false), &live, true, "surplus key", false); /* no date */
    expect(key("zz", OLD, false), &live, false, "surplus key", false);
    struct key_row busy = with(live, "issued", true, true);
    struct key_row creating = with(live, "named", true, false);
    struct key_row revoking = with(live, "issued", false, false);
    expect(key("zz", OLD, false), &busy, true, NULL, false);
    expect(key("zz", OLD, false), &creating, true, NULL, false);
    expect(key("zz", OLD, false), &revoking, true, NULL, false);
}

/* A row that is being re-keyed is its moves' business, and one that gave up an operator's. */
static void a_key_is_adopted_by_a_row_that_rests(void **state)
{
    static const char *const states[] = {"new", "named", "renewing", "revoked"};
    struct openrouter_key late = key("zz", NOW - 100, false), early = key("zz", OLD, false);
    struct openrouter_key undated = key("zz", 0, false), off = key("zz", NOW - 100, true);
    struct key_row lost = live, before = live, gave_up = live;

    (void)state;
    lost.hash = "";
    lost.since = NOW; /* it was brought up to date after the key was made */
    assert_true(key_adoptable(&early, &lost));
    assert_true(key_adoptable(&undated, &lost));
    assert_false(key_adoptable(&off, &lost));
    before.since = NOW - 200;
    assert_true(key_adoptable(&late, &before));
    assert_false(key_adoptable(&early, &before));
    assert_false(key_adoptable(&undated, &before));
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct key_row row = with(lost, states[i], true, false);
        assert_false(key_adoptable(&early, &row));
    }
    struct key_row busy = with(lost, "issued", true, true);
    struct key_row ending = with(lost, "issued", false, false);
    assert_false(key_adoptable(&early, &busy));
    assert_false(key_adoptable(&early, &ending));
    gave_up.hash = "";
    gave_up.failed = true;
    assert_false(key_adoptable(&early, &gave_up));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_rows_own_key_is_left_alone),           TEST(a_key_of_nobody_here_is_only_reported),
        TEST(a_key_of_a_deployment_that_has_none_goes), TEST(a_second_key_goes_when_it_is_certain),
        TEST(a_key_is_adopted_by_a_row_that_rests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
