/* The four steps, from the statuses a deployment has had. */
#include "world.h"

#include "decisions.h"
#include "steps.h"

static struct step steps[STEPS];

static void assert_states(const char *history, enum step_state order, enum step_state setup,
                          enum step_state install, enum step_state ready)
{
    steps_derive(history, steps);
    assert_int_equal(steps[0].state, order);
    assert_int_equal(steps[1].state, setup);
    assert_int_equal(steps[2].state, install);
    assert_int_equal(steps[3].state, ready);
}

static void a_new_deployment_is_being_ordered(void **state)
{
    (void)state;
    assert_states("PENDING t1", STEP_ACTIVE, STEP_WAITING, STEP_WAITING, STEP_WAITING);
    assert_string_equal(steps[0].started_at, "t1");
    assert_string_equal(steps[0].finished_at, "");
}

static void ordering_goes_on_in_the_step_that_pending_began(void **state)
{
    (void)state;
    assert_states("PENDING t1,ORDERING t2", STEP_ACTIVE, STEP_WAITING, STEP_WAITING, STEP_WAITING);
    assert_string_equal(steps[0].started_at, "t1");
}

static void a_ready_deployment_has_done_all_four(void **state)
{
    (void)state;
    assert_states("PENDING t1,ORDERING t2,PROVISIONING t3,INSTALLING t4,READY t5", STEP_DONE,
                  STEP_DONE, STEP_DONE, STEP_DONE);
    assert_string_equal(steps[0].finished_at, "t3");
    assert_string_equal(steps[1].started_at, "t3");
    assert_string_equal(steps[2].finished_at, "t5");
    assert_string_equal(steps[3].started_at, "t5");
    assert_string_equal(steps[3].finished_at, "t5");
}

static void a_status_that_was_skipped_counts_as_done(void **state)
{
    (void)state;
    assert_states("PENDING t1,INSTALLING t2", STEP_DONE, STEP_DONE, STEP_ACTIVE, STEP_WAITING);
    assert_string_equal(steps[1].started_at, "t2");
    assert_string_equal(steps[1].finished_at, "t2");
}

static void an_error_fails_the_step_that_was_active(void **state)
{
    (void)state;
    assert_states("PENDING t1,PROVISIONING t2,ERROR t3", STEP_DONE, STEP_FAILED, STEP_WAITING,
                  STEP_WAITING);
    assert_string_equal(steps[1].finished_at, "t3");
    assert_states("PENDING t1,ERROR t2", STEP_FAILED, STEP_WAITING, STEP_WAITING, STEP_WAITING);
}

static void an_error_after_ready_fails_the_last_step(void **state)
{
    (void)state;
    assert_states("PENDING t1,INSTALLING t2,READY t3,ERROR t4", STEP_DONE, STEP_DONE, STEP_DONE,
                  STEP_FAILED);
}

static void a_retry_makes_its_step_active_anew_and_later_ones_wait(void **state)
{
    (void)state;
    assert_states("PENDING t1,ORDERING t2,ERROR t3,ORDERING t4", STEP_ACTIVE, STEP_WAITING,
                  STEP_WAITING, STEP_WAITING);
    assert_string_equal(steps[0].started_at, "t4");
    assert_string_equal(steps[0].finished_at, "");
    assert_states("PENDING t1,INSTALLING t2,READY t3,ERROR t4,INSTALLING t5", STEP_DONE, STEP_DONE,
                  STEP_ACTIVE, STEP_WAITING);
    assert_string_equal(steps[3].started_at, "");
}

