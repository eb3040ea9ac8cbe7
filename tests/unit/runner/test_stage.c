/* What is made of a stage's table, and which tables are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "events.h"
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

static void a_table_that_leads_nowhere_is_refused(void **state)
{
    (void)state;
    static const struct move dead_end[] = {
        {"new", GOAL_UP,   unused, "stuck", 30, 1, 1, 0, NULL, NULL, NULL},
        {"new", GOAL_DOWN, NULL,   "gone",  30, 0, 0, 0, NULL, NULL, NULL},
    };
    const struct stage bad = {.piece = "x", .gone = "gone", .moves = dead_end, .n_moves = 2};
    struct err e = stage_check(&bad);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_string_equal(e.text, "x: state 'stuck' has no way down");
    assert_int_equal(stage_check(&stage).kind, ERR_NONE);
}

static void a_rule_that_leads_to_an_unknown_state_is_refused(void **state)
{
    static const struct goal_rule rules[] = {
        {.hears = &server_ready,  .effect = EFFECT_START,   .from = "new mode", .to = "new"},
        {.hears = &server_ready,            .effect = EFFECT_START,                                    .to = "newer"},
        {.hears = &server_ready,.effect = EFFECT_START,.to = "new", .waits = "away"},
        {.hears = &server_ready,  .effect = EFFECT_LEAVE              },
        {.hears = &server_ready,        .effect = EFFECT_STEP,                                .to = "new"},
        {.hears = &server_ready,
         .effect = EFFECT_START,
         .from = "new made",
         .to = "made",
         .waits = "up"},
        {.hears = &server_ready,.effect = EFFECT_START},
    };
    struct stage tried = stage;

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        tried.goals = &rules[i];
        tried.n_goals = 1;
        assert_int_equal(stage_check(&tried).kind, i < 5 ? ERR_PERMANENT : ERR_NONE);
    }
    tried.goals = &rules[0];
    assert_string_equal(stage_check(&tried).text, "llm_key: server.ready knows no state 'mode'");
}

static void leases_and_texts_are_keyed_by_goal_and_state(void **state)
{
    (void)state;
    char *leases = stage_leases(&stage);
    json_auto_t *told = json_loads(leases, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(told, "up new")), 30);
    assert_int_equal(json_object_size(told), 5);
    free(leases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_that_leads_nowhere_is_refused),
        cmocka_unit_test(a_rule_that_leads_to_an_unknown_state_is_refused),
        cmocka_unit_test(leases_and_texts_are_keyed_by_goal_and_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
