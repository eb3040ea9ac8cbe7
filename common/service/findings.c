/* SQL of the sweep: the timer and lease in `sweeps`, the differences in `findings`. All times are the database's. */
#include "service/findings.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum { RESOLVED_KEPT_DAYS = 30, RETRY_S = 60, SUBJECT_MOST = 200, WORDS_MOST = 900 };

/* A shorter setting counts from now on; a piece never swept waits one round. */
static const char begin_sql[] =
    "update sweeps set "
    "due_at = case when $2::float8 > 0 "
    "then least(due_at, now() + $2::float8 * interval '1 s') else due_at end, "
    "lease_until = case when owner = $3::uuid then null else lease_until end where piece = $1";

/* With the setting 0 only what an operator asked for is done, to its end. */
static const char take_sql[] =
    "update sweeps set number = number + 1, started_at = clock_timestamp(), owner = $3::uuid, "
    "lease_until = clock_timestamp() + $4::int * interval '1 s' "
    "where piece = (select piece from sweeps where piece = $1 and due_at <= now() "
    "and coalesce(lease_until, '-infinity') < now() "
    "and ($2::float8 > 0 or requested_at > coalesce(started_at, '-infinity') "
    "or coalesce(finished_at, '-infinity') < started_at) "
    "for update skip locked) returning number";

static const char keep_sql[] =
    "update sweeps set lease_until = clock_timestamp() + $3::int * interval '1 s' "
    "where piece = $1 and number = $2::bigint and lease_until is not null";

static const char give_back_sql[] =
    "update sweeps set lease_until = null, due_at = now() where piece = $1 and number = $2::bigint";

/* Asked for while it ran: once more. A sweep that failed is repeated sooner. */
static const char finish_sql[] =
    "update sweeps set finished_at = clock_timestamp(), lease_until = null, looked = $3::int, "
    "error = nullif($4, ''), due_at = case when requested_at > started_at then now() "
    "when $5::float8 > 0 then now() + $5::float8 * interval '1 s' else due_at end "
    "where piece = $1 and number = $2::bigint and lease_until is not null";

/* What comes back after it was put right is new. */
static const char write_sql[] =
    "insert into findings (piece, kind, subject, deployment_id, money_cents, money_is, currency, "
    "resolved, words) "
    "select $1, kind, subject, deployment, cents, money, currency, resolved, words "
    "from jsonb_to_recordset($2::jsonb) as f (kind text, subject text, deployment uuid, "
    "cents bigint, money text, currency text, resolved text, words text) "
    "on conflict (piece, kind, subject) do update set last_seen = excluded.last_seen, "
    "deployment_id = excluded.deployment_id, money_cents = excluded.money_cents, "
    "money_is = excluded.money_is, currency = excluded.currency, resolved = excluded.resolved, "
    "words = excluded.words, first_seen = case when findings.resolved is null "
    "then findings.first_seen else excluded.first_seen end";

/* now() is this transaction's start: what it has just written carries it. */
static const char clean_sql[] =
    "delete from findings where piece = $1 and last_seen < now() and case when resolved is null "
    "then not subject in (select jsonb_array_elements_text($2::jsonb)) "
    "else last_seen < now() - $3::int * interval '1 day' end";

struct err sweep_begin(struct db *db, const struct sweeping *s)
{
    return db_exec(db, NULL, begin_sql, P(s->piece), P(s->every_s), P(s->owner));
}

struct err sweep_take(struct db *db, const struct sweeping *s, int lease_s, int64_t *ret)
{
    ROWS *rows = NULL;

    *ret = 0;
    TRY(db_exec(db, &rows, take_sql, P(s->piece), P(s->every_s), P(s->owner), P(lease_s)));
    if (rows_count(rows) > 0) {
        *ret = rows_int(rows, 0, "number");
    }
    return OK;
}

struct err sweep_keep(struct db *db, const struct sweeping *s, int64_t number, int lease_s)
{
    ROWS *rows = NULL;

