/* What the database is told after each kind of outcome. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "runner/outcome.h"
#include "runner/stage.h"

static struct err unused(struct job *job)
{
    (void)job;
    return OK;
}

static const struct move moves[] = {
    {"new",  GOAL_UP,   unused, "made", 30, 2, 3, 60, "PENDING",  "Making it",    NULL       },
    {"made", GOAL_UP,   unused, "up",   30, 5, 5, 0,  "ORDERING", "Starting it",  &key_issued},
    {"new",  GOAL_DOWN, NULL,   "gone", 30, 0, 0, 0,  NULL,       NULL,           NULL       },
    {"made", GOAL_DOWN, unused, "gone", 30, 5, 3, 0,  NULL,       "Releasing it", NULL       },
    {"up",   GOAL_DOWN, unused, "gone", 30, 5, 3, 0,  NULL,       "Releasing it", NULL       },
};
static const struct stage stage = {
    .piece = "llm_key", .gone = "gone", .moves = moves, .n_moves = 5};
static const struct outcome_context context = {
    .stage = &stage, .service = "key-provisioner", .owner = "me", .dice = 0.5};

static struct arena *arena;
static struct job job;
static struct outcome outcome;
static json_t *told;

static int begin(void **state)
{
    (void)state;
    arena = arena_new();
    job_init(&job, arena);
    job.id = "018f0000-0000-7000-8000-000000000001";
    return 0;
}

static int end(void **state)
{
    (void)state;
    json_decref(told);
    told = NULL;
    free(outcome.settle);
    outcome = (struct outcome){0};
    job_release(&job);
    arena_free(arena);
    return 0;
}

static void settle(const struct move *move, struct err e)
{
    job.state = move->state;
    outcome_of(&context, move, &job, e, &outcome);
    told = json_loads(outcome.settle, 0, NULL);
    assert_non_null(told);
}

static void settle_again(const struct move *move, struct err e)
{
    json_decref(told);
    free(outcome.settle);
    settle(move, e);
}

static const char *text(const char *name)
{
    return json_string_value(json_object_get(told, name));
}

static void done_moves_on_and_reads_as_what_comes_next(void **state)
{
    (void)state;
    settle(&moves[0], OK);
    assert_string_equal(text("state"), "made");
    assert_string_equal(text("status"), "ORDERING");
    assert_string_equal(text("message"), "Starting it");
    assert_true(outcome.delay_s == 0);
    assert_false(outcome.says);
}

static void arriving_where_no_move_waits_rests_and_says_its_event(void **state)
{
    (void)state;
    struct key_issued said = {.name = "openclaw-1", .limit_micro = 10000000};
    job_say(&job, &key_issued, &said);
    job.generation = 7;
    settle(&moves[1], OK);
    json_t *event = json_object_get(told, "event");
    json_t *fields = json_object_get(event, "fields");
    assert_string_equal(json_string_value(json_object_get(event, "type")), "key.issued");
    assert_string_equal(json_string_value(json_object_get(event, "topic")), "keys");
    assert_string_equal(json_string_value(json_object_get(fields, "deploymentId")), job.id);
    assert_int_equal(json_integer_value(json_object_get(fields, "generation")), 7);
    assert_null(json_object_get(told, "delay"));
    assert_true(outcome.says);
}

static void another_state_than_the_tables_says_nothing(void **state)
{
    (void)state;
    job_go(&job, "new");
    settle(&moves[1], OK);
    assert_string_equal(text("state"), "new");
    assert_null(json_object_get(told, "event"));
}

static void not_yet_looks_again_and_keeps_notes_and_lines(void **state)
{
    (void)state;
    note_set(&job, "cart", "c-1");
    job_log(&job, "still %s", "waiting");
    settle(&moves[0], NOT_YET);
    assert_string_equal(text("state"), "new");
    assert_true(outcome.delay_s == 2);
    assert_string_equal(json_string_value(json_object_get(json_object_get(told, "notes"), "cart")),
                        "c-1");
    assert_string_equal(json_string_value(json_array_get(json_object_get(told, "lines"), 0)),
                        "still waiting");
    assert_null(json_object_get(told, "status"));
}

static void waiting_past_the_limit_gives_up_with_what_is_awaited(void **state)
{
    (void)state;
    job.age_s = 61;
    job_message(&job, "Still making it");
    settle(&moves[0], not_yet("OVH is late"));
    assert_string_equal(text("status"), "ERROR");
    assert_non_null(strstr(text("message"), "Making it: took longer than 1 minutes: OVH is late"));
    assert_true(json_is_true(json_object_get(told, "failed")));
}

static void a_passing_failure_is_tried_again_after_a_pause_that_grows(void **state)
{
    (void)state;
    struct outcome_context c = context;
    job.state = "new";
    c.backoff_s = 4;
    outcome_of(&c, &moves[0], &job, transient("reset"), &outcome);
    told = json_loads(outcome.settle, 0, NULL);
    assert_true(outcome.delay_s > 0.5 && outcome.delay_s < 12);
    assert_int_equal(json_integer_value(json_object_get(told, "tries")), 1);
    assert_true(json_is_false(json_object_get(told, "failed")));
    const char *line = json_string_value(json_array_get(json_object_get(told, "lines"), 0));
    assert_non_null(strstr(line, "reset; trying again in "));
    assert_non_null(strstr(line, "(1 of 3)"));
}

static void people_hear_of_a_second_failure_and_of_its_end(void **state)
{
    (void)state;
    settle(&moves[0], transient("reset"));
    assert_null(text("message"));
    job.tries = 1;
    settle_again(&moves[0], transient("reset"));
    assert_string_equal(text("message"), "Making it (the last try failed; trying again)");
    job.tries = 2;
    settle_again(&moves[0], NOT_YET);
    assert_string_equal(text("message"), "Making it");
}

static void trouble_is_an_error_for_people_while_the_row_goes_on(void **state)
{
    (void)state;
    job_trouble(&job, "OVH is late; order %d is kept", 7);
    settle(&moves[0], NOT_YET);
    assert_string_equal(text("status"), "ERROR");
    assert_string_equal(text("message"), "OVH is late; order 7 is kept");
    assert_string_equal(json_string_value(json_object_get(json_object_get(told, "event"), "type")),
                        "deployment.failed");
    assert_true(json_is_false(json_object_get(told, "failed")));
    assert_true(outcome.delay_s == 2);
    assert_false(outcome.gave_up);
}

static void trouble_is_nobodys_on_the_way_down(void **state)
{
    (void)state;
    job.goal = GOAL_DOWN;
    job_trouble(&job, "late");
    settle(&moves[3], NOT_YET);
    assert_null(json_object_get(told, "status"));
    assert_null(json_object_get(told, "event"));
}

static void retry_after_is_respected(void **state)
{
    (void)state;
    struct err e = transient("too many requests");
    e.retry_after_s = 40;
    settle(&moves[0], e);
    assert_true(outcome.delay_s == 40);
}

static void too_many_requests_count_no_try_however_often(void **state)
{
    static const struct {
        enum goal goal;
        enum err_kind kind;
    } cases[] = {
        {GOAL_UP,   ERR_TRANSIENT},
        {GOAL_UP,   ERR_UNKNOWN  },
        {GOAL_DOWN, ERR_TRANSIENT}
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)end(state);
        (void)begin(state);
        struct err e = transient("too many requests");
        e.kind = cases[i].kind;
        e.code = 429;
        job.goal = cases[i].goal;
        job.tries = 2; /* the next would be the last */
        settle(&moves[0], e);
        assert_int_equal(json_integer_value(json_object_get(told, "tries")), 2);
        assert_true(json_is_false(json_object_get(told, "failed")));
        assert_null(text("status"));
        assert_true(outcome.delay_s >= 0.5 && outcome.delay_s < 31);
        assert_false(outcome.gave_up);
        assert_string_equal(text("state"), "new");
    }
}

