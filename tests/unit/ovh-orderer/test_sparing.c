/* Calls that need not be made: what is remembered, and one list that answers for many orders. */
#include "cache.h"
#include "listing.h"
#include "runner/stage.h"
#include "world.h"

static struct orderer_settings sparing;

static int begin(void **state)
{
    (void)set_up(state);
    sparing = test_settings;
    sparing.rate = 60;
    sparing.remember_s = 30;
    job.world = &sparing;
    (void)cache_forget("");
    listing_reset();
    return 0;
}

static int end(void **state)
{
    (void)cache_forget("");
    listing_reset();
    return tear_down(state);
}

#define METHODS "/me/payment/method?default=true"
#define STOCK(plan) "/vps/order/rule/datacenter?ovhSubsidiary=US&planCode=" plan

static void the_highest_order_and_the_payment_method_are_remembered(void **state)
{
    struct ovh ovh = ovh_of(&job);
    int64_t n = 0;

    (void)state;
    OVH_WILL(ASK("GET", "/me/order", 200, "[7,9,8]"), ASK("GET", METHODS, 200, "[]"),
             ASK("GET", METHODS, 200, "[5]"));
    for (int i = 0; i < 3; i++) {
        assert_false(failed(ovh_orders_max(&ovh, &n)));
        assert_int_equal(n, 9);
    }
    assert_false(failed(ovh_payment_method(&ovh, &n)));
    assert_int_equal(n, 0); /* that there is none is not */
    for (int i = 0; i < 3; i++) {
        assert_false(failed(ovh_payment_method(&ovh, &n)));
        assert_int_equal(n, 5);
    }
    ALL_ASKED();
}

static void a_refused_payment_asks_again_what_to_pay_with(void **state)
{
    struct ovh ovh = ovh_of(&job);
    int64_t n = 0;

    (void)state;
    OVH_WILL(ASK("GET", METHODS, 200, "[5]"),
             SEND("POST", "/me/order/101/pay", "5", 403, "{\"message\":\"no\"}"),
             ASK("GET", METHODS, 200, "[6]"), SEND("POST", "/me/order/101/pay", "6", 200, "null"),
             SEND("POST", "/me/order/101/pay", "6", 403, "{\"message\":\"no\"}"));
    assert_false(failed(ovh_payment_method(&ovh, &n)));
    assert_false(failed(ovh_payment_method(&ovh, &n)));
    assert_false(failed(ovh_order_pay(&ovh, 101, n)));
    /* just asked for, and refused: that is that */
    assert_int_equal(ovh_order_pay(&ovh, 101, 6).kind, ERR_PERMANENT);
    ALL_ASKED();
}

static void stock_is_remembered_until_a_refusal(void **state)
{
    struct ovh ovh = ovh_of(&job);
    struct ovh_names stock;
    struct ovh_item item;

    (void)state;
    OVH_WILL(ASK("GET", STOCK("vps-a"), 200,
                 "{\"datacenters\":[{\"datacenter\":\"VA\",\"status\":\"available\"}]}"),
             SEND("POST", "/order/cart/c1/vps", "vps-a", 400, "{\"message\":\"out of stock\"}"),
             ASK("GET", STOCK("vps-a"), 200, "{\"datacenters\":[]}"));
    for (int i = 0; i < 3; i++) {
        assert_false(failed(ovh_stock(&ovh, "vps-a", &stock)));
        assert_int_equal(stock.n, 1);
        assert_string_equal(stock.name[0], "VA");
    }
    assert_true(failed(ovh_cart_fill(&ovh, "c1", "vps-a", &stock, &item)));
    assert_false(failed(ovh_stock(&ovh, "vps-a", &stock)));
    assert_false(failed(ovh_stock(&ovh, "vps-a", &stock)));
    assert_int_equal(stock.n, 0);
    ALL_ASKED();
}

#define LABELS "[{\"label\":\"vps_datacenter\",\"required\":true,\"allowedValues\":[\"VA\"]}]"

