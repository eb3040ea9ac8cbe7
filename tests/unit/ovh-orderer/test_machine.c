/* From the paid order to a machine that lets us in, and back: each look, each refusal, each limit. */
#include "runner/stage.h"
#include "world.h"

#define EXTENSION(code) "{\"order\":{\"plan\":{\"code\":\"" code "\",\"product\":{\"name\":\"virtualPrivateServer\"}}}}"
#define VPS "/vps/vps-1.ovh.us"
#define INFOS(flag) "{\"expiration\":\"2027-05-14\",\"renew\":{\"deleteAtExpiration\":" flag "}}"
#define BUSY "{\"message\":\"Action not available while there are running tasks on the VPS\"}"
#define ABSENT "{\"message\":\"This service does not exist\"}"

static void have_server(void)
{
    remember_int("order_id", 101);
    remember("plan", "vps-a");
    remember("datacenter", "VA");
    remember("service_name", "vps-1.ovh.us");
    remember("image", "i1");
    remember("public_key", "ecdsa-sha2-nistp256 AAAA x");
    remember_int("task_floor", 50);
    remember_int("task", 51);
}

static void the_table_holds_together(void **state)
{
    (void)state;
    struct err e = stage_check(&server_stage);
    assert_string_equal(e.text, "");
}

/* Options of the same order are no servers; of the server's own details only one has an operation. */
static void delivery_is_followed_from_the_order(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"delivering\""),
             ASK("GET", "/me/order/101/details", 200, "[1,2,3]"),
             ASK("GET", "/me/order/101/details/1/extension", 200, EXTENSION("vps-a")),
             ASK("GET", "/me/order/101/details/2/extension", 200, EXTENSION("option-linux")),
             ASK("GET", "/me/order/101/details/3/extension", 200, EXTENSION("vps-a")),
             ASK("GET", "/me/order/101/details/1/operations", 200, "[]"),
             ASK("GET", "/me/order/101/details/3/operations", 200, "[9]"),
             ASK("GET", "/me/order/101/details/3/operations/9", 200, "{\"resource\":{\"name\":\"vps-9.ovh.us\"}}"));
    assert_false(failed(server_await_delivery(&job)));
    ALL_ASKED();
    assert_string_equal(note(&job, "service_name"), "vps-9.ovh.us");
}

/* Everything is missing at first, and that is no error. */
static void a_young_order_is_waited_for(void **state)
{
    static const char *const nothing[] = {"{\"resource\":{\"name\":null}}", "{\"resource\":{\"name\":\"*\"}}", "{}"};

    (void)state;
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        const struct exchange script[] = {ASK("GET", "/me/order/101/status", 404, ABSENT),
                                          ASK("GET", "/me/order/101/details/3/operations", 200, "[9]"),
                                          ASK("GET", "/me/order/101/details/3/operations/9", 200, nothing[i])};
        start_again();
        have_server();
        remember("details", "3");
        world_says(script, 3);
        assert_int_equal(server_await_delivery(&job).kind, ERR_NOT_YET);
        ALL_ASKED();
        assert_true(job.wait_s > 0.49 && job.wait_s < 0.51);
    }
}

static void looks_come_slower_with_age(void **state)
{
    (void)state;
    job.age_s = 8;
    assert_int_equal(later(&job, 10).kind, ERR_NOT_YET);
    assert_true(job.wait_s > 3.99 && job.wait_s < 4.01);
    job.age_s = 100;
    (void)later(&job, 10);
    assert_true(job.wait_s > 9.99 && job.wait_s < 10.01);
}

static void a_late_delivery_keeps_the_order(void **state)
{
    (void)state;
    have_server();
    job.age_s = 901;
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"delivering\""), ASK("GET", "/me/order/101/details", 200, "[]"),
             ASK("GET", "/me/order/101/status", 200, "\"delivering\""), ASK("GET", "/me/order/101/details", 200, "[]"));
    struct err e = server_await_delivery(&job);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "OVH is late"));
    job.goal = GOAL_DOWN; /* on the way down it is waited for, however long */
    assert_int_equal(server_await_delivery(&job).kind, ERR_NOT_YET);
}

