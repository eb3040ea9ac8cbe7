/* Paying: once, the order whose id is known, and what a refusal leads to. */
#include "world.h"

#define PRICE(dollars) "{\"priceWithTax\":{\"value\":" dollars "}}"

static void have_order(void)
{
    remember("cart", "c1");
    remember("plan", "vps-a");
    remember("datacenter", "VA");
    remember_int("order_id", 101);
}

static void an_unpaid_order_is_paid(void **state)
{
    (void)state;
    have_order();
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
             ASK("GET", "/me/order/101", 200, PRICE("7.99")),
             ASK("GET", "/me/payment/method?default=true", 200, "[5,6]"),
             SEND("POST", "/me/order/101/pay", "{\"paymentMethod\":{\"id\":5}}", 200, "null"));
    assert_false(failed(server_pay(&job)));
    ALL_ASKED();
    assert_ptr_equal(job.said, &server_ordered);
    assert_int_equal(((const struct server_ordered *)job.said_fields)->order_id, 101);
    assert_int_equal(note_int(&job, "pay_sent", 0), 1); /* it may take long to show */
}

static void an_order_under_way_is_not_paid_again(void **state)
{
    static const char *const states[] = {"\"checking\"", "\"delivering\"", "\"delivered\"",
                                         "\"documentsRequested\""};

    (void)state;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        const struct exchange x = ASK("GET", "/me/order/101/status", 200, states[i]);
        start_again();
        have_order();
        world_says(&x, 1);
        assert_false(failed(server_pay(&job)));
        assert_ptr_equal(job.said, &server_ordered);
    }
}

static void an_unknown_payment_is_looked_into(void **state)
{
    (void)state;
    have_order();
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
             ASK("GET", "/me/order/101", 200, PRICE("7.99")),
             ASK("GET", "/me/payment/method?default=true", 200, "[5]"),
             BREAK("POST", "/me/order/101/pay", ERR_UNKNOWN));
    assert_int_equal(server_pay(&job).kind, ERR_UNKNOWN);
    assert_null(job.go);
    assert_int_equal(note_int(&job, "pay_sent", 0), 1);
}

static void a_refused_payment_is_said(void **state)
{
    (void)state;
    have_order();
    OVH_WILL(
        ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
        ASK("GET", "/me/order/101", 200, PRICE("7.99")),
        ASK("GET", "/me/payment/method?default=true", 200, "[5]"),
        ASK("POST", "/me/order/101/pay", 403, "{\"message\":\"can't be paid with 'bankAccount'\"}"),
        ASK("GET", "/me/order/101/status", 200, "\"notPaid\""));
    struct err e = server_pay(&job);
    ALL_ASKED();
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "bankAccount"));
    assert_string_equal(job.go, "refused");
}

/* The one before it may still show up, so nobody stops looking. */
static void a_payment_that_is_refused_after_another_is_watched(void **state)
{
    (void)state;
    have_order();
    job.state = "ordered";
    remember_int("pay_sent", 1);
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
             ASK("GET", "/me/order/101", 200, PRICE("7.99")),
             ASK("GET", "/me/payment/method?default=true", 200, "[5]"),
             ASK("POST", "/me/order/101/pay", 403, "{\"message\":\"in progress\"}"),
             ASK("GET", "/me/order/101/status", 200, "\"notPaid\""));
    struct err e = server_pay(&job);
    ALL_ASKED();
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_false(failed(in_words(&job, e)));
    assert_string_equal(job.go, "late");
    assert_non_null(strstr(job.trouble, "may be paid, and we keep watching"));
}

static void an_order_that_was_paid_meanwhile_is_paid(void **state)
{
    (void)state;
    have_order();
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
             ASK("GET", "/me/order/101", 200, PRICE("7.99")),
             ASK("GET", "/me/payment/method?default=true", 200, "[5]"),
             ASK("POST", "/me/order/101/pay", 400, "{\"message\":\"already paid\"}"),
             ASK("GET", "/me/order/101/status", 200, "\"checking\""));
    assert_false(failed(server_pay(&job)));
    assert_ptr_equal(job.said, &server_ordered);
}

/* The price is read once more from the order itself: what is too dear is not paid. */
static void an_order_that_became_too_dear_is_not_paid(void **state)
{
    (void)state;
    have_order();
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
             ASK("GET", "/me/order/101", 200, PRICE("20.01")));
    struct err e = server_pay(&job);
    ALL_ASKED();
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "$20.01"));
    assert_string_equal(job.go, "cancelled");
}

/* Two servers for the price of two are below the limit, and not what was chosen. */
static void an_order_dearer_than_its_cart_is_not_paid(void **state)
{
    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        const struct exchange x[] = {
            ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
            ASK("GET", "/me/order/101", 200, twice ? PRICE("15.98") : PRICE("8.00"))};
        start_again();
        have_order();
        remember_int("price_cents", 799);
        world_says(x, 2);
        struct err e = server_pay(&job);
        ALL_ASKED();
        assert_int_equal(e.kind, ERR_PERMANENT);
        assert_non_null(strstr(e.text, "$7.99"));
        assert_string_equal(job.go, "cancelled");
    }
}

