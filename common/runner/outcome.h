/*
 * From what an action said to what the database is told: pure, no clock, no I/O.
 *
 * The result is the JSON that the SQL function settle() takes (migrations/0004_runner.sql).
 */
#pragma once

#include "runner/move.h"

struct outcome_context {
    const struct stage *stage;
    const char *service; /* "ovh-orderer" */
    const char *owner;   /* process id, a UUID */
    double backoff_s;    /* the last pause after a failure; 0 = none */
    double dice;         /* in [0, 1): for the jitter */
};

struct outcome {
    char *settle;      /* for settle(); malloc'ed */
    const char *state; /* the next state (static or in the job's arena) */
    bool says;         /* an event goes into the outbox */
    bool gave_up;      /* the deployment becomes ERROR, or going down is stuck */
    double delay_s;    /* < 0: rests */
};

void outcome_of(const struct outcome_context *context, const struct move *move, struct job *job,
                struct err e, struct outcome *ret);

/* Text as JSON, whatever its bytes: what is not UTF-8 becomes '?'. Never NULL. */
json_t *text_json(const char *text);