static void documents_are_asked_for(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"documentsRequested\""));
    struct err e = server_await_delivery(&job);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "documents"));
    assert_null(job.go);
}

static void a_payment_that_does_not_show_up_can_be_repeated(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""), ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
             ASK("GET", "/me/order/101/status", 200, "\"notPaid\""));
    assert_int_equal(server_await_delivery(&job).kind, ERR_NOT_YET);
    job.age_s = 61;
    assert_false(failed(server_await_delivery(&job)));
    assert_string_equal(job.go, "ordered");
    remember_int("payments", 3);
    (void)json_object_clear(job.patch);
    assert_int_equal(server_await_delivery(&job).kind, ERR_PERMANENT);
    assert_string_equal(job.go, "refused");
}

static void the_server_is_marked_and_gets_a_key(void **state)
{
    (void)state;
    remember("service_name", "vps-1.ovh.us");
    OVH_WILL(SEND("PUT", VPS, "{\"displayName\":\"openclaw-abcd1234\"}", 200, "null"),
             ASK("GET", VPS "/tasks?type=reinstallVm", 200, "[7,50,9]"),
             ASK("GET", VPS "/images/available", 200, "[\"i1\",\"i2\",\"i3\"]"),
             ASK("GET", VPS "/images/available/i1", 404, ABSENT),
             ASK("GET", VPS "/images/available/i2", 200, "{\"name\":\"Debian 12 - Docker\"}"),
             ASK("GET", VPS "/images/available/i3", 200, "{\"name\":\"Debian 12\"}"));
    assert_false(failed(server_prepare(&job)));
    ALL_ASKED();
    assert_string_equal(note(&job, "image"), "i3");
    assert_int_equal(note_int(&job, "task_floor", 0), 50);
    assert_memory_equal(note(&job, "public_key"), "ecdsa-sha2-nistp256 ", 20);
    assert_true(job_has_secret(&job, SECRET_SSH_KEY));
    char *kept = json_dumps(job.keep, 0);
    assert_null(strstr(kept, "PRIVATE"));
    free(kept);
}

static void the_rebuild_brings_our_key(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", VPS "/tasks?type=reinstallVm", 200, "[50]"),
             SEND("POST", VPS "/rebuild", "\"publicSshKey\":\"ecdsa-sha2-nistp256 AAAA x\",\"doNotSendPassword\":true", 200,
                  "{\"id\":60}"));
    assert_false(failed(server_rebuild(&job)));
    ALL_ASKED();
    assert_int_equal(note_int(&job, "task", 0), 60);
}

static void a_rebuild_under_way_is_not_asked_for_again(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", VPS "/tasks?type=reinstallVm", 200, "[50,58]"));
    assert_false(failed(server_rebuild(&job)));
    ALL_ASKED();
    assert_int_equal(note_int(&job, "task", 0), 58);
}

static void a_busy_server_is_waited_for(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", VPS "/tasks?type=reinstallVm", 200, "[]"), ASK("POST", VPS "/rebuild", 400, BUSY),
             ASK("GET", VPS "/tasks?type=reinstallVm", 200, "[]"), ASK("POST", VPS "/rebuild", 400, BUSY));
    assert_int_equal(server_rebuild(&job).kind, ERR_NOT_YET);
    job.age_s = 1201;
    assert_int_equal(server_rebuild(&job).kind, ERR_PERMANENT);
}

static void the_third_failed_rebuild_asks_for_a_person(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", VPS "/tasks/51", 200, "{\"state\":\"error\"}"), ASK("GET", VPS "/tasks/51", 200, "{\"state\":\"error\"}"),
             ASK("GET", VPS "/tasks/51", 200, "{\"state\":\"blocked\"}"));
    assert_false(failed(server_await_rebuild(&job)));
    assert_string_equal(job.go, "prepared");
    assert_int_equal(note_int(&job, "task_floor", 0), 51);
    assert_false(failed(server_await_rebuild(&job)));
    assert_int_equal(server_await_rebuild(&job).kind, ERR_PERMANENT);
    assert_string_equal(job.go, "prepared");
    assert_int_equal(note_int(&job, "rebuild_failures", 9), 0);
}

