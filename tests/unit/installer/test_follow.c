/* Following a setup: every line once, secrets never, the end believed only when it is ours. */
#include "world.h"

static void answers(enum setup_status status, int64_t offset, const char *log)
{
    world.answer = (struct setup_answer){.status = status,
                                         .step = "",
                                         .reason = "",
                                         .run_id = TEST_ID "-1",
                                         .offset = offset,
                                         .log = log,
                                         .log_len = strlen(log)};
}

static void fails_with(const char *step, const char *reason)
{
    answers(SETUP_FAILED, note_int(&job, "offset", 0), "");
    world.answer.step = step;
    world.answer.reason = reason;
}

static const char *line(size_t i)
{
    return json_string_value(json_array_get(job.lines, i));
}

static void new_log_lines_reach_the_user_and_the_offset_moves(void **state)
{
    (void)state;
    answers(SETUP_RUNNING, 40, "== node: Installing Node.js\nadded\n");
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NOT_YET);
    assert_int_equal(json_array_size(job.lines), 2);
    assert_string_equal(line(0), "== node: Installing Node.js");
    assert_string_equal(job.message, "Installing Node.js");
    settled();
    answers(SETUP_RUNNING, 40, "");
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NOT_YET);
    assert_int_equal(world.offset_seen, 40);
    assert_int_equal(json_array_size(job.lines), 0);
    assert_null(job.message);
}

static void a_young_setup_is_stayed_with_and_an_old_one_looked_at_now_and_then(void **state)
{
    (void)state;
    answers(SETUP_RUNNING, 0, "");
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NOT_YET);
    assert_true(world.stay_seen);
    assert_true(job.wait_s >= 0 && job.wait_s < 0.1);
    job.age_s = 60;
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NOT_YET);
    assert_false(world.stay_seen);
    assert_true(job.wait_s > 0.99 && job.wait_s < 1.01);
}

static void secrets_in_the_log_are_taken_out(void **state)
{
    (void)state;
    have_secret(SECRET_GATEWAY_TOKEN, TEST_TOKEN);
    answers(SETUP_RUNNING, 90,
            "key " TEST_KEY "\n== auth: token " TEST_TOKEN "\nold sk-or-v1-zzz\n");
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NOT_YET);
    assert_string_equal(line(0), "key ***");
    assert_string_equal(line(1), "== auth: token ***");
    assert_string_equal(line(2), "old ***");
    assert_string_equal(job.message, "token ***");
}

static void half_a_line_is_left_for_the_next_look(void **state)
{
    (void)state;
    (void)json_object_set_new(notes, "offset", json_integer(100));
    answers(SETUP_RUNNING, 112, "whole\nhalf a");
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NOT_YET);
    assert_int_equal(json_array_size(job.lines), 1);
    assert_int_equal(note_int(&job, "offset", 0), 106);
}

static void a_flood_of_lines_is_taken_in_portions_without_loss(void **state)
{
    static char flood[2001];
    size_t all = 0;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        memcpy(flood + 2 * i, "x\n", 3);
    }
    for (int look = 0; look < 5; look++) {
        int64_t at = note_int(&job, "offset", 0);
        answers(SETUP_DONE, 2000, flood + at);
        struct err e = installer_follow_setup(&job);
        all += json_array_size(job.lines);
        assert_int_equal(e.kind, look < 4 ? ERR_NOT_YET : ERR_NONE);
        assert_true(look == 4 || (job.wait_s >= 0 && job.wait_s < 0.01));
        settled();
    }
    assert_int_equal(all, 1000);
    assert_int_equal(note_int(&job, "offset", 0), 2000);
}

static void a_log_that_began_anew_is_read_from_its_start(void **state)
{
    (void)state;
    (void)json_object_set_new(notes, "offset", json_integer(500));
    answers(SETUP_RUNNING, 20, "");
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NOT_YET);
    assert_int_equal(note_int(&job, "offset", -1), 0);
}

static void a_lost_connection_loses_nothing(void **state)
{
    (void)state;
    world.fails = transient("connection lost");
    assert_int_equal(installer_follow_setup(&job).kind, ERR_TRANSIENT);
    assert_int_equal(json_object_size(job.patch), 0);
    assert_null(job.go);
}

