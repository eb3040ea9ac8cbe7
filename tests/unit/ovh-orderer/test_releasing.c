/* The way down: from a cart, an order or a machine, each to where nothing will be billed. */
#include "world.h"

#define VPS "/vps/vps-1.ovh.us"
#define INFOS(flag) "{\"expiration\":\"2027-05-14\",\"renew\":{\"deleteAtExpiration\":" flag "}}"
#define ABSENT "{\"message\":\"This service does not exist\"}"

static void have_server(void)
{
    remember_int("order_id", 101);
    remember("service_name", "vps-1.ovh.us");
}

static void releasing_is_read_back(void **state)
{
    (void)state;
    have_server();
    job.goal = GOAL_DOWN;
    OVH_WILL(ASK("GET", VPS "/serviceInfos", 200, INFOS("false")),
             SEND("PUT", VPS "/serviceInfos", "\"deleteAtExpiration\":true", 200, "null"),
             ASK("GET", VPS "/serviceInfos", 200, INFOS("false")),
             ASK("GET", VPS "/serviceInfos", 200, INFOS("true")));
    assert_int_equal(server_release(&job).kind, ERR_NOT_YET);
    assert_null(job.said);
    assert_false(failed(server_release(&job)));
    ALL_ASKED();
    assert_ptr_equal(job.said, &server_released);
    assert_string_equal(((const struct server_released *)job.said_fields)->paid_until,
                        "2027-05-14");
    assert_non_null(strstr(job.message, "14 May 2027"));
}

static void a_fresh_service_is_released_later(void **state)
{
    (void)state;
    have_server();
    job.goal = GOAL_DOWN;
    OVH_WILL(ASK("GET", VPS "/serviceInfos", 200, INFOS("false")),
             ASK("PUT", VPS "/serviceInfos", 400,
                 "{\"message\":\"Unable to synchronize, subscription is not active yet\"}"));
    assert_int_equal(server_release(&job).kind, ERR_NOT_YET);
    ALL_ASKED();
}

/* A server that OVH does not show yet is not taken for one that is gone. */
static void absent_is_not_gone(void **state)
{
    (void)state;
    have_server();
    job.goal = GOAL_DOWN;
    OVH_WILL(ASK("GET", VPS "/serviceInfos", 404, ABSENT), ASK("GET", "/vps", 200, "[]"),
             ASK("GET", VPS "/serviceInfos", 404, ABSENT),
             ASK("GET", "/vps", 200, "[\"vps-1.ovh.us\"]"),
             ASK("GET", VPS "/serviceInfos", 404, ABSENT), ASK("GET", "/vps", 200, "[]"),
             ASK("GET", VPS "/serviceInfos", 401, "{\"message\":\"You must login first\"}"));
    assert_int_equal(server_release(&job).kind, ERR_NOT_YET);
    job.age_s = 301;
    assert_int_equal(server_release(&job).kind, ERR_NOT_YET);
    assert_false(failed(server_release(&job)));
    assert_ptr_equal(job.said, &server_released);
    job.said = NULL;
    assert_int_equal(server_release(&job).kind, ERR_TRANSIENT);
    assert_null(job.said);
}

#define CARTS "/order/cart?description=openclaw-" TEST_ID
#define CART(read_only) "{\"items\":[11],\"readOnly\":" read_only "}"
#define DATE "{\"date\":\"2026-05-18T14:02:14+00:00\"}"
#define DETAIL                                                                                     \
    "{\"order\":{\"plan\":{\"code\":\"vps-a\",\"product\":{\"name\":\"virtualPrivateServer\"}},"   \
    "\"configurations\":[{\"label\":\"vps_datacenter\",\"value\":\"VA\"},{\"label\":\"vps_os\","   \
    "\"value\":\"Debian 12\"}]}}"
#define PAID_ORDER                                                                                 \
    ASK("GET", "/me/order/101", 200, DATE),                                                        \
        ASK("GET", "/me/order/101/status", 200, "\"delivered\""),                                  \
        ASK("GET", "/me/order/101/details", 200, "[1]"),                                           \
        ASK("GET", "/me/order/101/details/1/extension", 200, DETAIL),                              \
        ASK("GET", "/me/order/101/details/1/operations", 200, "[9]"),                              \
        ASK("GET", "/me/order/101/details/1/operations/9", 200,                                    \
            "{\"resource\":{\"name\":\"vps-1.ovh.us\"}}")

