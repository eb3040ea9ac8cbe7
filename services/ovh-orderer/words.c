/* What people read when a step gives up: who must act, or which step it was. A refusal already says so itself. */
#include <stdio.h>
#include <string.h>

#include "moves.h"

/* Too many requests: no try, by the runner's rules. */
enum { CREDENTIAL_TRIES = 3, TOO_MANY_REQUESTS = 429 };

/* An account that is closed to us does not open by itself: a person must know soon. */
static bool closed(struct err e)
{
    return e.kind == ERR_TRANSIENT && (e.code == 401 || e.code == 403);
}

/* How often in a row, and nothing else in between. */
static bool closed_for_good(struct job *job, struct err e)
{
    int64_t before = note_int(job, "closed", 0);

    if (!closed(e)) {
        if (before > 0) {
            note_set(job, "closed", NULL);
        }
        return false;
    }
    note_set_int(job, "closed", before + 1);
    return before + 1 >= CREDENTIAL_TRIES;
}

/* Money is gone, or may be: nobody may stop looking. Where a step knew better, it said where to go on. */
static bool at_stake(const struct job *job)
{
    bool paid = strcmp(job->state, "paid") == 0;
    bool asked = strcmp(job->state, "ordered") == 0 && note_int(job, "pay_sent", 0);

    return (paid || asked) && job->goal == GOAL_UP && !job->go;
}

struct err in_words(struct job *job, struct err e)
{
    const struct move *move = move_find(&server_stage, job->state, job->goal);
    bool broke = e.kind == ERR_TRANSIENT || e.kind == ERR_UNKNOWN;
    bool for_good = closed_for_good(job, e);

    if (e.kind == ERR_PERMANENT && at_stake(job)) {
        return server_lose_sight(job, e);
    }
    if (!broke || e.code == TOO_MANY_REQUESTS || !move || job->goal != GOAL_UP ||
        (!for_good && job->tries + 1 < move->tries)) {
        return e;
    }
    note_set(job, "closed", NULL); /* a retry has its own tries */
    if (at_stake(job)) {
        return server_lose_sight(job, e);
    }
    if (closed(e)) {
        return permanent("%s. Nothing is lost: a retry goes on where it stopped", e.text);
    }
    return permanent("%s did not work: %.110s. A retry goes on from there", move->people, e.text);
}
