/* What people read when a step gives up: who must act, or which step it was. A refusal already says so itself. */
#include <stdio.h>
#include <string.h>

#include "moves.h"

enum { CREDENTIAL_TRIES = 3, TOO_MANY_REQUESTS = 429 /* no try, by the runner's rules */ };

/* An account that is closed to us does not open by itself: a person must know soon. */
static bool closed(struct err e)
{
    return e.kind == ERR_TRANSIENT && (e.code == 401 || e.code == 403);
}

struct err in_words(struct job *job, struct err e)
{
    const struct move *move = move_find(&server_stage, job->state, job->goal);
    bool broke = e.kind == ERR_TRANSIENT || e.kind == ERR_UNKNOWN;

    if (!broke || e.code == TOO_MANY_REQUESTS || !move || job->goal != GOAL_UP) {
        return e;
    }
    if (job->tries + 1 < move->tries && !(closed(e) && job->tries + 1 >= CREDENTIAL_TRIES)) {
        return e;
    }
    if (strcmp(job->state, "paid") == 0) { /* what is paid is never left alone */
        return server_lose_sight(job, e);
    }
    if (closed(e)) {
        return permanent("%s. Nothing is lost: a retry goes on where it stopped", e.text);
    }
    return permanent("%s did not work: %.110s. A retry goes on from there", move->people, e.text);
}