static void carts_are_dropped(void **state)
{
    (void)state;
    job.goal = GOAL_DOWN;
    remember("dead_carts", "c9 ");
    OVH_WILL(ASK("GET", CARTS, 200, "[\"c1\",\"c9\",\"c2\"]"),
             ASK("GET", "/order/cart/c1", 404, ABSENT),
             ASK("GET", "/order/cart/c2", 200, CART("false")),
             ASK("DELETE", "/order/cart/c2", 200, "null"));
    assert_false(failed(server_drop_cart(&job)));
    ALL_ASKED();
    assert_ptr_equal(job.said, &server_released);
}

static void checked_out(void)
{
    job.goal = GOAL_DOWN;
    job.state = "unsure";
    remember("cart", "c1");
    remember("plan", "vps-a");
    remember("datacenter", "VA");
    remember_int("order_floor", 100);
    remember_int("checkout_from", 1779112931);
    remember_int("checkout_until", 1779112940);
}

/* The machine says whose it is: ours is released, another's is left alone. */
static void what_was_paid_in_a_lost_life_is_released(void **state)
{
    static const struct {
        const char *shown;
        bool ours;
    } machines[] = {
        {"openclaw-0000abcd1234", true },
        {"openclaw-ffffabcd1234", false}
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_again();
        checked_out();
        const struct exchange script[] = {
            ASK("GET", CARTS, 200, "[\"c1\"]"), ASK("GET", "/order/cart/c1", 200, CART("true")),
            ASK("GET", "/me/order", 200, "[101]"), PAID_ORDER,
            ASK("GET", VPS, 200,
                arena_printf(arena, "{\"displayName\":\"%s\"}", machines[i].shown))};
        world_says(script, sizeof script / sizeof script[0]);
        assert_false(failed(server_drop_cart(&job)));
        ALL_ASKED();
        assert_int_equal(job.said == &server_released, !machines[i].ours);
        assert_int_equal(note_int(&job, "order_id", 0), machines[i].ours ? 101 : 0);
    }
}

/* Checked out, nothing unpaid that fits, one that is paid and carries no mark yet: paid in the life that was lost. */
static void the_only_order_that_fits_is_ours(void **state)
{
    static const double ages[] = {0, 181, 1200};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        start_again();
        checked_out();
        job.age_s = ages[i];
        OVH_WILL(ASK("GET", CARTS, 200, "[\"c1\"]"),
                 ASK("GET", "/order/cart/c1", 200, CART("true")),
                 ASK("GET", "/me/order", 200, "[101]"), PAID_ORDER,
                 ASK("GET", VPS, 200, "{\"displayName\":\"vps-1.ovh.us\"}"));
        struct err e = server_drop_cart(&job);
        ALL_ASKED();
        assert_int_equal(e.kind, i == 0 ? ERR_NOT_YET : ERR_NONE);
        assert_null(job.said);
        if (i > 0) {
            assert_string_equal(job.go, "paid");
            assert_int_equal(note_int(&job, "order_id", 0), 101);
        } else {
            assert_null(job.go);
        }
    }
}

static void an_order_too_new_to_be_read_is_waited_for(void **state)
{
    (void)state;
    checked_out();
    for (int over = 0; over < 2; over++) {
        job.age_s = over ? 181 : 1;
        OVH_WILL(ASK("GET", CARTS, 200, "[\"c1\"]"),
                 ASK("GET", "/order/cart/c1", 200, CART("true")),
                 ASK("GET", "/me/order", 200, "[101]"), ASK("GET", "/me/order/101", 200, DATE),
                 ASK("GET", "/me/order/101/status", 404, ABSENT),
                 ASK("GET", "/me/order/101/details", 404, ABSENT));
        assert_int_equal(server_drop_cart(&job).kind, over ? ERR_NONE : ERR_NOT_YET);
        ALL_ASKED();
    }
    assert_ptr_equal(job.said, &server_released);
}

