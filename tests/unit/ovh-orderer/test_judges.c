/* What a machine or a cart at OVH means: ended or deleted is only what certainly belongs to a deployment that is over. */
#include "base/ids.h"
#include "ovh-orderer/sweep.h"
#include "world.h"

#define NOW 1800000000
#define MONTH (30 * 86400)

static const struct server_row ready = {.id = TEST_ID,
                                        .state = "ready",
                                        .service = "vps-1",
                                        .cart = "c1",
                                        .dead_carts = "",
                                        .order = 7,
                                        .exists = true,
                                        .up = true,
                                        .settled = true};

static struct server_row in(const char *state)
{
    struct server_row row = ready;

    row.state = state;
    return row;
}

static struct server_row destroyed(void)
{
    struct server_row row = {
        .id = TEST_ID, .state = "", .service = "", .cart = "", .dead_carts = ""};

    row.destroyed = true;
    return row;
}

/* What is known of a machine; NULL display: not looked at; ends < 0: not asked. */
static struct verdict judge(const char *display, int ends, const struct server_row *row,
                            const struct server_row *marked)
{
    static struct ovh_vps vps;
    static struct ovh_service service;
    struct machine m = {.name = "vps-1"};

    if (display) {
        vps = (struct ovh_vps){.exists = true, .display_name = display, .plan = ""};
        m.vps = &vps;
    }
    if (ends >= 0) {
        service = (struct ovh_service){.ends = ends, .expiration = ""};
        m.service = &service;
    }
    return machine_judge(&m, row, marked);
}

static void expect(struct verdict v, enum machine_next next, const char *kind)
{
    assert_int_equal(v.next, next);
    if (kind) {
        assert_non_null(v.kind);
        assert_string_equal(v.kind, kind);
    } else {
        assert_null(v.kind);
    }
}

#define MARK "openclaw-0000abcd1234"

static void a_mark_is_the_whole_name(void **state)
{
    (void)state;
    assert_string_equal(mark_of(MARK), id_short(TEST_ID));
    static const char *const others[] = {"",
                                         "vps-1",
                                         "openclaw-",
                                         "openclaw",
                                         MARK "x",
                                         "x" MARK,
                                         "openclaw-test",
                                         "openclaw-0000ABCD1234",
                                         "Openclaw-0000abcd1234"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_null(mark_of(others[i]));
    }
}

static void a_live_row_needs_no_look(void **state)
{
    static const char *const states[] = {"delivered", "prepared", "rebuilding", "ready"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct server_row row = in(states[i]);
        expect(judge(NULL, -1, &row, NULL), MACHINE_DONE, NULL);
    }
}

static void what_its_row_released_must_end(void **state)
{
    struct server_row row = in("released");

    (void)state;
    expect(judge(NULL, -1, &row, NULL), MACHINE_ASK_END, NULL);
    expect(judge(NULL, true, &row, NULL), MACHINE_DONE, NULL);
    expect(judge(NULL, false, &row, NULL), MACHINE_LOOK, NULL);
    expect(judge(MARK, false, &row, NULL), MACHINE_RELEASE, "released server that renews");
    /* A person took it over and gave it a name of their own: never touched. */
    expect(judge("my server", false, &row, NULL), MACHINE_DONE, "released server that renews");
    expect(judge("openclaw-0000ffff9999", false, &row, NULL), MACHINE_DONE,
           "released server that renews");
}

static void what_carries_no_mark_is_not_ours(void **state)
{
    (void)state;
    expect(judge(NULL, -1, NULL, NULL), MACHINE_LOOK, NULL);
    expect(judge("vps-1.vps.ovh.us", -1, NULL, NULL), MACHINE_DONE, NULL);
    expect(judge("openclaw-test", -1, NULL, &ready), MACHINE_DONE, NULL);
}

