/* Choosing a server: what is put into the cart, what is skipped, and when nothing will do. */
#include "world.h"

#define MARK "openclaw-" TEST_ID
#define FIND_CARTS "/order/cart?description=" MARK
#define STOCK(plan) "/vps/order/rule/datacenter?ovhSubsidiary=US&planCode=" plan
#define IN_STOCK                                                                                   \
    "{\"datacenters\":[{\"datacenter\":\"GRA\",\"linuxStatus\":\"out-of-stock\"},{\"datacenter\":" \
    "\"VA\",\"linuxStatus\":\"available\"}]}"
#define NO_STOCK                                                                                   \
    "{\"datacenters\":[{\"datacenter\":\"VA\",\"linuxStatus\":\"out-of-stock\",\"status\":"        \
    "\"available\"}]}"
#define LABELS                                                                                     \
    "[{\"label\":\"vps_datacenter\",\"required\":true,\"allowedValues\":[\"OR\",\"VA\"]},"         \
    "{\"label\":\"vps_os\",\"required\":true,\"allowedValues\":[\"Debian 12\"]},"                  \
    "{\"label\":\"region\",\"required\":true,\"allowedValues\":[\"united_states\"]},"              \
    "{\"label\":\"vps_install_rtm\",\"required\":false,\"allowedValues\":[\"no\",\"yes\"]}]"
#define OPEN_CART "{\"cartId\":\"c1\",\"items\":[11],\"readOnly\":false}"
#define VALIDATED_CART "{\"cartId\":\"c1\",\"items\":[11],\"readOnly\":true}"
#define PRICE(dollars) "{\"prices\":{\"withTax\":{\"value\":" dollars "}}}"

static void the_first_plan_in_stock_is_put_into_the_cart(void **state)
{
    (void)state;
    OVH_WILL(ASK("GET", FIND_CARTS, 200, "[]"),
             SEND("POST", "/order/cart", MARK, 200, "{\"cartId\":\"c1\"}"),
             ASK("POST", "/order/cart/c1/assign", 200, "null"),
             ASK("GET", STOCK("vps-a"), 200, NO_STOCK), ASK("GET", STOCK("vps-b"), 200, IN_STOCK),
             SEND("POST", "/order/cart/c1/vps", "\"planCode\":\"vps-b\"", 200, "{\"itemId\":11}"),
             ASK("GET", "/order/cart/c1/item/11/requiredConfiguration", 200, LABELS),
             SEND("POST", "/order/cart/c1/item/11/configuration", "\"VA\"", 200, "{}"),
             SEND("POST", "/order/cart/c1/item/11/configuration", "\"Debian 12\"", 200, "{}"),
             SEND("POST", "/order/cart/c1/item/11/configuration", "\"united_states\"", 200, "{}"),
             ASK("GET", "/order/cart/c1/checkout", 200, PRICE("7.99")),
             ASK("GET", "/me/order", 200, "[7,100,30]"));
    assert_false(failed(server_fill_cart(&job)));
    ALL_ASKED();
    assert_string_equal(note(&job, "plan"), "vps-b");
    assert_string_equal(note(&job, "datacenter"), "VA");
    assert_int_equal(note_int(&job, "order_floor", 0), 100);
    assert_int_equal(note_int(&job, "price_cents", 0), 799);
}

/* After a crash the cart is found by its description and filled anew; a second one goes. */
static void an_earlier_cart_is_used_again(void **state)
{
    (void)state;
    test_settings.plans = "vps-a";
    OVH_WILL(
        ASK("GET", FIND_CARTS, 200, "[\"c1\",\"c2\"]"),
        ASK("GET", "/order/cart/c1", 200, OPEN_CART), ASK("GET", "/order/cart/c2", 200, OPEN_CART),
        ASK("DELETE", "/order/cart/c2", 200, "null"), ASK("GET", "/order/cart/c1/item", 200, "[9]"),
        ASK("DELETE", "/order/cart/c1/item/9", 200, "null"),
        ASK("GET", STOCK("vps-a"), 500, "<html>"));
    assert_int_equal(server_fill_cart(&job).kind, ERR_TRANSIENT);
    ALL_ASKED();
}

/* A restored backup: the account has a cart of ours that was ordered, and the row does not know. */
static void a_cart_that_was_ordered_is_looked_into(void **state)
{
    (void)state;
    remember("plan", "vps-old");
    OVH_WILL(ASK("GET", FIND_CARTS, 200, "[\"c1\",\"c2\"]"),
             ASK("GET", "/order/cart/c1", 200, VALIDATED_CART),
             ASK("GET", "/order/cart/c2", 200, OPEN_CART),
             ASK("DELETE", "/order/cart/c2", 200, "null"));
    assert_false(failed(server_fill_cart(&job)));
    ALL_ASKED();
    assert_string_equal(job.go, "unsure");
    assert_string_equal(note(&job, "cart"), "c1");
    assert_null(note(&job, "plan"));
    assert_int_equal(note_int(&job, "blind", 0), 1);
}

