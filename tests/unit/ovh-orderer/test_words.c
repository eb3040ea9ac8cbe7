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

/* A definite refusal of a question is no answer to it. */
static void a_paid_order_is_watched_after_a_refusal_too(void **state)
{
    (void)state;
    job.state = "paid";
    remember_int("order_id", 101);
    OVH_WILL(ASK("GET", "/me/order/101/status", 403,
                 "{\"message\":\"User not granted for this request\"}"));
    assert_false(failed(in_words(&job, server_await_delivery(&job))));
    assert_string_equal(job.go, "late");
    assert_non_null(strstr(job.trouble, "Order 101 is paid, and we keep watching"));

    start_again(); /* what a step says itself stays */
    job.state = "paid";
    remember_int("order_id", 101);
    job.go = "refused";
    assert_int_equal(in_words(&job, permanent("The payment did not go through")).kind,
                     ERR_PERMANENT);
    assert_string_equal(job.go, "refused");
}

/* The request to pay may have been heard although its answer was lost. */
static void an_order_that_may_be_paid_is_not_left_alone(void **state)
{
    (void)state;
    for (int cut_off = 0; cut_off < 3; cut_off++) {
        start_again();
        job.state = "ordered";
        remember_int("order_id", 101);
        const struct exchange script[] = {
            ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
            ASK("GET", "/me/order/101", 200, "{\"priceWithTax\":{\"value\":7.99}}"),
            ASK("GET", "/me/payment/method?default=true", 200, "[5]"),
            BREAK("POST", "/me/order/101/pay", ERR_UNKNOWN),
            ASK("GET", "/me/order/101/status", 503, "<html>")};
        job.again = cut_off == 1;
        world_says(cut_off ? script + 4 : script, cut_off ? 1 : 5);
        if (!cut_off) {
            assert_int_equal(in_words(&job, server_pay(&job)).kind, ERR_UNKNOWN);
        }
        job.tries = 7;
        struct err e = in_words(&job, server_pay(&job));
        ALL_ASKED();
        if (cut_off == 2) { /* nothing was ever sent */
            assert_int_equal(e.kind, ERR_PERMANENT);
            continue;
        }
        assert_false(failed(e));
        assert_string_equal(job.go, "late");
        assert_non_null(strstr(job.trouble, "Order 101 may be paid, and we keep watching"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_closed_account_is_said_soon),
        TEST(the_last_try_names_the_step),
        TEST(a_paid_order_is_never_left_alone),
        TEST(a_paid_order_is_watched_after_a_refusal_too),
        TEST(an_order_that_may_be_paid_is_not_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
