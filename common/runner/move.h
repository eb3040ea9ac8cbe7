/*
 * The table of moves: how a resource gets from its state to its goal, one small idempotent step at a time.
 *
 * A row says: in `state`, with `goal`, run `action`; when it works, the resource is in state `then`. The
 * runner claims due rows, calls the action with a `struct job`, and settles what came of it in one
 * transaction: new state, next due time, the deployment's status and text, log lines, secrets, the event.
 *
 * Outcomes of an action:
 *   OK             -> state `then` (or job_go()), tries = 0, due at once if that state has a move
 *   NOT_YET        -> same state, looked at again in `poll_s` (or job_wait()); notes and log lines are kept
 *   ERR_TRANSIENT,
 *   ERR_UNKNOWN    -> same state again after a decorrelated-jitter pause (or Retry-After), up to `tries`
 *                     times in a row, then as permanent
 *   ERR_PERMANENT  -> goal up: the deployment is ERROR with the error's text, the row rests until a retry;
 *                     goal down: never given up; again every few minutes, logged as error
 * A resting row whose work is done says its last event again when the user retries: the next stage may have
 * missed it.
 * A 429 is nobody's failure: it counts no try, and the row waits for Retry-After or a pause.
 * Past `limit_s` in one state with goal up, NOT_YET counts as permanent ("<people>: took too long").
 *
 * An action may run twice at any time (crash, lost lease): its comment says why that is safe. It talks to
 * the world and never to the database, never logs, never sleeps longer than its lease. A change whose deadline lies beyond
 * the lease is not begun: job_may_take() is asked before.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "event.h"
#include "http/http.h"
#include "seal/seal.h"

enum goal { GOAL_UP, GOAL_DOWN, GOAL_ANY };

struct job;

struct move {
    const char *state;
    enum goal goal;
    struct err (*action)(struct job *job); /* NULL: nothing to do, it just moves on */
    const char *then;
    int lease_s;              /* longer than the action's own deadlines                       */
    double poll_s;            /* pause after NOT_YET                                          */
    int tries;                /* failures in a row before it gives up                         */
    double limit_s;           /* longest stay in this state with goal up; 0 = no limit        */
    const char *status;       /* the deployment's status meanwhile; NULL: leave it            */
    const char *people;       /* what people read meanwhile; NULL: leave it                   */
    const struct event *says; /* said on arriving at `then`; the action must job_say() it     */
};

/* What an event heard does to the row of its deployment. */
enum effect {
    EFFECT_START, /* no row yet: insert one in state "new"; a known one begins again when the event comes
                     of a decision to install anew that it has not begun for; else nothing   */
    EFFECT_LEAVE, /* a decision to install anew: to state `to` at once, whatever it is at; once for each
                     decision; makes a row there when there is none                          */
    EFFECT_RETRY, /* clear the failure, due now; what is done stays done                      */
    EFFECT_STEP,  /* if in state `from` with goal up: state `to`, due now                     */
    EFFECT_NUDGE, /* due now, if it waits                                                     */
    EFFECT_DOWN,  /* goal = down, due now; makes a row when there is none                     */
};

struct goal_rule {
    const struct event *hears;
    enum effect effect;
    /*
     * EFFECT_STEP: from this state to that. EFFECT_START: where it begins again, in which states (separated by blanks;
     * NULL: any; in others it goes on as after a retry). EFFECT_LEAVE: where it goes.
     */
    const char *from, *to;
    const char *
        waits; /* EFFECT_START: the state of one that left for that decision, and waits for this event */
    const char *
        forgets; /* EFFECT_START: notes of what is over when it begins again, separated by blanks       */
    bool starts; /* EFFECT_RETRY: also makes the row when there is none: its event was lost */
    /*
     * EFFECT_START, EFFECT_LEAVE, EFFECT_STEP: what the row must remember of the event, as notes; may be NULL. Decoded event in. The
     * note "anew" is the decision to install anew (its generation) that the event comes of: without it nothing leaves
     * and nothing begins again.
     */
    void (*remember)(const void *event, json_t *notes);
};

/* For `remember`: notes the decision to install anew; 0: the event comes of none. */
void remember_anew(json_t *notes, int64_t anew);

struct budget;

/* One worker service's stage. */
struct stage {
    const char *
        piece; /* "llm_key", "server", "installation", "watch": its name in deployments.owed, and its schema */
    const char *gone; /* the state in which nothing of it is left ("gone", "revoked", "released") */
    const struct move *moves;
    int n_moves;
    const struct goal_rule *goals;
    int n_goals;
    bool uses_secrets; /* claim also loads the deployment's sealed secrets */
    bool uses_change;  /* claim also tells its change under way; not for one with a budget */
    void *world;       /* handed to actions as job->world */
    const struct budget
        *budget; /* what its calls cost (runner/budget.h); NULL: nothing is rationed */
};

