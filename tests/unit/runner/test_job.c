/* What an action reads and says through its job. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "runner/move.h"
#include "runner/outcome.h"

static void notes_set_in_this_job_are_read_back(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct job job;
    job_init(&job, arena);
    json_auto_t *notes = json_pack("{s:s, s:i}", "a", "old", "n", 4);
    job.notes = notes;
    assert_string_equal(note(&job, "a"), "old");
    note_set(&job, "a", "new");
    assert_string_equal(note(&job, "a"), "new");
    note_set(&job, "a", NULL);
    assert_null(note(&job, "a"));
    assert_int_equal(note_int(&job, "n", -1), 4);
    assert_int_equal(note_int(&job, "absent", -1), -1);
    note_set(&job, "said", "caf\xe9 \xff");
    assert_string_equal(note(&job, "said"), "caf? ?");
    job_release(&job);
    arena_free(arena);
}

static const struct move moves[] = {
    {"at_it", GOAL_UP,   NULL, "done", 30, 0, 1, 0, NULL, "Doing it", NULL},
    {"at_it", GOAL_DOWN, NULL, "gone", 30, 0, 0, 0, NULL, NULL,       NULL},
    {"done",  GOAL_DOWN, NULL, "gone", 30, 0, 0, 0, NULL, NULL,       NULL},
};
static const struct stage stage = {.piece = "watch", .gone = "gone", .moves = moves, .n_moves = 3};
static const struct outcome_context context = {.stage = &stage, .service = "me", .owner = "me"};

/* What the database is told of a job with this outcome. */
static json_t *told_of(struct job *job, struct err e)
{
    struct outcome outcome;

    job->state = "at_it";
    outcome_of(&context, &moves[0], job, e, &outcome);
    json_t *told = json_loads(outcome.settle, 0, NULL);
    free(outcome.settle);
    assert_non_null(told);
    return told;
}

static void a_change_that_is_over_says_how_it_ended(void **state)
{
    (void)state;
    for (int worked = 0; worked < 2; worked++) {
        struct arena *arena = arena_new();
        struct job job;
        job_init(&job, arena);
        json_auto_t *notes = json_pack("{s:s}", "change", "restart");
        job.notes = notes;
        json_auto_t *before = told_of(&job, OK);
        assert_null(json_object_get(before, "change"));
        job_change_over(&job, "restart", worked);
        json_auto_t *told = told_of(&job, OK);
        const json_t *change = json_object_get(told, "change");
        assert_string_equal(json_string_value(json_object_get(change, "ended")), "restart");
        assert_int_equal(json_is_true(json_object_get(change, "failed")), !worked);
        assert_true(json_is_null(json_object_get(json_object_get(told, "notes"), "change")));
        json_auto_t *later = told_of(&job, NOT_YET);
        assert_null(json_object_get(later, "change"));
        job_release(&job);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_set_in_this_job_are_read_back),
        cmocka_unit_test(a_change_that_is_over_says_how_it_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
