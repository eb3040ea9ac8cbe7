/* An upgrade from the installer's side: begun, followed through whatever happens, and told as what it became. */
#include "world.h"

#define RUN TEST_ID "-u1"

static void wished(void)
{
    (void)json_object_set_new(notes, "upgrade_to", json_string("2026.9.7"));
    (void)json_object_set_new(notes, "upgrade_begun", json_integer(0));
}

static void begun(void)
{
    wished();
    assert_int_equal(installer_upgrade(&job).kind, ERR_NONE);
    settled();
    job.age_s = 0;
}

static void answers(enum setup_status status, const char *run_id, const char *reason)
{
    world.answer = (struct setup_answer){
        .status = status, .step = "", .reason = reason, .run_id = run_id, .log = ""};
}

static void ends(const char *version, bool upgraded, const char *reason)
{
    answers(SETUP_DONE, RUN, "");
    world.result = (struct setup_result){.gateway_token = TEST_TOKEN,
                                         .openclaw_version = version,
                                         .key_hash = "",
                                         .upgrade_run = RUN,
                                         .upgrade_reason = reason,
                                         .upgraded = upgraded};
}

/* Back to where it was, with that text, and ready for another wish. */
static void assert_given_up(const char *message)
{
    assert_string_equal(job.go, "installed");
    assert_string_equal(job.message, message);
    assert_null(job.said);
    assert_over("upgrade", false);
    assert_null(note(&job, "upgrade_to"));
    assert_int_equal(note_int(&job, "upgrade_run", 1), 2);
}

static void a_wish_is_remembered_with_its_version(void **state)
{
    struct deployment_upgrade_requested event = {.version = "2026.9.7"};

    (void)state;
    heard(&deployment_upgrade_requested, &event);
    assert_string_equal(note(&job, "upgrade_to"), "2026.9.7");
    assert_string_equal(note(&job, "change"), "upgrade");
}

static void it_begins_with_a_run_of_its_own(void **state)
{
    (void)state;
    wished();
    assert_int_equal(installer_upgrade(&job).kind, ERR_NONE);
    assert_null(job.go);
    assert_string_equal(world.upgrade_seen.version, "2026.9.7");
    assert_string_equal(world.upgrade_seen.run_id, RUN);
    assert_string_equal(note(&job, "run_id"), RUN);
}

static void a_machine_that_is_away_before_it_began_is_not_waited_for_long(void **state)
{
    (void)state;
    wished();
    world.fails = transient("no connection");
    assert_int_equal(installer_upgrade(&job).kind, ERR_NOT_YET);
    job.age_s = 100;
    assert_int_equal(installer_upgrade(&job).kind, ERR_NONE);
    assert_given_up("The upgrade did not work: The server cannot be reached: no connection");
}

static void one_that_goes_away_in_the_middle_is(void **state)
{
    (void)state;
    begun();
    world.fails = transient("no connection");
    job.age_s = 600;
    assert_int_equal(installer_follow_upgrade(&job).kind, ERR_NOT_YET);
    assert_string_equal(job.message,
                        "Upgrading OpenClaw: the server does not answer at the moment");
    assert_true(job.wait_s > 20 && job.wait_s < 31);
    settled();
    assert_int_equal(installer_upgrade(&job).kind, ERR_NOT_YET);
    assert_null(job.message);
    int looks = 0;
    while (installer_follow_upgrade(&job).kind == ERR_NOT_YET) {
        settled();
        job.age_s += 30;
        assert_true(++looks <= 2 * 3600 / 30 + 2);
    }
    assert_true(looks > 2 * 3600 / 30 - 10);
    assert_given_up("The upgrade did not work: The server cannot be reached: no connection");
}

static void our_own_absence_is_none_of_the_machines(void **state)
{
    (void)state;
    begun();
    job.age_s = 60;
    answers(SETUP_RUNNING, RUN, "");
    assert_int_equal(installer_follow_upgrade(&job).kind, ERR_NOT_YET);
    settled();
    job.age_s = 5 * 3600;
    world.fails = transient("no connection");
    assert_int_equal(installer_follow_upgrade(&job).kind, ERR_NOT_YET);
    assert_null(job.go);
}

static void an_upgrade_of_before_is_not_taken_for_this_one(void **state)
{
    (void)state;
    begun();
    ends("2026.9.6", true, "");
    assert_int_equal(installer_follow_upgrade(&job).kind, ERR_NONE);
    assert_string_equal(job.go, "upgrading");
    assert_null(job.said);
    assert_int_equal(note_int(&job, "upgrade_run", 0), 2);
    assert_string_equal(note(&job, "upgrade_to"), "2026.9.7");
}

static void what_can_never_work_is_told_at_once(void **state)
{
    (void)state;
    wished();
    lose_secret(SECRET_SSH_KEY);
    assert_int_equal(installer_upgrade(&job).kind, ERR_NONE);
    assert_string_equal(job.go, "installed");
    assert_int_equal(world.calls, 0);
    assert_over("upgrade", false);
}

