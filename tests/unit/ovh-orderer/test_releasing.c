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

static void an_order_being_paid_is_not_let_go(void **state)
{
    (void)state;
    have_server();
    job.goal = GOAL_DOWN;
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

static void carts_are_dropped(void **state)
{
    (void)state;
    job.goal = GOAL_DOWN;
    remember("dead_carts", "c9 ");
    OVH_WILL(ASK("GET", "/order/cart?description=openclaw-" TEST_ID, 200, "[\"c1\",\"c9\",\"c2\"]"),
             ASK("DELETE", "/order/cart/c1", 404, ABSENT),
             ASK("DELETE", "/order/cart/c2", 200, "null"));
    assert_false(failed(server_drop_cart(&job)));
    ALL_ASKED();
    assert_ptr_equal(job.said, &server_released);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(releasing_is_read_back), TEST(a_fresh_service_is_released_later),
        TEST(absent_is_not_gone),     TEST(an_order_being_paid_is_not_let_go),
        TEST(carts_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
