/* Nobody's data stays on a machine that is released; and a destroy comes to its end. */
#include "world.h"

#define VPS "/vps/vps-1.ovh.us"
#define TASKS VPS "/tasks?type=reinstallVm"
#define BUSY "{\"message\":\"Action not available while there are running tasks on the VPS\"}"
#define ABSENT "{\"message\":\"This service does not exist\"}"

static void ended(void)
{
    job.goal = GOAL_DOWN;
    remember("service_name", "vps-1.ovh.us");
    remember("image", "i1");
    remember("public_key", "ecdsa-sha2-nistp256 AAAA x");
    remember("paid_until", "2027-05-14");
    remember("paid_until_date", "14 May 2027");
    remember_int("wipe_floor", 51);
}

static void a_fresh_system_with_a_key_nobody_has(void **state)
{
    (void)state;
    ended();
    OVH_WILL(
        ASK("GET", TASKS, 200, "[50,51]"),
        SEND("POST", VPS "/rebuild", "nobody\",\"doNotSendPassword\":true", 200, "{\"id\":60}"),
        ASK("GET", VPS "/tasks/60", 200, "{\"state\":\"doing\"}"),
        ASK("GET", VPS "/tasks/60", 200, "{\"state\":\"done\"}"));
    assert_int_equal(server_wipe(&job).kind, ERR_NOT_YET);
    assert_null(strstr(world.last.body, "AAAA x"));
    assert_int_equal(json_object_size(job.keep), 0);
    assert_int_equal(server_wipe(&job).kind, ERR_NOT_YET);
    assert_null(job.said);
    assert_false(failed(server_wipe(&job)));
    ALL_ASKED();
    assert_string_equal(((const struct server_released *)job.said_fields)->paid_until,
                        "2027-05-14");
    assert_string_equal(job.message,
                        "The server is paid until 14 May 2027; it is wiped and released");
}

static void a_wiping_under_way_is_not_asked_for_again(void **state)
{
    (void)state;
    ended();
    OVH_WILL(ASK("GET", TASKS, 200, "[50,51,58]"),
             ASK("GET", VPS "/tasks/58", 200, "{\"state\":\"done\"}"));
    assert_false(failed(server_wipe(&job)));
    ALL_ASKED();
}

/* A rebuild of the way up may still be running: that is waited for, not given up on. */
static void a_busy_machine_is_waited_for(void **state)
{
    (void)state;
    ended();
    OVH_WILL(ASK("GET", TASKS, 200, "[51]"), ASK("POST", VPS "/rebuild", 400, BUSY));
    assert_int_equal(server_wipe(&job).kind, ERR_NOT_YET);
    assert_int_equal(note_int(&job, "wipe_failures", 0), 0);
}

static void it_is_not_tried_for_ever(void **state)
{
    (void)state;
    ended();
    OVH_WILL(ASK("GET", TASKS, 200, "[51]"),
             ASK("POST", VPS "/rebuild", 400, "{\"message\":\"Image is not available\"}"),
             ASK("GET", TASKS, 200, "[51]"), ASK("GET", VPS, 200, "{\"state\":\"running\"}"),
             ASK("GET", VPS "/images/available", 200, "[\"i7\"]"),
             ASK("GET", VPS "/images/available/i7", 200, "{\"name\":\"Debian 12\"}"),
             SEND("POST", VPS "/rebuild", "\"i7\"", 200, "{\"id\":60}"),
             ASK("GET", VPS "/tasks/60", 200, "{\"state\":\"error\"}"),
             ASK("GET", TASKS, 200, "[51,60]"), ASK("GET", VPS, 200, "{\"state\":\"maintenance\"}"),
             ASK("GET", TASKS, 200, "[51,60]"), ASK("GET", VPS, 200, "{\"state\":\"running\"}"),
             ASK("GET", VPS "/images/available", 200, "[]"));
    for (int i = 0; i < 4; i++) {
        assert_int_equal(server_wipe(&job).kind, ERR_NOT_YET);
    }
    assert_false(failed(server_wipe(&job)));
    ALL_ASKED();
    assert_ptr_equal(job.said, &server_released);
    assert_non_null(strstr(job.message, "OVH did not wipe it and deletes its data on that day"));
}