static void one_that_is_at_work_is_followed(void **state)
{
    (void)state;
    begun();
    answers(SETUP_RUNNING, RUN, "");
    world.answer.log = "== install: Installing OpenClaw 2026.9.7\n";
    world.answer.log_len = world.answer.offset = (int64_t)strlen(world.answer.log);
    assert_int_equal(installer_follow_upgrade(&job).kind, ERR_NOT_YET);
    assert_string_equal(job.message, "Installing OpenClaw 2026.9.7");
    assert_int_equal(json_array_size(job.lines), 1);
    assert_null(job.change_over);
}

static void the_new_version_is_said(void **state)
{
    (void)state;
    begun();
    ends("2026.9.7", true, "");
    assert_int_equal(installer_follow_upgrade(&job).kind, ERR_NONE);
    const struct instance_upgraded *said = job.said_fields;
    assert_ptr_equal(job.said, &instance_upgraded);
    assert_string_equal(said->ip, "192.0.2.7");
    assert_string_equal(said->version, "2026.9.7");
    assert_string_equal(job.version, "2026.9.7");
    assert_string_equal(job.message, "OpenClaw was upgraded to 2026.9.7");
    assert_null(job.go);
    assert_over("upgrade", true);
    assert_int_equal(note_int(&job, "upgrade_run", 1), 2);
}

static void one_that_was_undone_says_why(void **state)
{
    (void)state;
    begun();
    ends("2026.9.6", false, "OpenClaw 2026.9.7 does not start");
    assert_int_equal(installer_follow_upgrade(&job).kind, ERR_NONE);
    assert_string_equal(job.version, "2026.9.6");
    assert_given_up("OpenClaw 2026.9.6 runs as before; the upgrade to 2026.9.7 was undone: "
                    "OpenClaw 2026.9.7 does not start");
}

static void an_earlier_runs_end_is_not_ours(void **state)
{
    (void)state;
    begun();
    answers(SETUP_DONE, TEST_ID "-1", "");
    assert_int_equal(installer_follow_upgrade(&job).kind, ERR_NOT_YET);
    job.age_s = 30;
    assert_int_equal(installer_follow_upgrade(&job).kind, ERR_NONE);
    assert_string_equal(job.go, "upgrading");
}

static void one_that_is_cut_off_goes_on_as_the_same_run_but_not_for_ever(void **state)
{
    int starts = 1;

    (void)state;
    begun();
    for (;; starts++) {
        answers(SETUP_FAILED, RUN, "interrupted");
        assert_int_equal(installer_follow_upgrade(&job).kind, ERR_NONE);
        assert_string_equal(job.go, "upgrading");
        settled();
        assert_int_equal(installer_upgrade(&job).kind, ERR_NONE);
        if (job.go) {
            break;
        }
        assert_string_equal(world.upgrade_seen.run_id, RUN);
        settled();
    }
    assert_int_equal(starts, 8);
    assert_given_up("The upgrade did not work: it was interrupted again and again");
}

static void a_way_back_that_fails_is_told_and_tried_again(void **state)
{
    (void)state;
    begun();
    answers(SETUP_FAILED, RUN, "OpenClaw 2026.9.6 does not start");
    assert_int_equal(installer_follow_upgrade(&job).kind, ERR_NONE);
    assert_string_equal(job.go, "upgrading");
    assert_string_equal(job.message, "Upgrading OpenClaw does not work yet: OpenClaw 2026.9.6 "
                                     "does not start");
}

static void no_failure_ever_makes_the_deployment_one_in_error(void **state)
{
    (void)state;
    begun();
    world.fails = transient("connection lost");
    for (job.tries = 0; job.tries < 20; job.tries++) {
        struct err e = installer_follow_upgrade(&job);
        assert_true(e.kind == ERR_NONE || e.kind == ERR_NOT_YET);
        e = installer_upgrade(&job);
        assert_true(e.kind == ERR_NONE || e.kind == ERR_NOT_YET);
    }
    assert_int_equal((int)move_find(&installer_stage, "upgrading", GOAL_UP)->limit_s, 0);
    assert_int_equal((int)move_find(&installer_stage, "upgrade_runs", GOAL_UP)->limit_s, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wish_is_remembered_with_its_version),
        TEST(it_begins_with_a_run_of_its_own),
        TEST(a_machine_that_is_away_before_it_began_is_not_waited_for_long),
        TEST(one_that_goes_away_in_the_middle_is),
        TEST(our_own_absence_is_none_of_the_machines),
        TEST(an_upgrade_of_before_is_not_taken_for_this_one),
        TEST(what_can_never_work_is_told_at_once),
        TEST(one_that_is_at_work_is_followed),
        TEST(the_new_version_is_said),
        TEST(one_that_was_undone_says_why),
        TEST(an_earlier_runs_end_is_not_ours),
        TEST(one_that_is_cut_off_goes_on_as_the_same_run_but_not_for_ever),
        TEST(a_way_back_that_fails_is_told_and_tried_again),
        TEST(no_failure_ever_makes_the_deployment_one_in_error),
    };

    return cmocka_run_group_tests_name("upgrade", tests, NULL, NULL);
}
