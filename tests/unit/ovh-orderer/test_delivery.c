/* From the paid order to the name of its machine. */
#include "runner/stage.h"
#include "world.h"

#define EXTENSION(code)                                                                            \
    "{\"order\":{\"plan\":{\"code\":\"" code "\",\"product\":{\"name\":\"virtualPrivateServer\"}}" \
    "}}"
#define ABSENT "{\"message\":\"This service does not exist\"}"

static void have_order(void)
{
    remember_int("order_id", 101);
    remember("plan", "vps-a");
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
    have_order();
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"delivering\""),
             ASK("GET", "/me/order/101/details", 200, "[1,2,3]"),
             ASK("GET", "/me/order/101/details/1/extension", 200, EXTENSION("vps-a")),
             ASK("GET", "/me/order/101/details/1/operations", 200, "[]"),
             ASK("GET", "/me/order/101/details/2/extension", 200, EXTENSION("option-linux")),
             ASK("GET", "/me/order/101/details/3/extension", 200, EXTENSION("vps-a")),
             ASK("GET", "/me/order/101/details/3/operations", 200, "[9]"),
             ASK("GET", "/me/order/101/details/3/operations/9", 200,
                 "{\"resource\":{\"name\":\"vps-9.ovh.us\"}}"));
    assert_false(failed(server_await_delivery(&job)));
    ALL_ASKED();
    assert_string_equal(note(&job, "service_name"), "vps-9.ovh.us");
}

#define OPERATIONS(detail, list)                                                                   \
    ASK("GET", "/me/order/101/details/" detail "/operations", 200, list)
#define SHOWN(detail)                                                                              \
    ASK("GET", "/me/order/101/details/" detail "/extension", 200, EXTENSION("vps-a"))
#define NAMED(detail, name)                                                                        \
    ASK("GET", "/me/order/101/details/" detail "/operations/9", 200,                               \
        "{\"resource\":{\"name\":\"" name "\"}}")
#define STATUS(word) ASK("GET", "/me/order/101/status", 200, "\"" word "\"")
#define DETAILS(list) ASK("GET", "/me/order/101/details", 200, list)

/* The set-up fee looks like the month and never becomes a machine: seen alone, it must not be all that is looked at. */
static void a_detail_that_is_not_shown_yet_is_looked_for_again(void **state)
{
    (void)state;
    have_order();
    OVH_WILL(STATUS("delivering"), DETAILS("[1,3]"), SHOWN("1"), OPERATIONS("1", "[]"),
             ASK("GET", "/me/order/101/details/3/extension", 404, ABSENT), STATUS("delivered"),
             DETAILS("[1,3]"), SHOWN("1"), OPERATIONS("1", "[]"), SHOWN("3"),
             OPERATIONS("3", "[9]"), NAMED("3", "vps-9.ovh.us"));
    assert_int_equal(server_await_delivery(&job).kind, ERR_NOT_YET);
    assert_false(failed(server_await_delivery(&job)));
    ALL_ASKED();
    assert_string_equal(note(&job, "service_name"), "vps-9.ovh.us");
}

/* What was listed may have been a part: where there should be a machine and is none, the order is read anew. */
static void what_leads_nowhere_is_forgotten(void **state)
{
    (void)state;
    for (int delivered = 0; delivered < 2; delivered++) {
        start_again();
        have_order();
        remember("details", "1");
        remember_int("details_read", clock_unix_us() / 1000000 - (delivered ? 0 : 901));
        if (delivered) {
            OVH_WILL(STATUS("delivered"), OPERATIONS("1", "[]"), STATUS("delivered"),
                     DETAILS("[1,3]"), SHOWN("1"), OPERATIONS("1", "[]"), SHOWN("3"),
                     OPERATIONS("3", "[9]"), NAMED("3", "vps-9.ovh.us"));
            assert_int_equal(server_await_delivery(&job).kind, ERR_NOT_YET);
        } else {
            OVH_WILL(STATUS("delivering"), DETAILS("[1,3]"), SHOWN("1"), OPERATIONS("1", "[]"),
                     SHOWN("3"), OPERATIONS("3", "[]"), STATUS("delivering"), OPERATIONS("1", "[]"),
                     OPERATIONS("3", "[9]"), NAMED("3", "vps-9.ovh.us"));
            assert_int_equal(server_await_delivery(&job).kind, ERR_NOT_YET);
        }
        assert_false(failed(server_await_delivery(&job)));
        ALL_ASKED();
    }
}

/* Something is done about the set-up fee, but no machine comes of it. */
static void an_operation_without_a_name_is_not_the_machine(void **state)
{
    (void)state;
    have_order();
    OVH_WILL(STATUS("delivering"), DETAILS("[1,3]"), SHOWN("1"), OPERATIONS("1", "[9]"),
             NAMED("1", "*"), SHOWN("3"), OPERATIONS("3", "[9]"), NAMED("3", "vps-9.ovh.us"));
    assert_false(failed(server_await_delivery(&job)));
    ALL_ASKED();
}

/* As a row may be that was made from the topics. */
static void a_row_that_does_not_know_its_plan_takes_the_only_server(void **state)
{
    (void)state;
    have_order();
    note_set(&job, "plan", NULL);
    OVH_WILL(STATUS("delivering"), DETAILS("[2,3]"),
             ASK("GET", "/me/order/101/details/2/extension", 200, "{\"order\":{}}"), SHOWN("3"),
             OPERATIONS("3", "[9]"), NAMED("3", "vps-9.ovh.us"));
    assert_false(failed(server_await_delivery(&job)));
    ALL_ASKED();
}

