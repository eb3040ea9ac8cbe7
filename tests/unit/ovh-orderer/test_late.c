/* A delivery that is late: watched, used by a retry, given back without one. */
#include "world.h"

#define VPS "/vps/vps-1.ovh.us"
#define INFOS(flag) "{\"expiration\":\"2027-05-14\",\"renew\":{\"deleteAtExpiration\":" flag "}}"
#define ABSENT "{\"message\":\"This service does not exist\"}"

enum { KEEP_S = 259200 };

static int64_t seconds_ago(int64_t seconds)
{
    return clock_unix_us() / 1000000 - seconds;
}

static void said_late(int64_t ago_s)
{
    remember("cart", "c1");
    remember("plan", "vps-a");
    remember("details", "3");
    remember_int("order_id", 101);
    remember_int("late_told", 4);
    remember_int("late_since", seconds_ago(ago_s));
    job.generation = 4;
}

static void have_server(int64_t ago_s)
{
    said_late(ago_s);
    remember("service_name", "vps-1.ovh.us");
}

static void a_late_order_is_watched_slower_and_slower(void **state)
{
    static const struct {
        double age_s, wait_s;
        int64_t said_ago_s;
        const char *text;
    } looks[] = {
        {0,     60,  0,          "we keep watching"     },
        {2400,  120, 2400,       "we keep watching"     },
        {86400, 300, 86400,      "released after 3 days"},
        {3e5,   900, KEEP_S + 9, "still not delivered"  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        static const struct exchange script[] = {
            ASK("GET", "/me/order/101/status", 200, "\"delivering\""),
            ASK("GET", "/me/order/101/details/3/operations", 200, "[]")};
        start_again();
        said_late(looks[i].said_ago_s);
        job.age_s = looks[i].age_s;
        world_says(script, 2);
        assert_int_equal(server_watch(&job).kind, ERR_NOT_YET);
        ALL_ASKED();
        assert_true(job.wait_s > looks[i].wait_s - 1 && job.wait_s < looks[i].wait_s + 1);
        assert_non_null(strstr(job.trouble, looks[i].text));
    }
}

static void a_retry_waits_for_the_same_order(void **state)
{
    (void)state;
    said_late(1000);
    job.generation = 5;
    world_says(NULL, 0);
    assert_false(failed(server_watch(&job)));
    assert_string_equal(job.go, "paid");
    assert_null(job.trouble);
    assert_int_equal(note_int(&job, "order_id", 0), 101);
    assert_int_equal(note_int(&job, "late_told", 0), 0);
}

static void what_becomes_of_the_documents_is_said(void **state)
{
    (void)state;
    said_late(10);
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"documentsRequested\""),
             ASK("GET", "/me/order/101/status", 200, "\"delivering\""),
             ASK("GET", "/me/order/101/details/3/operations", 200, "[]"),
             ASK("GET", "/me/order/101/status", 200, "\"cancelled\""));
    assert_int_equal(server_watch(&job).kind, ERR_NOT_YET);
    assert_non_null(strstr(job.trouble, "asks for documents"));
    assert_int_equal(server_watch(&job).kind, ERR_NOT_YET);
    assert_non_null(strstr(job.trouble, "a retry goes on with it"));
    assert_int_equal(server_watch(&job).kind, ERR_PERMANENT);
    assert_string_equal(job.go, "cancelled");
    ALL_ASKED();
}

static void what_comes_late_is_marked_and_held(void **state)
{
    (void)state;
    said_late(1000);
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"delivered\""),
             ASK("GET", "/me/order/101/details/3/operations", 200, "[9]"),
             ASK("GET", "/me/order/101/details/3/operations/9", 200,
                 "{\"resource\":{\"name\":\"vps-1.ovh.us\"}}"),
             SEND("PUT", VPS, "openclaw-0000abcd1234", 404, ABSENT),
             SEND("PUT", VPS, "openclaw-0000abcd1234", 200, "null"));
    assert_false(failed(server_watch(&job)));
    assert_string_equal(note(&job, "service_name"), "vps-1.ovh.us");
    for (int i = 0; i < 3; i++) { /* marked once */
        assert_int_equal(server_hold(&job).kind, ERR_NOT_YET);
        assert_non_null(strstr(job.trouble, "A retry uses it"));
    }
    ALL_ASKED();
    assert_true(job.wait_s <= 900);
    job.generation = 5;
    assert_false(failed(server_hold(&job)));
    assert_string_equal(job.go, "delivered");
}