/* What was only remembered may be out of date: not yet a refusal for good. */
static void labels_are_remembered_until_they_no_longer_do(void **state)
{
    static const char *const names[] = {"VA"};
    const struct ovh_names where = {.name = names, .n = 1};
    struct ovh ovh = ovh_of(&job);
    struct ovh_item item;

    (void)state;
    OVH_WILL(ASK("POST", "/order/cart/c1/vps", 200, "{\"itemId\":1}"),
             ASK("GET", "/order/cart/c1/item/1/requiredConfiguration", 200, LABELS),
             ASK("POST", "/order/cart/c1/item/1/configuration", 200, "{}"),
             ASK("POST", "/order/cart/c1/vps", 200, "{\"itemId\":2}"),
             ASK("POST", "/order/cart/c1/item/2/configuration", 400, "{\"message\":\"no\"}"),
             ASK("POST", "/order/cart/c1/vps", 200, "{\"itemId\":3}"),
             ASK("GET", "/order/cart/c1/item/3/requiredConfiguration", 200, LABELS),
             ASK("POST", "/order/cart/c1/item/3/configuration", 400, "{\"message\":\"no\"}"));
    assert_false(failed(ovh_cart_fill(&ovh, "c1", "vps-a", &where, &item)));
    assert_int_equal(ovh_cart_fill(&ovh, "c1", "vps-a", &where, &item).kind, ERR_TRANSIENT);
    assert_int_equal(ovh_cart_fill(&ovh, "c1", "vps-a", &where, &item).kind, ERR_PERMANENT);
    ALL_ASKED();
}

static void an_image_is_tried_before_the_list_is_read(void **state)
{
    struct ovh ovh = ovh_of(&job);
    const char *image = NULL;

    (void)state;
    remember("datacenter", "VA");
    OVH_WILL(ASK("GET", "/vps/v1/images/available", 200, "[\"a\",\"b\"]"),
             ASK("GET", "/vps/v1/images/available/a", 200, "{\"name\":\"Other\"}"),
             ASK("GET", "/vps/v1/images/available/b", 200, "{\"name\":\"Debian 12\"}"),
             ASK("GET", "/vps/v2/images/available/b", 200, "{\"name\":\"Debian 12\"}"),
             ASK("GET", "/vps/v3/images/available/b", 404, "{\"message\":\"no\"}"),
             ASK("GET", "/vps/v3/images/available", 200, "[\"c\"]"),
             ASK("GET", "/vps/v3/images/available/c", 200, "{\"name\":\"Debian 12\"}"));
    assert_false(failed(ovh_vps_image(&ovh, "v1", "Debian 12", &image)));
    assert_string_equal(image, "b");
    assert_false(failed(ovh_vps_image(&ovh, "v2", "Debian 12", &image)));
    assert_string_equal(image, "b");
    assert_false(failed(ovh_vps_image(&ovh, "v3", "Debian 12", &image)));
    assert_string_equal(image, "c");
    ALL_ASKED();
}

/* Without a budget calls cost nothing, and an order is simply looked at. */
static void an_order_is_left_alone_while_nothing_new_is_listed(void **state)
{
    struct ovh ovh = ovh_of(&job);

    (void)state;
    OVH_WILL(ASK("GET", "/vps", 200, "[\"v1\"]"));
    job.age_s = 30;
    assert_true(listing_worth_a_look(&job, &ovh)); /* a first list calls everybody once */
    assert_false(listing_worth_a_look(&job, &ovh));
    assert_int_equal(job.spent, 2); /* one list, and the time */
    ALL_ASKED();
    listing_known("v1");
    job.age_s = 10000; /* and again when the last look is long ago */
    note_set_int(&job, "looked_ms", clock_unix_us() / 1000 - 5001 * 1000);
    assert_false(listing_worth_a_look(&job, &ovh)); /* two polls by the list, at least */
    assert_true(listing_worth_a_look(&job, &ovh));
    sparing.rate = 0;
    assert_true(listing_worth_a_look(&job, &ovh));
}

/* As another order that waits as long and was looked at a second ago. */
static bool another_looks(void)
{
    struct ovh ovh = ovh_of(&job);

    note_set_int(&job, "looked_ms", clock_unix_us() / 1000 - 1000);
    return listing_worth_a_look(&job, &ovh);
}

static void a_new_machine_calls_a_few_until_it_is_known(void **state)
{
    (void)state;
    job.age_s = 100;
    OVH_WILL(ASK("GET", "/vps", 200, "[]"), ASK("GET", "/vps", 200, "[\"v1\"]"));
    assert_false(another_looks());
    sparing.delivery_poll_s = 0.001; /* time for another list */
    while (!another_looks()) {
    }
    sparing.delivery_poll_s = 3600; /* and no more of them */
    assert_true(another_looks());
    assert_false(another_looks()); /* two are enough for now */
    ALL_ASKED();
}