/* Whatever OVH answers: the end of the machine is certain, so the wiping may be. */
static void the_limit_ends_it(void **state)
{
    static const struct exchange answers[] = {
        ASK("GET", TASKS, 500, "<html>"), BREAK("GET", TASKS, ERR_TRANSIENT),
        ASK("GET", TASKS, 401, "{\"message\":\"You must login first\"}")};

    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const struct exchange twice[] = {answers[i], answers[i]};
        start_again();
        ended();
        world_says(twice, 2);
        job.age_s = 1799;
        assert_int_equal(server_wipe(&job).kind, ERR_TRANSIENT);
        job.age_s = 1801;
        assert_false(failed(server_wipe(&job)));
        assert_ptr_equal(job.said, &server_released);
    }
}

static void a_machine_that_expires_meanwhile_is_gone(void **state)
{
    (void)state;
    ended();
    OVH_WILL(ASK("GET", TASKS, 460, ABSENT));
    assert_false(failed(server_wipe(&job)));
    assert_ptr_equal(job.said, &server_released);
}

#define LISTED ASK("GET", "/vps", 200, "[\"vps-0.ovh.us\",\"vps-1.ovh.us\"]")
#define UNLISTED ASK("GET", "/vps", 200, "[\"vps-0.ovh.us\"]")

/* Somebody's data is on it: a 404 alone does not make it gone. */
static void what_is_listed_is_not_gone(void **state)
{
    (void)state;
    ended();
    OVH_WILL(ASK("GET", TASKS, 404, ABSENT), LISTED, ASK("GET", TASKS, 404, ABSENT),
             ASK("GET", "/vps", 500, "<html>"), ASK("GET", TASKS, 404, ABSENT),
             ASK("GET", "/vps", 404, ABSENT));
    assert_int_equal(server_wipe(&job).kind, ERR_NOT_YET);
    assert_int_equal(server_wipe(&job).kind, ERR_TRANSIENT);
    assert_int_equal(server_wipe(&job).kind, ERR_NOT_YET);
    ALL_ASKED();
    assert_null(job.said);
    assert_int_equal(note_int(&job, "wipe_failures", 0), 0);

    OVH_WILL(ASK("GET", TASKS, 404, ABSENT), LISTED);
    job.age_s = 1801; /* and that does not hold it up for ever */
    assert_false(failed(server_wipe(&job)));
    assert_non_null(strstr(job.message, "OVH did not wipe it"));

    start_again();
    ended();
    OVH_WILL(ASK("GET", TASKS, 404, ABSENT), UNLISTED);
    assert_false(failed(server_wipe(&job)));
    ALL_ASKED();
    assert_string_equal(job.message, "The server is gone already");
}

/* The same 404 stands for an image that is gone: the next try chooses another. */
static void an_image_that_is_gone_is_not_the_machine(void **state)
{
    (void)state;
    ended();
    OVH_WILL(ASK("GET", TASKS, 200, "[51]"), ASK("POST", VPS "/rebuild", 404, ABSENT), LISTED,
             ASK("GET", TASKS, 200, "[51]"), ASK("GET", VPS, 200, "{\"state\":\"running\"}"),
             ASK("GET", VPS "/images/available", 200, "[\"i7\"]"),
             ASK("GET", VPS "/images/available/i7", 200, "{\"name\":\"Debian 12\"}"),
             SEND("POST", VPS "/rebuild", "\"i7\"", 200, "{\"id\":60}"));
    assert_int_equal(server_wipe(&job).kind, ERR_NOT_YET);
    assert_int_equal(server_wipe(&job).kind, ERR_NOT_YET);
    ALL_ASKED();
    assert_int_equal(note_int(&job, "wipe_task", 0), 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_system_with_a_key_nobody_has),
        TEST(a_wiping_under_way_is_not_asked_for_again),
        TEST(a_busy_machine_is_waited_for),
        TEST(it_is_not_tried_for_ever),
        TEST(the_limit_ends_it),
        TEST(a_machine_that_expires_meanwhile_is_gone),
        TEST(what_is_listed_is_not_gone),
        TEST(an_image_that_is_gone_is_not_the_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