static void a_marked_machine_that_no_row_has(void **state)
{
    struct server_row gone = in("released"), over = destroyed(), waits = in("paid"),
                      parked = in("paid"), second = in("ready");

    (void)state;
    waits.service = parked.service = "";
    parked.parked = true;
    second.service = "vps-2";
    expect(judge(MARK, -1, NULL, &ready), MACHINE_ASK_END, NULL);
    expect(judge(MARK, true, NULL, NULL), MACHINE_DONE, NULL); /* ends anyhow */
    expect(judge(MARK, false, NULL, NULL), MACHINE_DONE, "unknown server");
    expect(judge(MARK, false, NULL, &gone), MACHINE_RELEASE, "orphaned server");
    expect(judge(MARK, false, NULL, &over), MACHINE_RELEASE, "orphaned server");
    expect(judge(MARK, false, NULL, &waits), MACHINE_ADOPT, "server its row does not know");
    expect(judge(MARK, false, NULL, &parked), MACHINE_DONE, "second server");
    expect(judge(MARK, false, NULL, &second), MACHINE_DONE, "second server");
    expect(judge(MARK, false, NULL, &ready), MACHINE_DONE, NULL); /* its row has it by now */
}

static struct verdict judge_cart(const struct server_row *row, bool validated, int64_t age)
{
    struct ovh_found_cart cart = {
        .exists = true, .validated = validated, .description = "", .expires = NOW - age + MONTH};

    return cart_judge("c2", &cart, row, NOW);
}

static void an_open_cart_goes_when_nobody_will_fill_it(void **state)
{
    static const char *const choosing[] = {"new", "carted", "unsure"};
    struct server_row gone = in("released"), over = destroyed(), busy = in("ready");

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct server_row row = in(choosing[i]);
        assert_false(judge_cart(&row, false, 86400).drop);
    }
    assert_true(judge_cart(&ready, false, 7200).drop);
    assert_true(judge_cart(&gone, false, 7200).drop);
    assert_true(judge_cart(&over, false, 7200).drop);
    assert_false(judge_cart(&ready, false, 60).drop);
    busy.busy = true;
    assert_false(judge_cart(&busy, false, 7200).drop);
    assert_false(judge_cart(NULL, false, 7200).drop); /* another installation's */
    struct ovh_found_cart dateless = {.exists = true, .description = ""};
    assert_false(cart_judge("c2", &dateless, &ready, NOW).drop);
}

static void a_checked_out_cart_is_never_dropped(void **state)
{
    struct server_row failed_row = in("new"), gone = in("released"), unsure = in("unsure");

    (void)state;
    expect(judge_cart(&ready, true, 7200), MACHINE_DONE, NULL); /* its row knows an order */
    failed_row.order = gone.order = unsure.order = 0;
    struct verdict v = judge_cart(&failed_row, true, 7200);
    expect(v, MACHINE_DONE, "order its row does not know");
    assert_false(v.drop);
    failed_row.dead_carts = "c9 c2 ";
    expect(judge_cart(&failed_row, true, 7200), MACHINE_DONE, NULL);
    unsure.cart = "c2"; /* it is just finding out */
    expect(judge_cart(&unsure, true, 7200), MACHINE_DONE, NULL);
    expect(judge_cart(&gone, true, 7200), MACHINE_DONE, "order its row does not know");
    expect(judge_cart(&gone, true, 3 * 86400), MACHINE_DONE, NULL); /* it has died unpaid */
}

/* What is too much for one sweep takes turns, and everything comes up. */
static void turns_reach_everything(void **state)
{
    struct sweep_look look;
    int seen[10] = {0};

    (void)state;
    sweep_look_init(&look, arena);
    for (look.number = 5; look.number < 9; look.number++) {
        for (size_t i = 0; i < 10; i++) {
            seen[i] += sweep_in_turn(&look, i, 10, 3);
        }
    }
    for (size_t i = 0; i < 10; i++) {
        assert_in_range(seen[i], 1, 2);
    }
    assert_true(sweep_in_turn(&look, 2, 3, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_mark_is_the_whole_name),
        TEST(a_live_row_needs_no_look),
        TEST(what_its_row_released_must_end),
        TEST(what_carries_no_mark_is_not_ours),
        TEST(a_marked_machine_that_no_row_has),
        TEST(an_open_cart_goes_when_nobody_will_fill_it),
        TEST(a_checked_out_cart_is_never_dropped),
        TEST(turns_reach_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
