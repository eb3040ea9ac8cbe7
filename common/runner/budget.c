/* The budget's table as SQL wants it, and its queries. */
#include "runner/budget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "runner/stage.h"
#include "runner/task.h"

enum { TELL_MS = 1000, TELL_EVERY_S = 3, TELL_MOST = 100, STATES_MAX_BYTES = 400 };

static const char open_sql[] = "select budget_open($1::int, $2, $3, $4)";
static const char return_sql[] = "select budget_return($1::int, $2, $3, $4)";
static const char tell_sql[] = "select tell_queue($1::text[], $2, $3, $4, $5::int)";

const struct budget *budget_of(const struct stage *stage)
{
    return stage->budget && stage->budget->lanes > 0 ? stage->budget : NULL;
}

static bool fits(const struct budget_cost *cost, const struct move *move)
{
    return strcmp(cost->state, move->state) == 0 && cost->goal == move->goal;
}

static struct err check_cost(const struct stage *stage, const struct budget_cost *cost)
{
    for (int i = 0; i < stage->n_moves; i++) {
        if (fits(cost, &stage->moves[i])) {
            bool acts = stage->moves[i].action != NULL;
            return cost->calls >= 0 && (acts || cost->calls == 0)
                       ? OK
                       : permanent("%s: '%s' without an action can not cost calls", stage->piece,
                                   cost->state);
        }
    }
    return permanent("%s: there is no move '%s %s' to cost anything", stage->piece,
                     goal_name(cost->goal), cost->state);
}

struct err budget_check(const struct stage *stage)
{
    const struct budget *b = stage->budget;

    for (int i = 0; i < b->n_costs; i++) {
        TRY(check_cost(stage, &b->costs[i]));
    }
    for (int i = 0; i < stage->n_moves; i++) {
        int found = 0;
        for (int j = 0; j < b->n_costs; j++) {
            found += fits(&b->costs[j], &stage->moves[i]);
        }
        if (found != 1) {
            return permanent("%s: the move '%s %s' needs one cost", stage->piece,
                             goal_name(stage->moves[i].goal), stage->moves[i].state);
        }
    }
    return OK;
}

char *budget_costs(const struct budget *budget)
{
    json_auto_t *all = json_object();
    char key[100];

    for (int i = 0; i < budget->n_costs; i++) {
        const struct budget_cost *c = &budget->costs[i];
        for (int goal = GOAL_UP; goal <= GOAL_DOWN; goal++) {
            if (c->goal == GOAL_ANY || (int)c->goal == goal) {
                (void)snprintf(key, sizeof key, "%s %s", goal_name((enum goal)goal), c->state);
                (void)json_object_set_new(all, key, json_pack("[i, i]", (int)c->rank, c->calls));
            }
        }
    }
    char *text = json_dumps(all, JSON_COMPACT);
    if (!text) {
        abort();
    }
    return text;
}

struct err budget_open(struct budget_till *till, struct db *db)
{
    const struct budget *b = till->budget;

    if (b && !till->opened) {
        TRY(db_exec(db, NULL, open_sql, P(b->lanes), P(b->pace), P(b->burst), P(b->window_s)));
        till->opened = true;
    }
    return OK;
}

void budget_note(struct budget_till *till, const struct task *done)
{
    if (!till->budget || done->lane < 0 || done->lane >= BUDGET_LANES_MAX) {
        return;
    }
    till->lane[done->lane].unused += done->reserved - done->spent;
    till->lane[done->lane].any |= done->reserved != done->spent || done->hushed;
    till->lane[done->lane].refused |= done->hushed;
    if (done->hush_s > till->lane[done->lane].hush_s) {
        till->lane[done->lane].hush_s = done->hush_s;
    }
}

struct err budget_give_back(const struct budget_till *till, struct db *db, int *ret_n)
{
    *ret_n = 0;
    for (int i = 0; i < BUDGET_LANES_MAX; i++) {
        if (till->lane[i].any) {
            struct param params[] = {P(i), P(till->lane[i].unused), P(till->lane[i].refused),
                                     P(till->lane[i].hush_s)};
            TRY(db_batch_add(db, "budget", return_sql, params, 4));
            (*ret_n)++;
        }
    }
    return OK;
}

void budget_given_back(struct budget_till *till)
{
    memset(till->lane, 0, sizeof till->lane);
}

/* The states whose people wait in the queue, as an array of SQL. */
static void queue_states(const struct budget *b, char *ret, size_t size)
{
    size_t len = (size_t)snprintf(ret, size, "{");

    for (int i = 0; i < b->n_costs; i++) {
        const struct budget_cost *c = &b->costs[i];
        if (c->queues && len + strlen(c->state) + 3 < size) {
            len += (size_t)snprintf(ret + len, size - len, "%s%s", len > 1 ? "," : "", c->state);
        }
    }
    (void)snprintf(ret + len, size - len, "}");
}

void budget_tell(struct budget_till *till, struct db *db, const char *service)
{
    char states[STATES_MAX_BYTES];

    if (!till->budget || clock_ms() < till->tell_at_ms) {
        return;
    }
    till->tell_at_ms = clock_ms() + TELL_MS;
    queue_states(till->budget, states, sizeof states);
    struct err e = db_exec(db, NULL, tell_sql, P((const char *)states), P(till->budget->line),
                           P(service), P((double)TELL_EVERY_S), P(TELL_MOST));
    if (failed(e)) { /* later, then */
        log_warn("could not tell people their places in the queue",
                 KV("why", (const char *)e.text));
    }
}
