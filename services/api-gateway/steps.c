/* Walking through a deployment's statuses, step by step. */
#include "steps.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *key, *title;
} names[STEPS] = {
    {"order",   "Ordering VPS"       },
    {"setup",   "Setting up server"  },
    {"install", "Installing OpenClaw"},
    {"ready",   "Ready"              },
};

static const struct {
    const char *status;
    int step;
} step_of[] = {
    {"PENDING",      0},
    {"ORDERING",     0},
    {"PROVISIONING", 1},
    {"INSTALLING",   2},
    {"READY",        3},
};

static int find_step(const char *status)
{
    for (size_t i = 0; i < sizeof step_of / sizeof step_of[0]; i++) {
        if (strcmp(step_of[i].status, status) == 0) {
            return step_of[i].step;
        }
    }
    return -1;
}

static void stamp(char *into, const char *at)
{
    (void)snprintf(into, STEP_STAMP, "%s", at);
}

static void finish(struct step *step, enum step_state state, const char *at)
{
    if (!*step->started_at) {
        stamp(step->started_at, at);
    }
    stamp(step->finished_at, at);
    step->state = state;
}

/* A retry may go back: what comes after the step it enters has not happened any more. */
static void enter(struct step steps[STEPS], int k, const char *at)
{
    for (int i = 0; i < k; i++) {
        if (steps[i].state != STEP_DONE) {
            finish(&steps[i], STEP_DONE, at);
        }
    }
    if (steps[k].state != STEP_ACTIVE) {
        steps[k] = (struct step){.state = STEP_ACTIVE};
        stamp(steps[k].started_at, at);
    }
    for (int i = k + 1; i < STEPS; i++) {
        steps[i] = (struct step){0};
    }
    if (k == STEPS - 1) {
        finish(&steps[k], STEP_DONE, at);
    }
}

/* It failed at the step that was active; one that had been ready fails at the last. */
static void fail(struct step steps[STEPS], const char *at)
{
    int k = 0;

    while (k < STEPS - 1 && steps[k].state == STEP_DONE) {
        k++;
    }
    finish(&steps[k], STEP_FAILED, at);
}

/* Being destroyed: nothing is under way any more. */
static void stop(struct step steps[STEPS])
{
    for (int i = 0; i < STEPS; i++) {
        if (steps[i].state == STEP_ACTIVE) {
            steps[i] = (struct step){0};
        }
    }
}

void steps_derive(const char *history, struct step ret[STEPS])
{
    char status[20], at[STEP_STAMP];

    memset(ret, 0, sizeof(struct step) * STEPS);
    for (const char *entry = history; *entry;) {
        if (sscanf(entry, "%19[A-Z] %31[^,]", status, at) == 2) {
            int k = find_step(status);
            if (k >= 0) {
                enter(ret, k, at);
            } else if (strcmp(status, "ERROR") == 0) {
                fail(ret, at);
            } else {
                stop(ret);
            }
        }
        entry += strcspn(entry, ",");
        entry += *entry == ',';
    }
}

json_t *steps_json(const struct step steps[STEPS])
{
    static const char *const states[] = {"waiting", "active", "done", "failed"};
    json_t *all = json_array();

    for (int i = 0; i < STEPS; i++) {
        const struct step *step = &steps[i];
        json_array_append_new(all,
                              json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "key", names[i].key, "title",
                                        names[i].title, "state", states[step->state], "startedAt",
                                        *step->started_at ? step->started_at : NULL, "finishedAt",
                                        *step->finished_at ? step->finished_at : NULL));
    }
    return all;
}