/* Everything is missing at first, and that is no error. */
static void a_young_order_is_waited_for(void **state)
{
    static const char *const nothing[] = {"{\"resource\":{\"name\":null}}",
                                          "{\"resource\":{\"name\":\"*\"}}", "{}"};

    (void)state;
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        const struct exchange script[] = {
            ASK("GET", "/me/order/101/status", 404, ABSENT),
            ASK("GET", "/me/order/101/details/3/operations", 200, "[9]"),
            ASK("GET", "/me/order/101/details/3/operations/9", 200, nothing[i])};
        start_again();
        have_order();
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

static void a_late_delivery_is_said_and_watched(void **state)
{
    (void)state;
    have_order();
    job.age_s = 901;
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"delivering\""),
             ASK("GET", "/me/order/101/details", 200, "[]"),
             ASK("GET", "/me/order/101/status", 200, "\"delivering\""),
             ASK("GET", "/me/order/101/details", 200, "[]"));
    assert_false(failed(server_await_delivery(&job)));
    assert_string_equal(job.go, "late");
    assert_non_null(strstr(job.trouble, "OVH is late: no server after 15 minutes"));
    assert_non_null(strstr(job.trouble, "released after 3 days"));
    job.trouble = NULL;
    job.goal = GOAL_DOWN; /* on the way down it is waited for, however long */
    assert_int_equal(server_await_delivery(&job).kind, ERR_NOT_YET);
    assert_string_equal(job.message, RELEASED_ONCE_DELIVERED);
    assert_null(job.trouble);
}

/* An order that OVH has known nothing of for days does not hold up the end for ever. */
static void an_order_that_is_no_more_is_let_go(void **state)
{
    (void)state;
    have_order();
    job.goal = GOAL_DOWN;
    for (int over = 0; over < 2; over++) {
        job.age_s = over ? 259201 : 259000;
        OVH_WILL(ASK("GET", "/me/order/101/status", 404, "{\"message\":\"no such order\"}"),
                 ASK("GET", "/me/order/101/details", 404, "{\"message\":\"no such order\"}"));
        struct err e = server_await_delivery(&job);
        ALL_ASKED();
        assert_int_equal(e.kind, over ? ERR_NONE : ERR_NOT_YET);
    }
    assert_string_equal(job.go, "ordered"); /* which looks for some minutes more */
}

static void documents_are_asked_for(void **state)
{
    (void)state;
    have_order();
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"documentsRequested\""));
    assert_false(failed(server_await_delivery(&job)));
    assert_non_null(strstr(job.trouble, "documents"));
    assert_string_equal(job.go, "late");
}

static void a_payment_that_does_not_show_up_can_be_repeated(void **state)
{
    (void)state;
    have_order();
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
             ASK("GET", "/me/order/101/status", 200, "\"notPaid\""),
             ASK("GET", "/me/order/101/status", 200, "\"notPaid\""));
    assert_int_equal(server_await_delivery(&job).kind, ERR_NOT_YET);
    job.age_s = 61;
    assert_false(failed(server_await_delivery(&job)));
    assert_string_equal(job.go, "ordered");
    remember_int("payments", 3);
    (void)json_object_clear(job.patch);
    job.state = "paid";
    job.go = NULL;
    struct err e = server_await_delivery(&job);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_false(failed(in_words(&job, e))); /* and then it is watched */
    assert_string_equal(job.go, "late");
    assert_non_null(strstr(job.trouble, "may be paid, and we keep watching"));
}

/* Told as too late already: it is kept for the user's decision. */
static void what_comes_when_it_was_given_up_is_held(void **state)
{
    (void)state;
    have_order();
    remember("details", "3");
    job.given_up = true;
    job.generation = 4;
    OVH_WILL(ASK("GET", "/me/order/101/status", 200, "\"delivered\""),
             ASK("GET", "/me/order/101/details/3/operations", 200, "[9]"),
             ASK("GET", "/me/order/101/details/3/operations/9", 200,
                 "{\"resource\":{\"name\":\"vps-9.ovh.us\"}}"));
    assert_false(failed(server_await_delivery(&job)));
    ALL_ASKED();
    assert_string_equal(job.go, "held");
    assert_string_equal(note(&job, "service_name"), "vps-9.ovh.us");
    assert_int_equal(note_int(&job, "late_told", 0), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_table_holds_together),
        TEST(delivery_is_followed_from_the_order),
        TEST(a_detail_that_is_not_shown_yet_is_looked_for_again),
        TEST(what_leads_nowhere_is_forgotten),
        TEST(an_operation_without_a_name_is_not_the_machine),
        TEST(a_row_that_does_not_know_its_plan_takes_the_only_server),
        TEST(a_young_order_is_waited_for),
        TEST(looks_come_slower_with_age),
        TEST(a_late_delivery_is_said_and_watched),
        TEST(an_order_that_is_no_more_is_let_go),
        TEST(documents_are_asked_for),
        TEST(a_payment_that_does_not_show_up_can_be_repeated),
        TEST(what_comes_when_it_was_given_up_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
