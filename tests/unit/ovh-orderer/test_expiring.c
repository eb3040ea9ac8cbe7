/* The way down from an order that is unpaid: left to expire, unless a payment may still show up. */
#include "world.h"

static void have_order(void)
{
    remember_int("order_id", 101);
    job.goal = GOAL_DOWN;
}

static void an_order_being_paid_is_not_let_go(void **state)
{
    (void)state;
    have_order();
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
             ASK("GET", "/me/order/101/status", 200, "\"checking\""),
             ASK("GET", "/me/order/101/status", 200, "\"notPaid\""));
    assert_int_equal(server_let_expire(&job).kind, ERR_NOT_YET);
    assert_false(failed(server_let_expire(&job)));
    assert_string_equal(job.go, "paid");
    job.age_s = 181;
    assert_false(failed(server_let_expire(&job)));
    assert_ptr_equal(job.said, &server_released);
}

/* A payment that was sent, or may have been, can show up as long as the order lives. */
static void an_order_that_may_be_paid_is_let_go_when_it_is_cancelled(void **state)
{
    (void)state;
    for (int cut_off = 0; cut_off < 2; cut_off++) {
        start_again();
        have_order();
        job.state = "ordered";
        job.age_s = 181;
        job.again = cut_off;
        if (!cut_off) {
            remember_int("pay_sent", 1);
        }
        OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
                 ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
                 ASK("GET", "/me/order/101/status", 200, "\"cancelled\""));
        assert_int_equal(server_let_expire(&job).kind, ERR_NOT_YET);
        job.age_s = 86400;
        assert_int_equal(server_let_expire(&job).kind, ERR_NOT_YET);
        assert_non_null(strstr(job.message, "until OVH cancels the order"));
        assert_false(failed(server_let_expire(&job)));
        assert_ptr_equal(job.said, &server_released);
        ALL_ASKED();
    }
}

/* OVH shows nothing for moments, and that is not the end of it. */
static void one_look_at_nothing_ends_no_watch(void **state)
{
    (void)state;
    have_order();
    remember_int("pay_sent", 1);
    job.age_s = 2000;
    OVH_WILL(ASK("GET", "/me/order/101/status", 404, "{\"message\":\"no such order\"}"),
             ASK("GET", "/me/order/101/status", 404, "{\"message\":\"no such order\"}"));
    assert_int_equal(server_let_expire(&job).kind, ERR_NOT_YET);
    job.age_s = 259201;
    assert_false(failed(server_let_expire(&job)));
    assert_ptr_equal(job.said, &server_released);
}

/* Only a payment that was cut off counts: not a look of this move itself. */
static void a_look_that_was_cut_off_is_no_payment(void **state)
{
    (void)state;
    have_order();
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
             ASK("GET", "/me/order/101/status", 200, "\"notPaid\""));
    assert_int_equal(server_let_expire(&job).kind, ERR_NOT_YET);
    job.again = true;
    job.age_s = 181;
    assert_false(failed(server_let_expire(&job)));
    assert_ptr_equal(job.said, &server_released);
}

/* Only where payments are sent: a refused order, or one left to die, was just being looked at. */
static void where_nothing_is_paid_nothing_was(void **state)
{
    static const char *const states[] = {"refused", "cancelled"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_again();
        have_order();
        job.state = states[i];
        job.again = true;
        job.age_s = 181;
        OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""));
        assert_false(failed(server_let_expire(&job)));
        assert_ptr_equal(job.said, &server_released);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_order_being_paid_is_not_let_go),
        TEST(an_order_that_may_be_paid_is_let_go_when_it_is_cancelled),
        TEST(one_look_at_nothing_ends_no_watch),
        TEST(a_look_that_was_cut_off_is_no_payment),
        TEST(where_nothing_is_paid_nothing_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
