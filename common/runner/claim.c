/* The SQL of claiming, and reading its answer. */
#include "runner/claim.h"

#include <stdlib.h>
#include <string.h>

#include "runner/budget.h"

/* Pushing due_at forward is claiming: the timer is the lease, sized for the move about to run. */
#define CLAIM(more, join)                                                                          \
    "with due as (select id, due_at as was_due, busy as again from resource where due_at <= "      \
    "now() "                                                                                       \
    "order by due_at limit $1::int for update skip locked) "                                       \
    "update resource r set busy = true, claim = claim + 1, claimed_by = $3::uuid, due_at = now() " \
    "+ interval '1 s' * "                                                                          \
    "coalesce(($2::jsonb ->> (goal || ' ' || state))::double precision, 30) "                      \
    "from due " join " where r.id = due.id "                                                       \
    "returning r.id, claim, state, goal, generation, tries, coalesce(backoff_s, 0) as backoff, "   \
    "notes, again, extract(epoch from clock_timestamp() - state_since) as age, "                   \
    "extract(epoch from clock_timestamp() - was_due) as lag, 0 as lane, 0 as reserved, " more

/* The same within a budget, in SQL of its own (migrations/0006_budget.sql). */
#define CLAIM_WITHIN_BUDGET(more)                                                                  \
    "select r.*, " more " from claim_within_budget($1::int, $2::jsonb, $4::jsonb, "                \
    "$3::uuid, $5::int, $6::double precision) r"

#define GIVEN_UP                                                                                   \
    ", coalesce((select d.status = 'ERROR' and d.generation >= r.generation from deployments d "   \
    "where d.id = r.id), false) as "                                                               \
    "given_up"
#define NO_CHANGE ", null as change, 0 as change_age" GIVEN_UP
#define NOTHING "null as sealed" NO_CHANGE
#define SECRETS                                                                                    \
    "(select jsonb_object_agg(s.name, s.sealed) from secrets s where s.deployment_id = r.id) "     \
    "as sealed" NO_CHANGE
#define CHANGE                                                                                     \
    "null as sealed, d.change, coalesce(extract(epoch from clock_timestamp() - "                   \
    "d.change_asked_at), 0) as change_age" GIVEN_UP

static const char claim_sql[] = CLAIM(NOTHING, "");
static const char claim_with_secrets_sql[] = CLAIM(SECRETS, "");
static const char claim_with_change_sql[] =
    CLAIM(CHANGE, "left join (select id as its_id, change, change_asked_at from deployments) d on "
                  "its_id = due.id");
static const char budgeted_sql[] = CLAIM_WITHIN_BUDGET(NOTHING);
static const char budgeted_with_secrets_sql[] = CLAIM_WITHIN_BUDGET(SECRETS);

static const char next_sql[] =
    "select extract(epoch from due_at - clock_timestamp()) * 1000 as in_ms, false as queue "
    "from resource where due_at is not null order by due_at limit 1";

/* With a budget what is due may have to wait until it can be paid for. */
static const char next_budgeted_sql[] =
    "select extract(epoch from greatest(due_at, awaited_until) - clock_timestamp()) * 1000 as "
    "in_ms, awaited_until is not null as queue "
    "from resource, (select max(awaited_until) as awaited_until from budget where lane < $1::int) "
    "b where due_at is not null order by due_at limit 1";

static char *copy(const char *text)
{
    char *c = strdup(text);

    if (!c) {
        abort();
    }
    return c;
}

static struct err ask_within(struct db *db, const struct runner *r, const struct budget *b,
                             int idle)
{
    bool secrets = r->settings.stage->uses_secrets;
    struct param params[] = {P(idle),
                             P((const char *)r->leases),
                             P(r->settings.owner),
                             P((const char *)r->costs),
                             P(b->lanes),
                             P(b->patience_s)};
    struct param lanes[] = {P(b->lanes)};

    TRY(db_batch_add(db, "claim", secrets ? budgeted_with_secrets_sql : budgeted_sql, params, 6));
    return db_batch_add(db, "next", next_budgeted_sql, lanes, 1);
}

struct err claim_ask(struct db *db, const struct runner *r, int idle)
{
    const struct stage *stage = r->settings.stage;
    struct param params[] = {P(idle), P((const char *)r->leases), P(r->settings.owner)};

    if (budget_of(stage)) {
        return ask_within(db, r, budget_of(stage), idle);
    }
    TRY(db_batch_add(db, "claim",
                     stage->uses_secrets  ? claim_with_secrets_sql
                     : stage->uses_change ? claim_with_change_sql
                                          : claim_sql,
                     params, 3));
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
    task->lane = (int)rows_int(rows, i, "lane");
    task->reserved = (int)rows_int(rows, i, "reserved");
    task->again = rows_bool(rows, i, "again");
    task->lag_s = rows_real(rows, i, "lag");
    task->state = copy(rows_text(rows, i, "state"));
    task->notes = copy(rows_text(rows, i, "notes"));
    task->sealed = rows_null(rows, i, "sealed") ? NULL : copy(rows_text(rows, i, "sealed"));
    task->change = rows_null(rows, i, "change") ? NULL : copy(rows_text(rows, i, "change"));
    task->change_age_s = rows_real(rows, i, "change_age");
    task->given_up = rows_bool(rows, i, "given_up");
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

bool claim_queue(const struct rows *next)
{
    return rows_count(next) > 0 && rows_bool(next, 0, "queue");
}
