/* The fresh system with our key: asked for once, waited for, and tried again. */
#include "world.h"

#define VPS "/vps/vps-1.ovh.us"
#define TASKS VPS "/tasks?type=reinstallVm"
#define BUSY "{\"message\":\"Action not available while there are running tasks on the VPS\"}"
#define ABSENT "{\"message\":\"This service does not exist\"}"

static void have_server(void)
{
    remember("service_name", "vps-1.ovh.us");
    remember("image", "i1");
    remember("public_key", "ecdsa-sha2-nistp256 AAAA x");
    remember_int("task_floor", 50);
    remember_int("task", 51);
}

static void the_rebuild_brings_our_key(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", TASKS, 200, "[50]"),
             SEND("POST", VPS "/rebuild",
                  "\"publicSshKey\":\"ecdsa-sha2-nistp256 AAAA x\",\"doNotSendPassword\":true", 200,
                  "{\"id\":60}"));
    assert_false(failed(server_rebuild(&job)));
    ALL_ASKED();
    assert_int_equal(note_int(&job, "task", 0), 60);
}

static void a_rebuild_under_way_is_not_asked_for_again(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", TASKS, 200, "[50,58]"));
    assert_false(failed(server_rebuild(&job)));
    ALL_ASKED();
    assert_int_equal(note_int(&job, "task", 0), 58);
}

/* Carried out late it would wipe a machine that is in use: there is never more than one on its way. */
static void a_rebuild_without_an_answer_is_waited_for(void **state)
{
    (void)state;
    for (int comes = 0; comes < 2; comes++) {
        start_again();
        have_server();
        OVH_WILL(ASK("GET", TASKS, 200, "[50]"), BREAK("POST", VPS "/rebuild", ERR_UNKNOWN),
                 ASK("GET", TASKS, 200, "[50]"));
        assert_int_equal(server_rebuild(&job).kind, ERR_NOT_YET);
        assert_int_equal(server_rebuild(&job).kind, ERR_NOT_YET);
        ALL_ASKED();
        if (comes) {
            OVH_WILL(ASK("GET", TASKS, 200, "[50,58]"));
            assert_false(failed(server_rebuild(&job)));
            assert_int_equal(note_int(&job, "task", 0), 58);
        } else {
            note_set_int(&job, "rebuild_sent", 1); /* long ago by now */
            OVH_WILL(ASK("GET", TASKS, 200, "[50]"),
                     ASK("POST", VPS "/rebuild", 200, "{\"id\":60}"));
            assert_false(failed(server_rebuild(&job)));
            assert_int_equal(note_int(&job, "task", 0), 60);
        }
        ALL_ASKED();
        assert_int_equal(note_int(&job, "rebuild_sent", 0), 0);
    }
    start_again();
    have_server();
    job.again = true; /* what was cut off may have sent one */
    OVH_WILL(ASK("GET", TASKS, 200, "[50]"));
    assert_int_equal(server_rebuild(&job).kind, ERR_NOT_YET);
    ALL_ASKED();
    remember_int("rebuild_lost", 5);
    remember_int("rebuild_sent", 1);
    job.again = false;
    (void)json_object_clear(job.patch);
    OVH_WILL(ASK("GET", TASKS, 200, "[50]"));
    assert_int_equal(server_rebuild(&job).kind, ERR_PERMANENT);
}

/* What was cut off may have sent one, and OVH's next answer is none: the run after that must still know. */
static void a_run_that_was_cut_off_is_not_forgotten(void **state)
{
    (void)state;
    have_server();
    job.again = true;
    OVH_WILL(ASK("GET", TASKS, 500, "<html>"), ASK("GET", TASKS, 200, "[50]"),
             ASK("GET", TASKS, 200, "[50,58]"));
    assert_int_equal(server_rebuild(&job).kind, ERR_TRANSIENT);
    job.again = false;
    assert_int_equal(server_rebuild(&job).kind, ERR_NOT_YET);
    assert_false(failed(server_rebuild(&job)));
    ALL_ASKED();
    assert_int_equal(note_int(&job, "task", 0), 58);
    assert_int_equal(note_int(&job, "rebuild_lost", 0), 0);
}

static void a_busy_server_is_waited_for(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", TASKS, 200, "[]"), ASK("POST", VPS "/rebuild", 400, BUSY),
             ASK("GET", TASKS, 200, "[]"), ASK("POST", VPS "/rebuild", 400, BUSY));
    assert_int_equal(server_rebuild(&job).kind, ERR_NOT_YET);
    job.age_s = 1201;
    assert_int_equal(server_rebuild(&job).kind, ERR_PERMANENT);
}

/* OVH replaces its images, and one that is gone stays gone: a retry begins with the choice of another. */
static void a_refused_rebuild_goes_back_to_the_choice_of_the_image(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", TASKS, 200, "[50]"),
             ASK("POST", VPS "/rebuild", 400, "{\"message\":\"Image is not available\"}"));
    struct err e = server_rebuild(&job);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "Image is not available"));
    assert_string_equal(job.go, "delivered");

    start_again();
    have_server();
    OVH_WILL(ASK("GET", TASKS, 200, "[50]"), ASK("POST", VPS "/rebuild", 404, ABSENT),
             ASK("GET", TASKS, 200, "[50]"), ASK("POST", VPS "/rebuild", 404, ABSENT));
    assert_int_equal(server_rebuild(&job).kind, ERR_NOT_YET); /* it may be too new */
    assert_null(job.go);
    job.age_s = 1201;
    e = server_rebuild(&job);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "This service does not exist"));
    assert_string_equal(job.go, "delivered");
    ALL_ASKED();
}

static void the_third_failed_rebuild_asks_for_a_person(void **state)
{
    (void)state;
    have_server();
    OVH_WILL(ASK("GET", VPS "/tasks/51", 200, "{\"state\":\"error\"}"),
             ASK("GET", VPS "/tasks/51", 200, "{\"state\":\"error\"}"),
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
    OVH_WILL(ASK("GET", TASKS, 200, "[50]"), ASK("GET", VPS, 200, "{\"state\":\"maintenance\"}"));
    assert_int_equal(server_rebuild(&job).kind, ERR_NOT_YET);
    ALL_ASKED();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_rebuild_brings_our_key),
        TEST(a_rebuild_under_way_is_not_asked_for_again),
        TEST(a_rebuild_without_an_answer_is_waited_for),
        TEST(a_run_that_was_cut_off_is_not_forgotten),
        TEST(a_busy_server_is_waited_for),
        TEST(a_refused_rebuild_goes_back_to_the_choice_of_the_image),
        TEST(the_third_failed_rebuild_asks_for_a_person),
        TEST(after_a_failure_the_server_must_be_up_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
