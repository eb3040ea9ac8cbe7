/* Tries a message on every service's rows and tells what came of it. */
#include "hearing.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/ids.h"
#include "events.h"
#include "listeners.h"
#include "operator.h"

enum { TRIAL_PARTITION = -1 }; /* no real one: nothing of the trial can be mistaken for a message */

/* What changes from then on is the message's doing. */
static const char lock_sql[] = "select from resource where id = $1::uuid for update";
static const char row_sql[] =
    "select r.state, r.goal, r.generation, r.failed, r.busy, r.parked, r.due_at is null as rests, "
    "r.claim, coalesce(r.said ->> 'type', '') as said, d.status "
    "from deployments d left join resource r on r.id = d.id where d.id = $1::uuid";
static const char offset_sql[] =
    "insert into offsets (topic, partition, next) values ($1, $2::int, 0)";
static const char apply_sql[] = "select apply_message($1, $2::int, 0, $3::jsonb) as result";
static const char reason_sql[] =
    "select reason from dead_letters where service = $1 and topic = $2 and partition = $3::int";

static bool hears_topic(const struct listener *l, const char *topic)
{
    for (int i = 0; i < l->stage.n_goals; i++) {
        if (strcmp(l->stage.goals[i].hears->topic, topic) == 0) {
            return true;
        }
    }
    return false;
}

/* It stays where it is and goes on; `said`: what it says again when it rests ("" or NULL: nothing). */
static const char *going_on_words(const struct listener *l, const struct rows *before,
                                  const char *said, struct arena *arena)
{
    const char *state = rows_text(before, 0, "state");

    if (rows_bool(before, 0, "failed")) {
        return arena_printf(arena, "would try the %s again at '%s'", l->piece, state);
    }
    if (rows_bool(before, 0, "rests")) {
        bool says = said && *said;
        return arena_printf(arena, "would note the decision; the %s rests at '%s'%s%s%s", l->piece,
                            state, says ? ", and says " : "", says ? said : "",
                            says ? " again" : "");
    }
    return rows_bool(before, 0, "busy")
               ? arena_printf(arena, "would note the decision; the %s is being worked on, at '%s'",
                              l->piece, state)
               : arena_printf(arena, "would look at the %s at once, at '%s'", l->piece, state);
}

/* A row that begins again is nobody's who is at it: only then its claim counts on. */
static const char *started_words(const struct listener *l, const struct rows *before,
                                 const struct rows *after, struct arena *arena)
{
    const char *state = rows_text(after, 0, "state");

    if (rows_int(after, 0, "claim") != rows_int(before, 0, "claim")) {
        return arena_printf(arena, "would take the %s to '%s', for a reinstall", l->piece, state);
    }
    return rows_bool(before, 0, "parked") && !rows_bool(after, 0, "rests")
               ? arena_printf(arena, "would let the %s go on at '%s', where it was set back",
                              l->piece, state)
               : going_on_words(l, before, NULL, arena);
}

/* What an applied message did, given the row as it was before (NULL: there was none) and as it is now. */
static const char *done_words(const struct listener *l, const json_t *plan,
                              const struct rows *before, const struct rows *after,
                              struct arena *arena)
{
    const char *effect = json_string_value(json_object_get(plan, "effect"));
    const char *state = before ? rows_text(before, 0, "state") : "";
    const char *to = json_string_value(json_object_get(plan, "to"));
    bool starts = strcmp(effect, "start") == 0, retries = strcmp(effect, "retry") == 0;
    bool ends = rows_text(after, 0, "goal")[0] == 'd'; /* its deployment is being destroyed */

    if (strcmp(effect, "leave") == 0) {
        return arena_printf(arena, "would take the %s to '%s', for a reinstall", l->piece, to);
    }
    if ((starts || retries) && !before && !ends) {
        return arena_printf(arena, "would start the %s's row", l->piece);
    }
    if (starts && before && !ends) {
        return started_words(l, before, after, arena);
    }
    if (retries && before) {
        return going_on_words(l, before, rows_text(before, 0, "said"), arena);
    }
    if (strcmp(effect, "step") == 0) {
        return arena_printf(arena, "would take the %s from '%s' to '%s'", l->piece, state, to);
    }
    if (strcmp(effect, "nudge") == 0) {
        return before ? arena_printf(arena, "would look at the %s at once, if it waits", l->piece)
                      : arena_printf(arena, "nothing to do: there is no %s yet", l->piece);
    }
    return before ? arena_printf(arena, "would release the %s, now at '%s'", l->piece, state)
                  : arena_printf(arena, "would make sure that there is no %s", l->piece);
}

