/* The checkout: whatever becomes of it, nothing is asked for twice by mistake. */
#include "world.h"

#define OPEN_CART "{\"cartId\":\"c1\",\"items\":[11],\"readOnly\":false}"
#define VALIDATED_CART "{\"cartId\":\"c1\",\"items\":[11],\"readOnly\":true}"
#define REFUSAL "{\"message\":\"You are not allowed\"}"
static void have_cart(void)
{
    remember("cart", "c1");
    remember_int("item", 11);
    remember("plan", "vps-a");
    remember("datacenter", "VA");
    remember_int("order_floor", 100);
    remember_int("checkout_from", 1779112931);
    remember_int("checkout_until", 1779112940);
}

static void the_checkout_gives_an_order(void **state)
{
    (void)state;
    have_cart();
    OVH_WILL(ASK("GET", "/order/cart/c1", 200, OPEN_CART),
             SEND("POST", "/order/cart/c1/checkout", "\"autoPayWithPreferredPaymentMethod\":false",
                  200, "{\"orderId\":101}"));
    assert_false(failed(server_check_out(&job)));
    ALL_ASKED();
    assert_null(job.go);
    assert_int_equal(note_int(&job, "order_id", 0), 101);
}

/* Whatever leaves the outcome open leads to looking, never to asking again. */
static void an_unknown_checkout_is_looked_into(void **state)
{
    static const struct exchange outcomes[] = {
        BREAK("POST", "/order/cart/c1/checkout", ERR_UNKNOWN),
        ASK("POST", "/order/cart/c1/checkout", 500, "{\"message\":\"oops\"}"),
        ASK("POST", "/order/cart/c1/checkout", 200, "<html>"),
        ASK("POST", "/order/cart/c1/checkout", 200, ""),
        ASK("POST", "/order/cart/c1/checkout", 200, "{\"orderId\":null}"),
        ASK("POST", "/order/cart/c1/checkout", 400,
            "{\"message\":\"x\",\"errorCode\":\"QUERY_TIME_OUT\"}"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        const struct exchange script[] = {ASK("GET", "/order/cart/c1", 200, OPEN_CART),
                                          outcomes[i]};
        start_again();
        have_cart();
        world_says(script, 2);
        assert_false(failed(server_check_out(&job)));
        ALL_ASKED();
        assert_string_equal(job.go, "unsure");
        assert_int_equal(note_int(&job, "order_id", 0), 0);
    }
}

/* An order is recognised by its date, which is told by OVH's clock and not by ours. */
static void the_time_of_a_lost_checkout_is_that_of_ovh(void **state)
{
    (void)state;
    have_cart();
    OVH_WILL(ASK("GET", "/order/cart/c1", 200, OPEN_CART),
             BREAK("POST", "/order/cart/c1/checkout", ERR_UNKNOWN));
    assert_false(failed(server_check_out(&job)));
    ALL_ASKED();
    assert_in_range(note_int(&job, "checkout_until", 0), strtoll(WORLD_TIME, NULL, 10),
                    strtoll(WORLD_TIME, NULL, 10) + 60);
}

static void a_checkout_that_was_cut_off_is_not_repeated(void **state)
{
    (void)state;
    have_cart();
    job.again = true;
    world_says(NULL, 0);
    assert_false(failed(server_check_out(&job)));
    assert_string_equal(job.go, "unsure");
}

static void two_servers_in_a_cart_are_not_bought(void **state)
{
    (void)state;
    have_cart();
    OVH_WILL(ASK("GET", "/order/cart/c1", 200, "{\"items\":[11,12],\"readOnly\":false}"));
    assert_false(failed(server_check_out(&job)));
    ALL_ASKED();
    assert_string_equal(job.go, "new");
}

static void a_refused_checkout_tries_the_next_offer(void **state)
{
    (void)state;
    have_cart();
    OVH_WILL(ASK("GET", "/order/cart/c1", 200, OPEN_CART),
             ASK("POST", "/order/cart/c1/checkout", 403, REFUSAL),
             ASK("GET", "/order/cart/c1", 200, OPEN_CART));
    assert_false(failed(server_check_out(&job)));
    ALL_ASKED();
    assert_string_equal(job.go, "new");
    assert_non_null(strstr(note(&job, "refused"), " vps-a/VA "));
}

/* A refusal because the cart is an order already is no refusal. */
static void a_refused_checkout_of_a_validated_cart_is_looked_into(void **state)
{
    (void)state;
    have_cart();
    OVH_WILL(ASK("GET", "/order/cart/c1", 200, OPEN_CART),
             ASK("POST", "/order/cart/c1/checkout", 400, "{\"message\":\"read only\"}"),
             ASK("GET", "/order/cart/c1", 200, VALIDATED_CART));
    assert_false(failed(server_check_out(&job)));
    assert_string_equal(job.go, "unsure");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_checkout_gives_an_order),
        TEST(an_unknown_checkout_is_looked_into),
        TEST(the_time_of_a_lost_checkout_is_that_of_ovh),
        TEST(a_checkout_that_was_cut_off_is_not_repeated),
        TEST(two_servers_in_a_cart_are_not_bought),
        TEST(a_refused_checkout_tries_the_next_offer),
        TEST(a_refused_checkout_of_a_validated_cart_is_looked_into),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
