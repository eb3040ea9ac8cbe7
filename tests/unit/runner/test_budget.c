/* A budget's table: checked against the moves, and as SQL wants it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "runner/budget.h"
#include "runner/task.h"

static struct err unused(struct job *job)
{
    (void)job;
    return OK;
}

static const struct move moves[] = {
    {"new",  GOAL_UP,   unused, "made", 30, 2, 3, 0, NULL, NULL, NULL},
    {"made", GOAL_UP,   NULL,   "up",   30, 5, 5, 0, NULL, NULL, NULL},
    {"new",  GOAL_DOWN, unused, "gone", 30, 0, 0, 0, NULL, NULL, NULL},
};

static struct err check(const struct budget_cost *costs, int n)
{
    const struct budget budget = {.costs = costs, .n_costs = n};
    const struct stage stage = {.piece = "server", .moves = moves, .n_moves = 3, .budget = &budget};

    return budget_check(&stage);
}

static void every_move_has_one_cost_and_there_is_no_other(void **state)
{
    static const struct budget_cost costs[] = {
        {"new",  GOAL_UP,   RANK_PERSON, 9, true },
        {"made", GOAL_UP,   RANK_MONEY,  0, false},
        {"new",  GOAL_DOWN, RANK_MONEY,  1, false},
        {"old",  GOAL_UP,   RANK_POLL,   1, false}
    };
    struct budget_cost wrong[3];

    (void)state;
    assert_false(failed(check(costs, 3)));
    assert_non_null(strstr(check(costs, 2).text, "the move 'down new' needs one cost"));
    assert_non_null(strstr(check(costs, 4).text, "there is no move 'up old'"));
    memcpy(wrong, costs, sizeof wrong);
    wrong[1].calls = 2;
    assert_non_null(strstr(check(wrong, 3).text, "'made' without an action"));
    wrong[1] = costs[0];
    assert_true(failed(check(wrong, 3)));
}

static void costs_are_keyed_by_goal_and_state(void **state)
{
    static const struct budget_cost costs[] = {
        {"new",  GOAL_UP,  RANK_PERSON, 9, true },
        {"paid", GOAL_ANY, RANK_POLL,   2, false}
    };
    const struct budget budget = {.costs = costs, .n_costs = 2};

    (void)state;
    char *text = budget_costs(&budget);
    assert_string_equal(text, "{\"up new\":[1,9],\"up paid\":[2,2],\"down paid\":[2,2]}");
    free(text);
}

static void without_lanes_nothing_is_rationed(void **state)
{
    struct budget budget = {.lanes = 0};
    const struct stage bare = {.piece = "watch"}, stage = {.piece = "server", .budget = &budget};

    (void)state;
    assert_null(budget_of(&bare));
    assert_null(budget_of(&stage));
    budget.lanes = 1;
    assert_ptr_equal(budget_of(&stage), &budget);
}

static void what_was_not_used_is_owed_to_its_lane(void **state)
{
    const struct budget budget = {.lanes = 2};
    struct budget_till till = {.budget = &budget};
    const struct task done[] = {
        {.lane = 1,    .reserved = 9, .spent = 4},
        {.lane = 1,    .reserved = 1, .spent = 3, .hushed = true, .hush_s = 7},
        {.lane = 0, .reserved = 2,              .spent = 2               }
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        budget_note(&till, &done[i]);
    }
    assert_false(till.lane[0].any);
    assert_true(till.lane[1].any && till.lane[1].refused);
    assert_true(till.lane[1].unused > 2.9 && till.lane[1].unused < 3.1);
    assert_true(till.lane[1].hush_s > 6.9);
    budget_given_back(&till);
    assert_false(till.lane[1].any);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_move_has_one_cost_and_there_is_no_other),
        cmocka_unit_test(costs_are_keyed_by_goal_and_state),
        cmocka_unit_test(without_lanes_nothing_is_rationed),
        cmocka_unit_test(what_was_not_used_is_owed_to_its_lane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