static void a_setup_that_is_done_goes_on_to_its_result(void **state)
{
    (void)state;
    answers(SETUP_DONE, 5, "done\n");
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NONE);
    assert_null(job.go);
    assert_int_equal(json_array_size(job.lines), 1);
}

static void a_failed_setup_says_why_in_words_and_starts_again_on_retry(void **state)
{
    (void)state;
    (void)json_object_set_new(notes, "run_id", json_string(TEST_ID "-1"));
    answers(SETUP_RUNNING, 28, "== node: Installing Node.js\n");
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NOT_YET);
    settled();
    fails_with("node", "no network (used sk-or-v1-abc)");
    struct err e = installer_follow_setup(&job);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_string_equal(e.text, "Installing Node.js failed: no network (used ***)");
    assert_string_equal(job.go, "reached");
    assert_int_equal(note_int(&job, "run", 1), 2);
}

static void an_interrupted_setup_goes_on_with_the_same_run_but_not_for_ever(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        fails_with("node", "interrupted");
        assert_int_equal(installer_follow_setup(&job).kind, ERR_NONE);
        assert_string_equal(job.go, "reached");
        assert_int_equal(note_int(&job, "run", 1), 1);
        settled();
    }
    fails_with("node", "interrupted");
    assert_int_equal(installer_follow_setup(&job).kind, ERR_PERMANENT);
    assert_int_equal(note_int(&job, "run", 1), 2);
    assert_int_equal(note_int(&job, "interruptions", 0), 0);
}

static void a_failed_step_without_a_sentence_is_named(void **state)
{
    (void)state;
    fails_with("caddy", "");
    assert_string_equal(installer_follow_setup(&job).text,
                        "Setup step 'caddy' failed: no reason given");
}

static void the_last_words_of_a_failed_setup_are_kept(void **state)
{
    (void)state;
    fails_with("node", "disk full");
    world.answer.log = "== node: Installing Node.js\nno space left on device";
    world.answer.log_len = strlen(world.answer.log);
    world.answer.offset = 51;
    struct err e = installer_follow_setup(&job);
    assert_string_equal(e.text, "Installing Node.js failed: disk full");
    assert_int_equal(json_array_size(job.lines), 2);
    assert_int_equal(note_int(&job, "offset", 0), 51);
    assert_null(job.message);
}

static void an_earlier_runs_failure_is_not_ours(void **state)
{
    (void)state;
    (void)json_object_set_new(notes, "run_id", json_string(TEST_ID "-2"));
    fails_with("node", "old trouble");
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NOT_YET);
    job.age_s = 30;
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NONE);
    assert_string_equal(job.go, "reached");
}

static void a_machine_that_knows_of_no_setup_is_told_again(void **state)
{
    (void)state;
    answers(SETUP_NONE, 0, "");
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NOT_YET);
    job.age_s = 30;
    assert_int_equal(installer_follow_setup(&job).kind, ERR_NONE);
    assert_string_equal(job.go, "reached");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(new_log_lines_reach_the_user_and_the_offset_moves),
        TEST(a_young_setup_is_stayed_with_and_an_old_one_looked_at_now_and_then),
        TEST(secrets_in_the_log_are_taken_out),
        TEST(half_a_line_is_left_for_the_next_look),
        TEST(a_flood_of_lines_is_taken_in_portions_without_loss),
        TEST(a_log_that_began_anew_is_read_from_its_start),
        TEST(a_lost_connection_loses_nothing),
        TEST(a_setup_that_is_done_goes_on_to_its_result),
        TEST(a_failed_setup_says_why_in_words_and_starts_again_on_retry),
        TEST(an_interrupted_setup_goes_on_with_the_same_run_but_not_for_ever),
        TEST(a_failed_step_without_a_sentence_is_named),
        TEST(the_last_words_of_a_failed_setup_are_kept),
        TEST(an_earlier_runs_failure_is_not_ours),
        TEST(a_machine_that_knows_of_no_setup_is_told_again),
    };

    return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
