/* Restarting: what does not work is told and changes nothing. */
#include "world.h"

static void a_restart_goes_on_to_wait_for_the_service(void **state)
{
    (void)state;
    heard(&deployment_restart_requested, NULL);
    assert_string_equal(note(&job, "change"), "restart");
    assert_int_equal(installer_restart(&job).kind, ERR_NONE);
    assert_null(job.go);
    assert_null(job.change_over);
}

static void a_lost_connection_is_tried_again(void **state)
{
    (void)state;
    world.fails = transient("connection lost");
    assert_int_equal(installer_restart(&job).kind, ERR_TRANSIENT);
    assert_null(job.go);
}

static void after_its_tries_a_restart_leaves_things_as_they_were(void **state)
{
    (void)state;
    world.fails = transient("connection lost");
    job.tries = 3;
    assert_int_equal(installer_restart(&job).kind, ERR_NONE);
    assert_string_equal(job.go, "installed");
    assert_string_equal(job.message, "The restart did not work: connection lost");
    assert_over("restart", false);
}

static void a_restart_that_can_never_work_is_told_at_once(void **state)
{
    (void)state;
    lose_secret(SECRET_SSH_KEY);
    assert_int_equal(installer_restart(&job).kind, ERR_NONE);
    assert_string_equal(job.go, "installed");
    assert_int_equal(world.calls, 0);
}

static void an_answer_is_a_restart_that_worked(void **state)
{
    (void)state;
    world.service = (struct service_answer){.ready = true, .state = "active"};
    assert_int_equal(installer_await_restart(&job).kind, ERR_NONE);
    assert_ptr_equal(job.said, &instance_restarted);
    assert_string_equal(((const struct instance_restarted *)job.said_fields)->ip, "192.0.2.7");
    assert_null(job.go);
    assert_over("restart", true);
}

static void a_service_that_runs_is_waited_for_until_it_answers_but_not_for_ever(void **state)
{
    (void)state;
    world.service = (struct service_answer){.state = "active"};
    assert_int_equal(installer_await_restart(&job).kind, ERR_NOT_YET);
    assert_true(world.stay_seen);
    assert_true(job.wait_s <= 0.1);
    job.age_s = 60;
    assert_int_equal(installer_await_restart(&job).kind, ERR_NOT_YET);
    assert_null(job.change_over);
    assert_false(world.stay_seen);
    assert_true(job.wait_s > 0.99);
    job.age_s = 1000;
    assert_int_equal(installer_await_restart(&job).kind, ERR_NONE);
    assert_string_equal(job.go, "installed");
    assert_null(job.said);
    assert_string_equal(job.message,
                        "The restart did not work: OpenClaw did not answer within three minutes");
}

static void what_waiting_cannot_mend_is_told_at_once(void **state)
{
    static const struct {
        struct service_answer service;
        const char *says;
    } cases[] = {
        {{.state = "failed", .exit_status = 1},
         "The restart did not work: OpenClaw does not start (exit status 1)"},
        {{.state = "failed", .exit_status = 78},
         "The restart did not work: OpenClaw refuses its configuration; undo what was changed "
         "there "
         "last"                                                             },
        {{.state = "activating", .exit_status = 1, .restarts = 3},
         "The restart did not work: OpenClaw ends again and again right after its start (exit "
         "status 1)"                                                        },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        settled();
        world.service = cases[i].service;
        assert_int_equal(installer_await_restart(&job).kind, ERR_NONE);
        assert_string_equal(job.go, "installed");
        assert_null(job.said);
        assert_string_equal(job.message, cases[i].says);
        assert_over("restart", false);
    }
}

static void no_failure_ever_reaches_the_runners_own_limit(void **state)
{
    (void)state;
    world.fails = transient("connection lost");
    for (job.tries = 0; job.tries < 20; job.tries++) {
        struct err e = installer_await_restart(&job);
        const struct move *move = move_find(&installer_stage, "coming_back", GOAL_UP);
        assert_true(e.kind == ERR_NONE || job.tries + 1 < move->tries);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_restart_goes_on_to_wait_for_the_service),
        TEST(a_lost_connection_is_tried_again),
        TEST(after_its_tries_a_restart_leaves_things_as_they_were),
        TEST(a_restart_that_can_never_work_is_told_at_once),
        TEST(an_answer_is_a_restart_that_worked),
        TEST(a_service_that_runs_is_waited_for_until_it_answers_but_not_for_ever),
        TEST(what_waiting_cannot_mend_is_told_at_once),
        TEST(no_failure_ever_reaches_the_runners_own_limit),
    };

    return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