static void a_reinstall_begins_with_the_server_and_all_before_it_is_done(void **state)
{
    (void)state;
    assert_states("PENDING t1,PROVISIONING t2,INSTALLING t3,READY t4,PROVISIONING t5", STEP_DONE,
                  STEP_ACTIVE, STEP_WAITING, STEP_WAITING);
    assert_string_equal(steps[1].started_at, "t5");
    assert_string_equal(steps[3].finished_at, "");
    assert_states("PENDING t1,READY t4,PROVISIONING t5,INSTALLING t6,READY t7", STEP_DONE,
                  STEP_DONE, STEP_DONE, STEP_DONE);
    assert_string_equal(steps[1].finished_at, "t6");
    assert_string_equal(steps[3].finished_at, "t7");
    assert_states("PENDING t1,INSTALLING t2,ERROR t3,PROVISIONING t4,ERROR t5", STEP_DONE,
                  STEP_FAILED, STEP_WAITING, STEP_WAITING);
}

static void nothing_is_active_while_it_is_destroyed(void **state)
{
    (void)state;
    assert_states("PENDING t1,PROVISIONING t2,DESTROYING t3,DESTROYED t4", STEP_DONE, STEP_WAITING,
                  STEP_WAITING, STEP_WAITING);
    assert_states("PENDING t1,READY t2,DESTROYING t3", STEP_DONE, STEP_DONE, STEP_DONE, STEP_DONE);
}

static void an_empty_or_strange_history_leaves_all_waiting(void **state)
{
    (void)state;
    assert_states("", STEP_WAITING, STEP_WAITING, STEP_WAITING, STEP_WAITING);
    assert_states(",,nonsense,PENDING", STEP_WAITING, STEP_WAITING, STEP_WAITING, STEP_WAITING);
}

static void steps_are_shown_with_nulls_for_what_has_not_happened(void **state)
{
    (void)state;
    steps_derive("PENDING 2026-05-18T14:02:11.123Z", steps);
    json_t *json = steps_json(steps);
    char *text = json_dumps(json_array_get(json, 0), JSON_COMPACT);
    assert_string_equal(text, "{\"key\":\"order\",\"title\":\"Ordering VPS\",\"state\":\"active\","
                              "\"startedAt\":\"2026-05-18T14:02:11.123Z\",\"finishedAt\":null}");
    free(text);
    assert_int_equal(json_array_size(json), 4);
    json_decref(json);
}

static void a_retry_goes_back_to_the_status_of_the_piece_that_gave_up(void **state)
{
    (void)state;
    assert_string_equal(decisions_status_of("llm_key", ""), "PENDING");
    assert_string_equal(decisions_status_of("server", ""), "ORDERING");
    assert_string_equal(decisions_status_of("installation", ""), "INSTALLING");
    assert_string_equal(decisions_status_of("watch", ""), "INSTALLING");
    assert_string_equal(decisions_status_of("", ""), "PENDING");
    assert_string_equal(decisions_status_of("server", "PROVISIONING"), "PROVISIONING");
    assert_string_equal(decisions_status_of("llm_key", "PROVISIONING"), "PROVISIONING");
    assert_string_equal(decisions_status_of("installation", "PROVISIONING"), "PROVISIONING");
    assert_string_equal(decisions_status_of("installation", "INSTALLING"), "INSTALLING");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_deployment_is_being_ordered),
        TEST(ordering_goes_on_in_the_step_that_pending_began),
        TEST(a_ready_deployment_has_done_all_four),
        TEST(a_status_that_was_skipped_counts_as_done),
        TEST(an_error_fails_the_step_that_was_active),
        TEST(an_error_after_ready_fails_the_last_step),
        TEST(a_retry_makes_its_step_active_anew_and_later_ones_wait),
        TEST(a_reinstall_begins_with_the_server_and_all_before_it_is_done),
        TEST(nothing_is_active_while_it_is_destroyed),
        TEST(an_empty_or_strange_history_leaves_all_waiting),
        TEST(steps_are_shown_with_nulls_for_what_has_not_happened),
        TEST(a_retry_goes_back_to_the_status_of_the_piece_that_gave_up),
    };

    return cmocka_run_group_tests_name("steps", tests, NULL, NULL);
}