/* Why a message changes nothing. */
static const char *ignored_words(const struct listener *l, const json_t *plan,
                                 const struct rows *before, struct arena *arena)
{
    const char *effect = json_string_value(json_object_get(plan, "effect"));

    if (strcmp(effect, "none") == 0) {
        return NULL;
    }
    if (!before) {
        return arena_printf(arena, "ignored: there is no row of the %s, and this starts none",
                            l->piece);
    }
    if (strcmp(effect, "start") == 0) {
        return arena_printf(arena, "ignored: the row is known, at '%s'",
                            rows_text(before, 0, "state"));
    }
    if (rows_text(before, 0, "goal")[0] == 'd') {
        return arena_printf(arena, "ignored: the %s is being released, or is gone", l->piece);
    }
    if (strcmp(effect, "retry") == 0 && rows_bool(before, 0, "parked")) {
        return arena_printf(arena, "ignored: the %s waits at '%s', where it was set back", l->piece,
                            rows_text(before, 0, "state"));
    }
    if (strcmp(effect, "retry") == 0) {
        return arena_printf(arena, "ignored: of decision %lld, the row knows of decision %s",
                            (long long)json_integer_value(json_object_get(plan, "generation")),
                            rows_text(before, 0, "generation"));
    }
    if (strcmp(effect, "step") == 0) {
        const char *from = json_string_value(json_object_get(plan, "from"));
        const char *state = rows_text(before, 0, "state");
        bool gave_up = rows_bool(before, 0, "failed");
        if (strcmp(state, from) == 0 && !gave_up) {
            return "ignored: something else was asked for after it";
        }
        return arena_printf(arena, "ignored: the %s is at '%s'%s, not resting at '%s'", l->piece,
                            state, gave_up ? " and gave up" : "", from);
    }
    return "ignored";
}

static struct err why_dead(struct db *db, const struct listener *l, const struct message *m,
                           struct arena *arena, const char **ret)
{
    ROWS *rows = NULL;

    TRY(db_exec(db, &rows, reason_sql, P(l->service), P(m->topic), P(TRIAL_PARTITION)));
    *ret =
        arena_printf(arena, "dies again: %s",
                     rows_count(rows) ? visible(arena, rows_text(rows, 0, "reason"), false) : "");
    return OK;
}

/* In a transaction that the caller rolls back. */
static struct err try_on(struct db *db, const struct listener *l, const struct message *m,
                         struct arena *arena, const char **ret)
{
    char owner[ID_SIZE];
    ROWS *before = NULL, *applied = NULL, *after = NULL;

    id_new(owner);
    const char *text = message_plan(&l->stage, "{}", l->service, owner, m, arena);
    json_auto_t *plan = json_loads(text, 0, NULL);
    TRY(db_exec(db, NULL, "select set_config('search_path', $1, true)",
                P((const char *)arena_printf(arena, "%s, public", l->room))));
    if (m->key && id_valid(m->key)) {
        TRY(db_exec(db, NULL, lock_sql, P(m->key)));
        TRY(db_exec(db, &before, row_sql, P(m->key)));
    }
    TRY(db_exec(db, NULL, offset_sql, P(m->topic), P(TRIAL_PARTITION)));
    TRY(db_exec(db, &applied, apply_sql, P(m->topic), P(TRIAL_PARTITION), P(text)));
    const char *result = rows_text(applied, 0, "result");
    bool known = rows_count(before) > 0 && !rows_null(before, 0, "state");
    if (strcmp(result, "dead") == 0) {
        return why_dead(db, l, m, arena, ret);
    }
    if (strcmp(result, "applied") == 0) {
        TRY(db_exec(db, &after, row_sql, P(m->key)));
        *ret = done_words(l, plan, known ? before : NULL, after, arena);
    } else if (rows_count(before) > 0 && strcmp(rows_text(before, 0, "status"), "DESTROYED") == 0) {
        *ret = "ignored: the deployment is destroyed";
    } else {
        *ret = ignored_words(l, plan, known ? before : NULL, arena);
    }
    return OK;
}

struct err hearing_print(struct db *db, const struct message *m, struct arena *arena)
{
    bool any = false;

    for (int i = 0; i < LISTENERS; i++) {
        const char *words = NULL;
        if (!hears_topic(&listeners[i], m->topic)) {
            continue;
        }
        TRY(db_begin(db));
        struct err e = try_on(db, &listeners[i], m, arena, &words);
        db_rollback(db);
        if (e.kind == ERR_PERMANENT) { /* what the database refuses goes to dead-letters */
            words = arena_printf(arena, "dies again: %s", e.text);
        } else if (failed(e)) {
            return e;
        }
        if (words) {
            (void)printf("  %s: %s\n", listeners[i].service, words);
            any = true;
        }
    }
    if (!any) {
        (void)printf("  nobody acts on it; the dashboard is told\n");
    }
    return OK;
}