/* A cart that the row remembers and OVH lists no more may have been ordered. */
static void a_remembered_cart_that_is_gone_is_looked_into(void **state)
{
    (void)state;
    remember("cart", "c1");
    remember("plan", "vps-a");
    remember_int("order_floor", 100);
    OVH_WILL(ASK("GET", FIND_CARTS, 200, "[]"),
             ASK("GET", "/order/cart/c1", 404, "{\"message\":\"no\"}"));
    assert_false(failed(server_fill_cart(&job)));
    ALL_ASKED();
    assert_string_equal(job.go, "unsure");
    assert_int_equal(note_int(&job, "order_floor", 0), 100);
    assert_int_equal(note_int(&job, "blind", 0), 0);
}

/* It would not be listed, so no later run could find it again. */
static void a_cart_that_can_not_be_assigned_is_dropped(void **state)
{
    (void)state;
    OVH_WILL(ASK("GET", FIND_CARTS, 200, "[]"),
             ASK("POST", "/order/cart", 200, "{\"cartId\":\"c1\"}"),
             ASK("POST", "/order/cart/c1/assign", 500, "<html>"),
             ASK("DELETE", "/order/cart/c1", 200, "null"));
    assert_int_equal(server_fill_cart(&job).kind, ERR_UNKNOWN);
    ALL_ASKED();
}

static void too_dear_is_not_bought(void **state)
{
    (void)state;
    test_settings.plans = "vps-a";
    test_settings.price_limit = 7.98;
    OVH_WILL(
        ASK("GET", FIND_CARTS, 200, "[]"), ASK("POST", "/order/cart", 200, "{\"cartId\":\"c1\"}"),
        ASK("POST", "/order/cart/c1/assign", 200, ""), ASK("GET", STOCK("vps-a"), 200, IN_STOCK),
        ASK("POST", "/order/cart/c1/vps", 200, "{\"itemId\":11}"),
        ASK("GET", "/order/cart/c1/item/11/requiredConfiguration", 200,
            "[{\"label\":\"vps_datacenter\",\"allowedValues\":[\"VA\"]}]"),
        ASK("POST", "/order/cart/c1/item/11/configuration", 200, "{}"),
        ASK("GET", "/order/cart/c1/checkout", 200, PRICE("7.99")),
        ASK("GET", "/order/cart/c1/item", 200, "[11]"),
        ASK("DELETE", "/order/cart/c1/item/11", 200, "null"),
        ASK("GET", "/order/cart/c1/vps", 200, "[{\"planCode\":\"vps-a\"}]"),
        ASK("DELETE", "/order/cart/c1", 200, "null"));
    struct err e = server_fill_cart(&job);
    ALL_ASKED();
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "$7.98"));
}

static void out_of_stock_is_waited_for_and_then_said(void **state)
{
    (void)state;
    test_settings.plans = "vps-a";
    OVH_WILL(
        ASK("GET", FIND_CARTS, 200, "[]"), ASK("POST", "/order/cart", 200, "{\"cartId\":\"c1\"}"),
        ASK("POST", "/order/cart/c1/assign", 200, ""), ASK("GET", STOCK("vps-a"), 200, NO_STOCK),
        ASK("GET", FIND_CARTS, 200, "[\"c1\"]"), ASK("GET", "/order/cart/c1", 200, OPEN_CART),
        ASK("GET", "/order/cart/c1/item", 200, "[]"), ASK("GET", STOCK("vps-a"), 200, NO_STOCK),
        ASK("GET", "/order/cart/c1/vps", 200, "[{\"planCode\":\"vps-z\"}]"),
        ASK("DELETE", "/order/cart/c1", 200, "null"));
    assert_int_equal(server_fill_cart(&job).kind, ERR_NOT_YET);
    job.age_s = 21;
    struct err e = server_fill_cart(&job);
    ALL_ASKED();
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "no longer sells"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_plan_in_stock_is_put_into_the_cart),
        TEST(an_earlier_cart_is_used_again),
        TEST(a_cart_that_was_ordered_is_looked_into),
        TEST(a_remembered_cart_that_is_gone_is_looked_into),
        TEST(a_cart_that_can_not_be_assigned_is_dropped),
        TEST(too_dear_is_not_bought),
        TEST(out_of_stock_is_waited_for_and_then_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