static void after_a_failure_the_server_must_be_up_first(void **state)
{
    (void)state;
    have_server();
    remember_int("rebuild_failures", 1);
    OVH_WILL(ASK("GET", VPS "/tasks?type=reinstallVm", 200, "[50]"), ASK("GET", VPS, 200, "{\"state\":\"maintenance\"}"));
    assert_int_equal(server_rebuild(&job).kind, ERR_NOT_YET);
    ALL_ASKED();
}

static void the_address_is_the_ipv4(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", VPS "/ips", 200, "[\"2604:2dc0::1\"]"),
             ASK("GET", VPS "/ips", 200, "[\"2604:2dc0::1\",\"999.1.1.1\",\"51.81.223.26\"]"));
    assert_int_equal(server_find_address(&job).kind, ERR_NOT_YET);
    assert_false(failed(server_find_address(&job)));
    assert_string_equal(job.ip_address, "51.81.223.26");
    assert_ptr_equal(job.said, &server_ready);
}

static void releasing_is_read_back(void **state)
{
    (void)state;
    have_server();
    job.goal = GOAL_DOWN;
    OVH_WILL(ASK("GET", VPS "/serviceInfos", 200, INFOS("false")),
             SEND("PUT", VPS "/serviceInfos", "\"deleteAtExpiration\":true", 200, "null"),
             ASK("GET", VPS "/serviceInfos", 200, INFOS("false")), ASK("GET", VPS "/serviceInfos", 200, INFOS("true")));
    assert_int_equal(server_release(&job).kind, ERR_NOT_YET);
    assert_null(job.said);
    assert_false(failed(server_release(&job)));
    ALL_ASKED();
    assert_ptr_equal(job.said, &server_released);
    assert_string_equal(((const struct server_released *)job.said_fields)->paid_until, "2027-05-14");
    assert_non_null(strstr(job.message, "14 May 2027"));
}

static void a_fresh_service_is_released_later(void **state)
{
    (void)state;
    have_server();
    job.goal = GOAL_DOWN;
    OVH_WILL(ASK("GET", VPS "/serviceInfos", 200, INFOS("false")),
             ASK("PUT", VPS "/serviceInfos", 400, "{\"message\":\"Unable to synchronize, subscription is not active yet\"}"));
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
             ASK("GET", VPS "/serviceInfos", 404, ABSENT), ASK("GET", "/vps", 200, "[\"vps-1.ovh.us\"]"),
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
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""), ASK("GET", "/me/order/101/status", 200, "\"checking\""),
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
             ASK("DELETE", "/order/cart/c1", 404, ABSENT), ASK("DELETE", "/order/cart/c2", 200, "null"));
    assert_false(failed(server_drop_cart(&job)));
    ALL_ASKED();
    assert_ptr_equal(job.said, &server_released);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_table_holds_together),
        TEST(delivery_is_followed_from_the_order),
        TEST(a_young_order_is_waited_for),
        TEST(looks_come_slower_with_age),
        TEST(a_late_delivery_keeps_the_order),
        TEST(documents_are_asked_for),
        TEST(a_payment_that_does_not_show_up_can_be_repeated),
        TEST(the_server_is_marked_and_gets_a_key),
        TEST(the_rebuild_brings_our_key),
        TEST(a_rebuild_under_way_is_not_asked_for_again),
        TEST(a_busy_server_is_waited_for),
        TEST(the_third_failed_rebuild_asks_for_a_person),
        TEST(after_a_failure_the_server_must_be_up_first),
        TEST(the_address_is_the_ipv4),
        TEST(releasing_is_read_back),
        TEST(a_fresh_service_is_released_later),
        TEST(absent_is_not_gone),
        TEST(an_order_being_paid_is_not_let_go),
        TEST(carts_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