/* Nor when the run before was cut off, perhaps before it sent anything; a payment that it did send is watched for. */
static void an_order_dearer_than_its_cart_is_not_paid_after_a_crash(void **state)
{
    (void)state;
    have_order();
    remember_int("price_cents", 799);
    job.state = "ordered";
    job.again = true;
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
             ASK("GET", "/me/order/101", 200, PRICE("15.98")));
    struct err e = server_pay(&job);
    ALL_ASKED();
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_null(job.go);
    assert_false(failed(in_words(&job, e)));
    assert_string_equal(job.go, "late");
    assert_non_null(strstr(job.trouble, "more than OVH promised. Order 101 may be paid"));
}

/* People were told that it takes too long: without a new decision no money is spent. What may be paid is watched. */
static void nothing_is_paid_for_one_that_was_given_up(void **state)
{
    static const struct exchange script[] = {
        ASK("GET", "/me/order/101/status", 200, "\"notPaid\"")};

    (void)state;
    for (int sent = 0; sent < 2; sent++) {
        start_again();
        have_order();
        job.state = "ordered";
        job.given_up = true;
        if (sent) {
            remember_int("pay_sent", 1);
        }
        world_says(script, 1);
        struct err e = server_pay(&job);
        ALL_ASKED();
        assert_int_equal(e.kind, ERR_PERMANENT);
        assert_null(job.go);
        assert_int_equal(failed(in_words(&job, e)), !sent);
        assert_int_equal(job.go != NULL, sent);
    }
}

/* Whatever the limit is by now: the payment that was sent may still show up. */
static void an_order_that_may_be_paid_is_never_let_go_for_its_price(void **state)
{
    static const struct exchange script[] = {ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
                                             ASK("GET", "/me/order/101", 200, PRICE("20.01"))};

    (void)state;
    have_order();
    remember_int("pay_sent", 1);
    remember_int("price_cents", 799);
    world_says(script, 2);
    assert_int_equal(server_pay(&job).kind, ERR_PERMANENT);
    assert_null(job.go);
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""));
    assert_false(failed(server_start_over(&job))); /* and no new one is made before it is over */
    assert_string_equal(job.go, "paid");
    assert_int_equal(note_int(&job, "order_id", 0), 101);
}

static void a_cancelled_order_waits_for_a_retry(void **state)
{
    (void)state;
    have_order();
    remember_int("order_generation", 1);
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"cancelled\""),
             ASK("GET", "/me/order/101/status", 200, "\"cancelled\""));
    assert_int_equal(server_pay(&job).kind, ERR_PERMANENT);
    assert_string_equal(job.go, "cancelled");
    assert_false(failed(server_start_over(&job)));
    assert_int_equal(note_int(&job, "order_id", 0), 0);
    assert_true(cart_is_dead(&job, "c1"));
}

/* The user has decided again since it was made: it need not be asked twice. */
static void an_order_that_expired_before_the_retry_is_made_anew(void **state)
{
    (void)state;
    have_order();
    remember_int("order_generation", 1);
    job.generation = 2;
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"cancelled\""));
    assert_false(failed(server_pay(&job)));
    assert_string_equal(job.go, "cancelled");
    assert_null(job.said);
}

/* Nothing is ordered anew while something comes of the old order, or nobody knows whether. */
static void what_is_paid_after_all_is_gone_on_with(void **state)
{
    static const struct {
        const char *status, *go;
        enum err_kind kind;
    } orders[] = {
        {"\"checking\"",  "paid", ERR_NONE   },
        {"\"delivered\"", "paid", ERR_NONE   },
        {"\"unknown\"",   NULL,   ERR_NOT_YET},
        {"\"notPaid\"",   NULL,   ERR_NONE   }
    };

    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        const struct exchange x = ASK("GET", "/me/order/101/status", 200, orders[i].status);
        start_again();
        have_order();
        world_says(&x, 1);
        assert_int_equal(server_start_over(&job).kind, orders[i].kind);
        assert_int_equal(job.go != NULL, orders[i].go != NULL);
        assert_int_equal(note_int(&job, "order_id", 0) == 0, i == 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_unpaid_order_is_paid),
        TEST(an_order_under_way_is_not_paid_again),
        TEST(an_unknown_payment_is_looked_into),
        TEST(a_refused_payment_is_said),
        TEST(a_payment_that_is_refused_after_another_is_watched),
        TEST(an_order_dearer_than_its_cart_is_not_paid),
        TEST(an_order_dearer_than_its_cart_is_not_paid_after_a_crash),
        TEST(nothing_is_paid_for_one_that_was_given_up),
        TEST(an_order_that_may_be_paid_is_never_let_go_for_its_price),
        TEST(an_order_that_was_paid_meanwhile_is_paid),
        TEST(an_order_that_became_too_dear_is_not_paid),
        TEST(an_order_that_expired_before_the_retry_is_made_anew),
        TEST(what_is_paid_after_all_is_gone_on_with),
        TEST(a_cancelled_order_waits_for_a_retry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
