/* What can be read off a table of moves: the row to run, its drawing, its mistakes. */
#include <stdlib.h>
#include <string.h>

#include "runner/stage.h"

const char *goal_name(enum goal goal)
{
    static const char *const names[] = {"up", "down", "any"};

    return names[goal];
}

const struct move *move_find(const struct stage *stage, const char *state, enum goal goal)
{
    for (int i = 0; i < stage->n_moves; i++) {
        const struct move *m = &stage->moves[i];
        if (strcmp(m->state, state) == 0 && (m->goal == goal || m->goal == GOAL_ANY)) {
            return m;
        }
    }
    return NULL;
}

static bool state_known(const struct stage *stage, const char *state)
{
    for (int i = 0; i < stage->n_moves; i++) {
        if (strcmp(stage->moves[i].state, state) == 0 || strcmp(stage->moves[i].then, state) == 0) {
            return true;
        }
    }
    return false;
}

void remember_anew(json_t *notes, int64_t anew)
{
    if (anew != 0) {
        (void)json_object_set_new(notes, "anew", json_integer(anew));
    }
}

json_t *stage_words(const char *words)
{
    json_t *list = json_array();

    for (const char *at = words; at && *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        (void)json_array_append_new(list, json_stringn(at, len));
        at += len;
    }
    return list;
}

static struct err rule_check(const struct stage *stage, const struct goal_rule *g)
{
    json_auto_t *from = stage_words(g->from);
    json_t *state;
    size_t i;

    json_array_foreach(from, i, state)
    {
        if (!state_known(stage, json_string_value(state))) {
            return permanent("%s: %s knows no state '%s'", stage->piece, g->hears->type,
                             json_string_value(state));
        }
    }
    bool goes = g->effect == EFFECT_STEP || g->effect == EFFECT_LEAVE;
    if ((goes && !g->to) || (g->effect == EFFECT_STEP && !g->from) ||
        (g->to && !state_known(stage, g->to)) || (g->waits && !state_known(stage, g->waits))) {
        return permanent("%s: %s steps between unknown states", stage->piece, g->hears->type);
    }
    return OK;
}

struct err stage_check(const struct stage *stage)
{
    for (int i = 0; i < stage->n_moves; i++) {
        const struct move *m = &stage->moves[i];
        if (m->lease_s <= 0 || (m->goal != GOAL_DOWN && m->action && m->tries <= 0)) {
            return permanent("%s: move '%s' needs a lease and tries", stage->piece, m->state);
        }
        bool ends = move_find(stage, m->state, GOAL_DOWN) || strcmp(m->state, stage->gone) == 0;
        if (!ends) {
            return permanent("%s: state '%s' has no way down", stage->piece, m->state);
        }
        if (strcmp(m->then, stage->gone) != 0 && !move_find(stage, m->then, GOAL_DOWN)) {
            return permanent("%s: state '%s' has no way down", stage->piece, m->then);
        }
    }
    for (int i = 0; i < stage->n_goals; i++) {
        TRY(rule_check(stage, &stage->goals[i]));
    }
    if (!state_known(stage, stage->gone) || !state_known(stage, "new")) {
        return permanent("%s: states 'new' and '%s' must exist", stage->piece, stage->gone);
    }
    return OK;
}

/* What an event does to a row that is known; one that may be in any state comes from a point. */
static void print_rule(const struct goal_rule *g, FILE *out)
{
    json_auto_t *from = stage_words(g->from ? g->from : g->hears->type);
    json_t *state;
    size_t i;

    if (!g->to) {
        return;
    }
    if (!g->from) {
        (void)fprintf(out, "    \"%s\" [shape=point];\n", g->hears->type);
    }
    json_array_foreach(from, i, state)
    {
        (void)fprintf(out, "    \"%s\" -> \"%s\" [label=\"hears %s%s\", style=dotted];\n",
                      json_string_value(state), g->to, g->hears->type,
                      g->effect == EFFECT_START ? "\\nto install anew" : "");
    }
}

void stage_print_graph(const struct stage *stage, FILE *out)
{
    (void)fprintf(out, "digraph %s {\n    rankdir=LR; node [shape=box, fontname=sans];\n",
                  stage->piece);
    for (int i = 0; i < stage->n_moves; i++) {
        const struct move *m = &stage->moves[i];
        (void)fprintf(out, "    \"%s\" -> \"%s\" [label=\"%s%s%s\", style=%s];\n", m->state,
                      m->then, m->people ? m->people : "", m->says ? "\\nsays " : "",
                      m->says ? m->says->type : "", m->goal == GOAL_DOWN ? "dashed" : "solid");
    }
    for (int i = 0; i < stage->n_goals; i++) {
        print_rule(&stage->goals[i], out);
    }
    (void)fprintf(out, "    \"%s\" [style=filled];\n}\n", stage->gone);
}

/* One object keyed "up new", "down new", …, made by `value` for each state a row may be in. */
static char *per_state(const struct stage *stage, json_t *(*value)(const struct move *))
{
    json_auto_t *all = json_object();
    char key[100];

    for (int i = stage->n_moves - 1; i >= 0;
         i--) { /* the first row of a state wins, as in move_find */
        const struct move *m = &stage->moves[i];
        for (int goal = GOAL_UP; goal <= GOAL_DOWN; goal++) {
            if (m->goal == GOAL_ANY || (int)m->goal == goal) {
                (void)snprintf(key, sizeof key, "%s %s", goal_name((enum goal)goal), m->state);
                (void)json_object_set_new(all, key, value(m));
            }
        }
    }
    char *text = json_dumps(all, JSON_COMPACT);
    if (!text) {
        abort();
    }
    return text;
}

static json_t *lease_of(const struct move *m)
{
    return json_integer(m->lease_s);
}

static json_t *texts_of(const struct move *m)
{
    json_t *texts = json_object();

    if (m->status) {
        (void)json_object_set_new(texts, "status", json_string(m->status));
    }
    if (m->people) {
        (void)json_object_set_new(texts, "message", json_string(m->people));
    }
    return texts;
}

char *stage_leases(const struct stage *stage)
{
    return per_state(stage, lease_of);
}

char *stage_texts(const struct stage *stage)
{
    return per_state(stage, texts_of);
}