/* Whose it is another copy of this service may know: then it carries our mark. */
static void a_machine_that_stays_unknown_is_asked_whose_it_is(void **state)
{
    static const struct {
        const char *answer;
        bool looks;
    } cases[] = {
        {"{\"displayName\":\"openclaw-0000abcd1234\"}", false},
        {"{\"displayName\":\"v1\"}",                    true }
    };

    for (size_t i = 0; i < 2; i++) {
        const struct exchange script[] = {ASK("GET", "/vps", 200, "[]"),
                                          ASK("GET", "/vps", 200, "[\"v1\"]"),
                                          ASK("GET", "/vps/v1", 200, cases[i].answer)};
        (void)end(state);
        (void)begin(state);
        job.age_s = 100;
        world_says(script, 3);
        assert_false(another_looks());
        sparing.delivery_poll_s = 0;
        assert_true(another_looks()); /* its first round, over at once */
        sparing.delivery_poll_s = 3600;
        assert_int_equal(another_looks(), cases[i].looks);
        ALL_ASKED();
    }
}

static void a_list_that_fails_leaves_it_to_the_orders(void **state)
{
    struct ovh ovh = ovh_of(&job);

    (void)state;
    sparing.delivery_poll_s = 10;
    OVH_WILL(ASK("GET", "/vps", 404, "{\"message\":\"This service does not exist\"}"));
    note_set_int(&job, "looked_ms", clock_unix_us() / 1000 - 21 * 1000);
    assert_true(listing_worth_a_look(&job, &ovh));
    note_set_int(&job, "looked_ms", clock_unix_us() / 1000 - 19 * 1000);
    assert_false(listing_worth_a_look(&job, &ovh));
}

/* Of an order's details the same place holds the machine each time. */
static void the_detail_that_became_a_machine_is_read_first(void **state)
{
    struct ovh ovh = ovh_of(&job);
    struct ovh_servers found;

    (void)state;
#define NAMED(name) "{\"resource\":{\"name\":\"" name "\"}}"
#define OURS                                                                                       \
    "{\"order\":{\"plan\":{\"code\":\"p\",\"product\":{\"name\":\"virtualPrivateServer\"}}}}"
    OVH_WILL(ASK("GET", "/me/order/1/details", 200, "[11,12,13]"),
             ASK("GET", "/me/order/1/details/11/extension", 200, OURS),
             ASK("GET", "/me/order/1/details/11/operations", 200, "[]"),
             ASK("GET", "/me/order/1/details/12/extension", 200, "{}"),
             ASK("GET", "/me/order/1/details/13/extension", 200, OURS),
             ASK("GET", "/me/order/1/details/13/operations", 200, "[9]"),
             ASK("GET", "/me/order/1/details/13/operations/9", 200, NAMED("vps-1.ovh.us")),
             ASK("GET", "/me/order/2/details", 200, "[21,22,23]"),
             ASK("GET", "/me/order/2/details/23/extension", 200, OURS),
             ASK("GET", "/me/order/2/details/23/operations", 200, "[8]"),
             ASK("GET", "/me/order/2/details/23/operations/8", 200, NAMED("*")),
             ASK("GET", "/me/order/3/details", 200, "[31,32,33]"),
             ASK("GET", "/me/order/3/details/33/extension", 200, OURS),
             ASK("GET", "/me/order/3/details/33/operations", 404, "{\"message\":\"no\"}"),
             ASK("GET", "/me/order/3/details/31/extension", 200, OURS),
             ASK("GET", "/me/order/3/details/31/operations", 200, "[]"),
             ASK("GET", "/me/order/3/details/32/extension", 200, "{}"));
    assert_false(failed(ovh_order_servers(&ovh, 1, "p", &found)));
    assert_string_equal(found.name, "vps-1.ovh.us");
    assert_false(failed(ovh_order_servers(&ovh, 2, "p", &found)));
    assert_null(found.name);
    assert_int_equal(found.details.n, 1);
    assert_int_equal(found.details.id[0], 23);
    assert_false(failed(ovh_order_servers(&ovh, 3, "p", &found)));
    assert_int_equal(found.details.n, 2); /* either may become it */
    ALL_ASKED();
}

#define SPARING(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPARING(the_highest_order_and_the_payment_method_are_remembered),
        SPARING(a_refused_payment_asks_again_what_to_pay_with),
        SPARING(stock_is_remembered_until_a_refusal),
        SPARING(labels_are_remembered_until_they_no_longer_do),
        SPARING(an_image_is_tried_before_the_list_is_read),
        SPARING(an_order_is_left_alone_while_nothing_new_is_listed),
        SPARING(a_new_machine_calls_a_few_until_it_is_known),
        SPARING(a_machine_that_stays_unknown_is_asked_whose_it_is),
        SPARING(a_list_that_fails_leaves_it_to_the_orders),
        SPARING(the_detail_that_became_a_machine_is_read_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
