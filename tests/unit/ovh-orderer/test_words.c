/* What people read of a step that gives up. */
#include "world.h"

static struct err refused_us(void)
{
    struct err e = transient("OVH refused our credentials; an operator must check them");

    e.code = 403;
    return e;
}

static void a_closed_account_is_said_soon(void **state)
{
    (void)state;
    job.state = "carted";
    for (int i = 0; i < 4; i++) {
        job.tries = i;
        struct err other = transient("OVH said 429: too many requests");
        assert_int_equal(in_words(&job, i == 1 ? other : refused_us()).kind, ERR_TRANSIENT);
    }
    struct err e = in_words(&job, refused_us());
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "an operator must check them. Nothing is lost"));
}

static void the_last_try_names_the_step(void **state)
{
    (void)state;
    job.state = "carted";
    job.tries = 6;
    assert_int_equal(in_words(&job, unknown("OVH said 503: x")).kind, ERR_UNKNOWN);
    job.tries = 7;
    struct err e = in_words(&job, unknown("OVH said 503: x"));
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_string_equal(e.text, "Ordering the server did not work: OVH said 503: x. A retry goes "
                                "on from there");
    job.goal = GOAL_DOWN; /* never given up */
    assert_int_equal(in_words(&job, unknown("OVH said 503: x")).kind, ERR_UNKNOWN);
}

/* What is paid is watched on, whatever OVH answers. */
static void a_paid_order_is_never_left_alone(void **state)
{
    (void)state;
    job.state = "paid";
    remember_int("closed", 2);
    remember_int("order_id", 101);
    struct err e = in_words(&job, refused_us());
    assert_false(failed(e));
    assert_string_equal(job.go, "late");
    assert_non_null(strstr(job.trouble, "Order 101 is paid, and we keep watching"));
    assert_true(strlen(job.trouble) < 225);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_closed_account_is_said_soon),
        TEST(the_last_try_names_the_step),
        TEST(a_paid_order_is_never_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
