/* The four steps people watch, made of the statuses a deployment has had. */
#pragma once

#include <jansson.h>

enum { STEPS = 4, STEP_STAMP = 32 };

enum step_state { STEP_WAITING, STEP_ACTIVE, STEP_DONE, STEP_FAILED };

struct step {
    enum step_state state;
    char started_at[STEP_STAMP], finished_at[STEP_STAMP]; /* "" when not yet */
};

/*
 * `history` names each status entered and when, eldest first: "PENDING 2026-05-18T14:02:11.123Z,ORDERING …".
 * What cannot be read is passed over.
 */
void steps_derive(const char *history, struct step ret[STEPS]);

/* As the API shows them: [{"key", "title", "state", "startedAt", "finishedAt"}, …]. */
json_t *steps_json(const struct step steps[STEPS]);
