/* Restarting: what does not work is told and changes nothing. */
#include "world.h"

static void a_restart_goes_on_to_wait_for_the_service(void **state)
{
    (void)state;
    assert_int_equal(installer_restart(&job).kind, ERR_NONE);
    assert_null(job.go);
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
}

static void a_restart_that_can_never_work_is_told_at_once(void **state)
{
    (void)state;
    lose_secret(SECRET_SSH_KEY);
    assert_int_equal(installer_restart(&job).kind, ERR_NONE);
    assert_string_equal(job.go, "installed");
    assert_int_equal(world.calls, 0);
}

static void an_active_service_is_a_restart_that_worked(void **state)
{
    (void)state;
    world.service_state = "active";
    assert_int_equal(installer_await_restart(&job).kind, ERR_NONE);
    assert_ptr_equal(job.said, &instance_restarted);
    assert_string_equal(((const struct instance_restarted *)job.said_fields)->ip, "192.0.2.7");
    assert_null(job.go);
}

static void a_service_that_starts_is_waited_for_but_not_for_ever(void **state)
{
    (void)state;
    world.service_state = "activating";
    assert_int_equal(installer_await_restart(&job).kind, ERR_NOT_YET);
    job.age_s = 1000;
    assert_int_equal(installer_await_restart(&job).kind, ERR_NONE);
    assert_string_equal(job.go, "installed");
    assert_string_equal(job.message, "The restart did not work: the service is 'activating'");
}

static void a_failed_service_is_told(void **state)
{
    (void)state;
    world.service_state = "failed";
    assert_int_equal(installer_await_restart(&job).kind, ERR_NONE);
    assert_string_equal(job.go, "installed");
    assert_null(job.said);
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
        TEST(an_active_service_is_a_restart_that_worked),
        TEST(a_service_that_starts_is_waited_for_but_not_for_ever),
        TEST(a_failed_service_is_told),
        TEST(no_failure_ever_reaches_the_runners_own_limit),
    };

    return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
