/* The SQL of claiming, and reading its answer. */
#include "runner/claim.h"

#include <stdlib.h>
#include <string.h>

/* Pushing due_at forward is claiming: the timer is the lease, sized for the move about to run. */
#define CLAIM(sealed)                                                                              \
    "with due as (select id, due_at as was_due, busy as again from resource where due_at <= "      \
    "now() "                                                                                       \
    "order by due_at limit $1::int for update skip locked) "                                       \
    "update resource r set busy = true, claim = claim + 1, claimed_by = $3::uuid, due_at = now() " \
    "+ interval '1 s' * "                                                                          \
    "coalesce(($2::jsonb ->> (goal || ' ' || state))::double precision, 30) "                      \
    "from due where r.id = due.id "                                                                \
    "returning r.id, claim, state, goal, generation, tries, coalesce(backoff_s, 0) as backoff, "   \
    "notes, again, extract(epoch from clock_timestamp() - state_since) as age, "                   \
    "extract(epoch from clock_timestamp() - was_due) as lag, " sealed " as sealed"

static const char claim_sql[] = CLAIM("null");
static const char claim_with_secrets_sql[] = CLAIM(
    "(select jsonb_object_agg(s.name, s.sealed) from secrets s where s.deployment_id = r.id)");

static const char next_sql[] =
    "select extract(epoch from due_at - clock_timestamp()) * 1000 as in_ms from resource "
    "where due_at is not null order by due_at limit 1";

static char *copy(const char *text)
{
    char *c = strdup(text);

    if (!c) {
        abort();
    }
    return c;
}

struct err claim_ask(struct db *db, const struct runner *r, int idle)
{
    struct param params[] = {P(idle), P((const char *)r->leases), P(r->settings.owner)};

    TRY(db_batch_add(db, "claim",
                     r->settings.stage->uses_secrets ? claim_with_secrets_sql : claim_sql, params,
                     3));
    return db_batch_add(db, "next", next_sql, NULL, 0);
}

struct task *claim_task(const struct rows *rows, int i)
{
    struct task *task = calloc(1, sizeof *task);

    if (!task) {
        abort();
    }
    memcpy(task->id, rows_text(rows, i, "id"), ID_SIZE - 1);
    task->claim = rows_int(rows, i, "claim");
    task->goal = rows_text(rows, i, "goal")[0] == 'u' ? GOAL_UP : GOAL_DOWN;
    task->generation = (int)rows_int(rows, i, "generation");
    task->tries = (int)rows_int(rows, i, "tries");
    task->backoff_s = rows_real(rows, i, "backoff");
    task->age_s = rows_real(rows, i, "age");
    task->again = rows_bool(rows, i, "again");
    task->lag_s = rows_real(rows, i, "lag");
    task->state = copy(rows_text(rows, i, "state"));
    task->notes = copy(rows_text(rows, i, "notes"));
    task->sealed = rows_null(rows, i, "sealed") ? NULL : copy(rows_text(rows, i, "sealed"));
    return task;
}

int claim_next_in_ms(const struct rows *next, int most)
{
    if (rows_count(next) == 0) {
        return most;
    }
    double in_ms = rows_real(next, 0, "in_ms");
    return in_ms < 0 ? 0 : in_ms < most ? (int)in_ms + 1 : most;
}