static void nobody_wants_it_it_is_given_back(void **state)
{
    (void)state;
    have_server(KEEP_S + 1);
    OVH_WILL(ASK("GET", VPS "/serviceInfos", 200, INFOS("false")),
             SEND("PUT", VPS "/serviceInfos", "\"deleteAtExpiration\":true", 200, "null"),
             ASK("GET", VPS "/serviceInfos", 200, INFOS("true")));
    assert_false(failed(server_hold(&job)));
    assert_null(job.go);
    struct err e = server_give_back(&job);
    ALL_ASKED();
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "paid until 14 May 2027. A retry orders a new one"));
    assert_string_equal(job.go, "cancelled");
    assert_int_equal(note_int(&job, "order_id", 0), 0);
    assert_null(note(&job, "service_name"));
    assert_true(cart_is_dead(&job, "c1"));
}

/* Before OVH was asked to end it a retry still gets the machine; afterwards its end is made certain first. */
static void a_retry_while_it_is_given_back(void **state)
{
    (void)state;
    have_server(KEEP_S + 1);
    job.generation = 5;
    world_says(NULL, 0);
    assert_false(failed(server_give_back(&job)));
    assert_string_equal(job.go, "delivered");

    for (int cut_off = 0; cut_off < 2; cut_off++) {
        static const struct exchange script[] = {
            ASK("GET", VPS "/serviceInfos", 200, INFOS("true"))};
        start_again();
        have_server(KEEP_S + 1);
        job.generation = 5;
        job.again = cut_off;
        remember_int("ending", !cut_off);
        world_says(script, 1);
        assert_false(failed(server_give_back(&job)));
        ALL_ASKED();
        assert_string_equal(job.go, "cancelled");
        assert_int_equal(note_int(&job, "order_id", 0), 0);
    }
}

/* The run that was cut off may have asked for the end: what comes later must not forget it. */
static void an_end_that_may_have_been_asked_for_is_remembered(void **state)
{
    (void)state;
    have_server(KEEP_S + 1);
    job.again = true;
    OVH_WILL(ASK("GET", VPS "/serviceInfos", 500, "{\"message\":\"Internal server error\"}"),
             ASK("GET", VPS "/serviceInfos", 200, INFOS("true")));
    assert_int_equal(server_give_back(&job).kind, ERR_NOT_YET);
    job.again = false;
    job.generation = 5;
    assert_false(failed(server_give_back(&job)));
    ALL_ASKED();
    assert_string_equal(job.go, "cancelled");
}

/* OVH did not answer for a moment: that says nothing of how long it takes, nor did anybody see the payment. */
static void an_order_that_is_seen_again_is_not_said_to_be_late(void **state)
{
    (void)state;
    said_late(10);
    job.state = "ordered"; /* a payment was sent, and its answer lost */
    (void)server_lose_sight(&job, transient("OVH could not be reached"));
    assert_non_null(strstr(job.trouble, "Order 101 may be paid, and we keep watching"));
    OVH_WILL(ASK("GET", "/me/order/101/status", 404, ABSENT),
             ASK("GET", "/me/order/101/details/3/operations", 404, ABSENT),
             ASK("GET", "/me/order/101/status", 200, "\"checking\""),
             ASK("GET", "/me/order/101/details/3/operations", 200, "[]"),
             ASK("GET", "/me/order/101/status", 200, "\"delivering\""),
             ASK("GET", "/me/order/101/details/3/operations", 200, "[]"));
    assert_int_equal(server_watch(&job).kind, ERR_NOT_YET);
    assert_non_null(
        strstr(job.trouble, "not delivered order 101 yet. It may be paid, and we keep"));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(server_watch(&job).kind, ERR_NOT_YET);
        assert_non_null(strstr(job.trouble, "order 101 yet. It is paid, and we keep watching"));
        assert_null(strstr(job.trouble, "15 minutes"));
    }
    ALL_ASKED();
}

static void times_are_spoken(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } times[] = {
        {259200, "3 days"    },
        {86400,  "a day"     },
        {129600, "36 hours"  },
        {3600,   "an hour"   },
        {900,    "15 minutes"},
        {60,     "a minute"  },
        {2,      "2 seconds" }
    };

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        assert_string_equal(spoken_time(arena, times[i].seconds), times[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_late_order_is_watched_slower_and_slower),
        TEST(a_retry_waits_for_the_same_order),
        TEST(what_becomes_of_the_documents_is_said),
        TEST(what_comes_late_is_marked_and_held),
        TEST(nobody_wants_it_it_is_given_back),
        TEST(a_retry_while_it_is_given_back),
        TEST(an_end_that_may_have_been_asked_for_is_remembered),
        TEST(an_order_that_is_seen_again_is_not_said_to_be_late),
        TEST(times_are_spoken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
