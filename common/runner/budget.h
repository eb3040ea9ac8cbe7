/*
 * What the outside world bears: a stage's calls, rationed for all of its copies together.
 *
 * The claim reserves what a move will probably call (migrations/0006_budget.sql): money first, then what a
 * person waits for, looks that may come later last; what was not used is given back when the move is settled.
 * A lane is one of the provider's credentials with a budget of its own. An action counts its calls in
 * job->spent, signs with the credential of job->lane, and says when the provider refused (job->hushed).
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "db/db.h"
#include "runner/move.h"

enum { BUDGET_LANES_MAX = 16 };

enum budget_rank { RANK_MONEY, RANK_PERSON, RANK_POLL };

struct budget_cost {
    const char *state;
    enum goal goal;
    enum budget_rank rank;
    int calls;   /* that its action usually makes; 0: none, nothing to wait for    */
    bool queues; /* people waiting in it are told how many are ahead of them       */
};

struct budget {
    const struct budget_cost *costs; /* what is not in it costs one call of rank 1 */
    int n_costs;
    const char *line;  /* what people in the queue read, before their place in it  */
    double patience_s; /* a look that is due for longer counts as a person's wait  */
    int lanes;         /* 0: nothing is rationed                                   */
    double pace;       /* calls a minute, of each lane                             */
    double burst;      /* of them at once, after a pause                           */
    double window_s;   /* in which the provider counts: 60                         */
};

/* Every move has its cost, and there is no other. */
struct err budget_check(const struct stage *stage) MUST_CHECK;

/* ---- for the runner */

struct task;

/* The stage's budget; NULL when nothing is rationed. */
const struct budget *budget_of(const struct stage *stage);
char *budget_costs(const struct budget *budget); /* {"up new": [1, 9], …}; free() it */

/* The keeper's side: what is to be given back, by lane. All of it does nothing without a budget. */
struct budget_till {
    const struct budget *budget; /* NULL: nothing is rationed */
    bool opened;
    int64_t tell_at_ms;
    struct {
        double unused, hush_s;
        bool any, refused;
    } lane[BUDGET_LANES_MAX];
};
/* The lanes are there, with the settings of this process. */
struct err budget_open(struct budget_till *till, struct db *db) MUST_CHECK;
void budget_note(struct budget_till *till, const struct task *done);
/* Adds a query to the batch for each lane that is owed something; once that is committed: given_back. */
struct err budget_give_back(const struct budget_till *till, struct db *db, int *ret_n) MUST_CHECK;
void budget_given_back(struct budget_till *till);
/* Tells those who wait their places in the queue, now and then. */
void budget_tell(struct budget_till *till, struct db *db, const char *service);