static void the_last_try_gives_up_and_says_so(void **state)
{
    (void)state;
    job.tries = 2;
    settle(&moves[0], unknown("no answer"));
    assert_true(outcome.gave_up);
    assert_string_equal(text("state"), "new");
    assert_string_equal(text("message"), "no answer");
    assert_string_equal(json_string_value(json_object_get(json_object_get(told, "event"), "type")),
                        "deployment.failed");
    assert_null(json_object_get(told, "delay"));
}

static void going_down_never_gives_up(void **state)
{
    (void)state;
    job.goal = GOAL_DOWN;
    job.tries = 50;
    settle(&moves[3], permanent("refused"));
    assert_true(outcome.delay_s > 0);
    assert_true(json_is_false(json_object_get(told, "failed")));
    assert_null(json_object_get(told, "event"));
    assert_null(json_object_get(told, "status"));
}

static void nothing_left_is_told_as_released(void **state)
{
    (void)state;
    job.goal = GOAL_DOWN;
    settle(&moves[2], OK);
    assert_true(json_is_true(json_object_get(told, "released")));
    assert_null(json_object_get(told, "delay"));
}

static void text_that_is_not_utf8_is_kept_as_well_as_it_can_be(void **state)
{
    (void)state;
    struct err e = permanent("no");
    memcpy(e.text, "caf\xc3", 5);
    settle(&moves[0], e);
    assert_string_equal(text("message"), "caf?");
    json_t *fields = json_object_get(json_object_get(told, "event"), "fields");
    assert_string_equal(json_string_value(json_object_get(fields, "reason")), "caf?");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(done_moves_on_and_reads_as_what_comes_next),
        TEST(arriving_where_no_move_waits_rests_and_says_its_event),
        TEST(another_state_than_the_tables_says_nothing),
        TEST(not_yet_looks_again_and_keeps_notes_and_lines),
        TEST(waiting_past_the_limit_gives_up_with_what_is_awaited),
        TEST(a_passing_failure_is_tried_again_after_a_pause_that_grows),
        TEST(people_hear_of_a_second_failure_and_of_its_end),
        TEST(trouble_is_an_error_for_people_while_the_row_goes_on),
        TEST(trouble_is_nobodys_on_the_way_down),
        TEST(retry_after_is_respected),
        TEST(too_many_requests_count_no_try_however_often),
        TEST(the_last_try_gives_up_and_says_so),
        TEST(going_down_never_gives_up),
        TEST(nothing_left_is_told_as_released),
        TEST(text_that_is_not_utf8_is_kept_as_well_as_it_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