/* What an action gets, and what it says back. */
struct job {
    /* in */
    const char *id; /* the deployment's, and the resource's */
    const char *state;
    enum goal goal;
    int generation; /* the user's decision this run belongs to */
    int tries;      /* failures in a row so far */
    double age_s;   /* time in this state */
    double lag_s;   /* how late it comes: long when a budget is short */
    bool again; /* an earlier run of this very move was cut off: its effects may have happened */
    const json_t *notes; /* what earlier moves remembered; read with note() */
    const char *sealed;  /* JSON object of sealed secrets, for job_secret() */
    const char *change;  /* the deployment's, under way: "restart", "upgrade"; NULL: none */
    double change_age_s; /* since it was asked for */
    struct arena *arena; /* reset after the job */
    struct http *http;   /* this worker thread's */
    const struct seal *seal;
    void *world;
    int lane; /* with a budget: which of the provider's credentials pays */
    bool
        given_up; /* the deployment is in ERROR: nothing is bought before the user has decided again */
    int64_t
        lease_ends_ms; /* by clock_ms(): from then on another worker may have the row; 0: never */

    /* out: calls made, and whether the provider refused one for there being too many (seconds it asked for) */
    int spent;
    bool hushed;
    double hush_s;
    /* out; through the functions below */
    json_t *patch;         /* notes to set; null removes */
    json_t *lines;         /* user's log: array of texts */
    json_t *keep, *forget; /* secrets: {name: sealed}, [name] */
    const char *go;        /* other state than the table's */
    double wait_s;         /* < 0: the table's pause */
    const char *message;
    const char *trouble;
    const char *ip_address, *version;
    const char *change_over; /* the change that has ended */
    bool change_worked;
    const struct event *said;
    const void *said_fields;
};

/* Is there so much left of the lease? */
bool job_may_take(const struct job *job, int64_t ms);

/* Notes: text and numbers that this resource's moves remember. note() is NULL when absent. */
const char *note(const struct job *job, const char *name);
int64_t note_int(const struct job *job, const char *name, int64_t otherwise);
void note_set(struct job *job, const char *name, const char *text); /* NULL forgets */
void note_set_int(struct job *job, const char *name, int64_t number);
/* note() sees what note_set() has just set. */

void job_go(struct job *job,
            const char *state); /* with OK: this state instead of `then`; nothing is said then */
void job_wait(struct job *job,
              double seconds); /* with NOT_YET: this pause instead of poll_s       */
void job_message(struct job *job, const char *format, ...)
    PRINTF(2, 3); /* instead of the next state's `people` */
/* With OK (no event due) or NOT_YET and goal up: the deployment is in ERROR with that text, and the row goes on all
 * the same. Saying it again changes nothing. */
void job_trouble(struct job *job, const char *format, ...) PRINTF(2, 3);
void job_log(struct job *job, const char *format, ...)
    PRINTF(2, 3); /* a line for the user; at most 200 a job */
void job_say(struct job *job, const struct event *event,
             const void *fields);                       /* fields in the arena; the
                                    common ones (deployment_id, generation, seq) are filled in by the runner */
void job_address(struct job *job, const char *ip);      /* deployments.ip_address */
void job_version(struct job *job, const char *version); /* deployments.version */
/*
 * With OK: the deployment's change (its kind: "restart", "upgrade") has ended, and how. The note "change", which the step of
 * the event that asked for it has set, goes with it. What became of one that failed is the message, by job_message().
 */
void job_change_over(struct job *job, const char *kind, bool worked);

/* Secrets of the deployment, sealed in the table `secrets`. */
struct err job_secret(struct job *job, const char *name, const char **ret,
                      size_t *ret_len) MUST_CHECK; /* ERR_PERMANENT when absent */
bool job_has_secret(const struct job *job, const char *name);
struct err job_keep_secret(struct job *job, const char *name, const char *plain,
                           size_t len) MUST_CHECK;
void job_forget_secret(struct job *job, const char *name);

#define SECRET_OPENROUTER_KEY "openrouter_key"
#define SECRET_SSH_KEY "ssh_private_key"
#define SECRET_GATEWAY_TOKEN "gateway_token"
#define SECRET_CERTIFICATES "certificates" /* of a machine that is being installed anew */

/* For tests and runner: an empty job on this arena; release drops the json parts. */
void job_init(struct job *job, struct arena *arena);
void job_release(struct job *job);

/* The row of the table for that state and goal; NULL: the resource rests. */
const struct move *move_find(const struct stage *stage, const char *state, enum goal goal);

/* The table as a graphviz digraph (`--graph`). */
void stage_print_graph(const struct stage *stage, FILE *out);

/* Every `then`, `from`, `to` and `gone` names a state that exists; aborts start with one line if not. */
struct err stage_check(const struct stage *stage) MUST_CHECK;