static void what_was_never_paid_is_let_go(void **state)
{
    (void)state;
    checked_out();
    OVH_WILL(ASK("GET", CARTS, 200, "[\"c1\"]"), ASK("GET", "/order/cart/c1", 200, CART("true")),
             ASK("GET", "/me/order", 200, "[101]"), ASK("GET", "/me/order/101", 200, DATE),
             ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
             ASK("GET", "/me/order/101/details", 200, "[1]"),
             ASK("GET", "/me/order/101/details/1/extension", 200, DETAIL));
    assert_false(failed(server_drop_cart(&job)));
    ALL_ASKED();
    assert_ptr_equal(job.said, &server_released);
}

/* Without a mark: taken for ours after the wait, unless the order of our cart is there and unpaid. */
static void what_was_paid_and_not_marked_is_taken_when_it_is_the_only_one(void **state)
{
    (void)state;
    for (int unpaid = 0; unpaid < 2; unpaid++) {
        start_again();
        checked_out();
        job.age_s = 181;
        const struct exchange script[] = {
            ASK("GET", CARTS, 200, "[]"),
            ASK("GET", "/order/cart/c1", 200, CART("true")),
            ASK("GET", "/me/order", 200, unpaid ? "[101,102]" : "[101]"),
            PAID_ORDER,
            ASK("GET", VPS, 200, "{\"displayName\":\"vps-1.ovh.us\"}"),
            ASK("GET", "/me/order/102", 200, DATE),
            ASK("GET", "/me/order/102/status", 200, "\"notPaid\""),
            ASK("GET", "/me/order/102/details", 200, "[1]"),
            ASK("GET", "/me/order/102/details/1/extension", 200, DETAIL)};
        world_says(script, sizeof script / sizeof script[0] - (unpaid ? 0 : 4));
        assert_false(failed(server_drop_cart(&job)));
        ALL_ASKED();
        assert_int_equal(job.said == &server_released, unpaid);
        assert_int_equal(note_int(&job, "order_id", 0), unpaid ? 0 : 101);
    }
}

/* Money first; then the data. */
static void a_machine_that_was_used_is_wiped_next(void **state)
{
    (void)state;
    have_server();
    remember_int("task", 51);
    job.goal = GOAL_DOWN;
    OVH_WILL(ASK("GET", VPS "/serviceInfos", 200, INFOS("true")),
             ASK("GET", VPS "/tasks?type=reinstallVm", 200, "[50,53]"));
    assert_false(failed(server_release(&job)));
    ALL_ASKED();
    assert_string_equal(job.go, "wiping");
    assert_null(job.said);
    assert_int_equal(note_int(&job, "wipe_floor", 0), 53);
    assert_string_equal(job.message,
                        "The server is paid until 14 May 2027; it is being wiped and released");
}

/* A row that was recalled from the topics remembers no rebuild, but the address that came of one. */
static void a_machine_with_an_address_is_wiped_too(void **state)
{
    (void)state;
    have_server();
    remember("ip", "192.0.2.7");
    job.goal = GOAL_DOWN;
    OVH_WILL(ASK("GET", VPS "/serviceInfos", 200, INFOS("true")),
             ASK("GET", VPS "/tasks?type=reinstallVm", 200, "[50]"));
    assert_false(failed(server_release(&job)));
    assert_string_equal(job.go, "wiping");
}

static void what_expired_meanwhile_is_gone(void **state)
{
    (void)state;
    have_server();
    remember_int("task", 51);
    job.goal = GOAL_DOWN;
    OVH_WILL(ASK("GET", VPS "/serviceInfos", 460, "{\"message\":\"This service is expired\"}"));
    assert_false(failed(server_release(&job)));
    assert_ptr_equal(job.said, &server_released);
    assert_string_equal(job.message, "The server is gone already");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(releasing_is_read_back),
        TEST(a_fresh_service_is_released_later),
        TEST(absent_is_not_gone),
        TEST(carts_are_dropped),
        TEST(what_was_paid_in_a_lost_life_is_released),
        TEST(what_was_never_paid_is_let_go),
        TEST(what_was_paid_and_not_marked_is_taken_when_it_is_the_only_one),
        TEST(a_machine_that_was_used_is_wiped_next),
        TEST(a_machine_with_an_address_is_wiped_too),
        TEST(the_only_order_that_fits_is_ours),
        TEST(an_order_too_new_to_be_read_is_waited_for),
        TEST(what_expired_meanwhile_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