    TRY(db_exec(db, &rows, keep_sql, P(s->piece), P(number), P(lease_s)));
    return rows_affected(rows) == 1 ? OK : not_yet("another process has taken the sweep over");
}

struct err sweep_give_back(struct db *db, const struct sweeping *s, int64_t number)
{
    return db_exec(db, NULL, give_back_sql, P(s->piece), P(number));
}

static char *dumped(json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    if (!text) {
        abort();
    }
    return text;
}

/* As long as the column is, and no character cut in two. */
static const char *fitting(struct arena *arena, const char *text, size_t most)
{
    char *copy = arena_strndup(arena, text ? text : "", strnlen(text ? text : "", most));

    utf8_scrub(copy, strlen(copy));
    return copy;
}

/* Nothing twice: the same subject of the same kind would be refused by the statement that writes both. */
static bool said_before(const struct sweep_look *look, int i)
{
    for (int j = 0; j < i; j++) {
        if (strcmp(look->found[j].kind, look->found[i].kind) == 0 &&
            strcmp(look->found[j].subject, look->found[i].subject) == 0) {
            return true;
        }
    }
    return false;
}

static char *findings_json(const struct sweep_look *look)
{
    static const char *const money[] = {NULL, "month", "cap", "once"};
    json_t *all = json_array();

    for (int i = 0; i < look->n_found; i++) {
        const struct finding *f = &look->found[i];
        if (said_before(look, i)) {
            continue;
        }
        json_t *cents = f->money == MONEY_NONE ? json_null() : json_integer(f->cents);
        json_t *one = json_pack(
            "{s:s, s:s, s:s?, s:o, s:s?, s:s, s:s?, s:s}", "kind", f->kind, "subject",
            fitting(look->arena, f->subject, SUBJECT_MOST), "deployment", f->deployment, "cents",
            cents, "money", money[f->money], "currency", f->currency ? f->currency : "USD",
            "resolved", f->resolved, "words", fitting(look->arena, f->words, WORDS_MOST));
        if (!one || json_array_append_new(all, one) != 0) {
            abort();
        }
    }
    return dumped(all);
}

static char *skipped_json(const struct sweep_look *look)
{
    json_t *all = json_array();

    for (int i = 0; i < look->n_skipped; i++) {
        if (json_array_append_new(all, json_string(look->skipped[i])) != 0) {
            abort();
        }
    }
    return dumped(all);
}

/* Why it is not all; "" when it is. */
static const char *shortcoming(const struct sweep_look *look, const struct err *how)
{
    if (failed(*how) || look->n_beyond == 0) {
        return how->text;
    }
    return arena_printf(look->arena, "%d differences are listed, and %d more are not",
                        look->n_found, look->n_beyond);
}

static struct err write_all(struct db *db, const struct sweeping *s, const struct sweep_look *look,
                            struct err how, const char *found, const char *skipped)
{
    double next_s = failed(how) && s->every_s > RETRY_S ? RETRY_S : s->every_s;
    ROWS *rows = NULL;

    TRY(db_exec(db, &rows, finish_sql, P(s->piece), P(look->number), P(look->looked),
                P(shortcoming(look, &how)), P(next_s)));
    if (rows_affected(rows) != 1) {
        return not_yet("another process has taken the sweep over");
    }
    TRY(db_exec(db, NULL, write_sql, P(s->piece), P(found)));
    if (failed(how) || look->n_skipped == SKIPPED_MAX) { /* nobody knows what is no longer there */
        return OK;
    }
    return db_exec(db, NULL, clean_sql, P(s->piece), P(skipped), P(RESOLVED_KEPT_DAYS));
}

struct err sweep_finish(struct db *db, const struct sweeping *s, const struct sweep_look *look,
                        struct err how)
{
    char *found = findings_json(look), *skipped = skipped_json(look);

    struct err e = db_begin(db);
    if (!failed(e)) {
        e = write_all(db, s, look, how, found, skipped);
        if (failed(e)) {
            db_rollback(db);
        } else {
            e = db_commit(db);
        }
    }
    free(found);
    free(skipped);
    return e;
}
