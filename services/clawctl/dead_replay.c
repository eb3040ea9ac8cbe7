/* Saying dead letters again, or dropping them: one by one, each in its own transaction. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dead_letters.h"
#include "hearing.h"
#include "operator.h"

#define WAITED_S 20.0

static const char max_sql[] = "select coalesce(max(id), 0) as most from dead_letters";
static const char next_sql[] =
    "select id, service, topic, coalesce(key, '') as key, coalesce(type, '') as type, tries, "
    "whole, "
    "payload, state from dead_letters where case when $1::bigint > 0 then id = $1::bigint else "
    "state = 'waiting' and id > $2::bigint and id <= $3::bigint and service = coalesce($4, "
    "service) "
    "and type is not distinct from coalesce($5, type) end order by id limit 1";
static const char replay_sql[] = "select replay_dead_letter($1::bigint, $2) as row";
static const char drop_sql[] =
    "with dropped as (update dead_letters set state = 'dropped', done_at = clock_timestamp(), "
    "done_by = $2 where id = $1::bigint and state = 'waiting' returning id) "
    "insert into audit (what, subject) select 'clawctl dead-letters drop', id || ' by ' || $2 from "
    "dropped";
static const char sweep_sql[] = "delete from dead_letters where state <> 'waiting' and done_at < "
                                "now() - interval '30 days'";

/* A walk over the chosen letters, in the order they came; one that dies again meanwhile is not met. */
struct walk {
    const struct letter_choice *choice;
    int64_t one, last, most;
    int met, done;
};

static struct err walk_begin(struct db *db, const struct letter_choice *choice, struct walk *ret)
{
    ROWS *rows = NULL;

    *ret = (struct walk){.choice = choice};
    if (choice->number) {
        ret->one = strtoll(choice->number, NULL, 10);
    }
    TRY(db_exec(db, &rows, max_sql));
    ret->most = rows_int(rows, 0, "most");
    return OK;
}

/* The next one, or none (rows_count = 0). A letter asked for by its number must be there and wait. */
static struct err walk_next(struct db *db, struct walk *w, struct rows **ret)
{
    if (operator_stopped() || (w->one > 0 && w->met > 0)) {
        return OK;
    }
    TRY(db_exec(db, ret, next_sql, P(w->one), P(w->last), P(w->most), P(w->choice->service),
                P(w->choice->type)));
    if (w->one > 0 && rows_count(*ret) == 0) {
        return permanent("there is no dead letter %lld", (long long)w->one);
    }
    if (w->one > 0 && rows_text(*ret, 0, "state")[0] != 'w') {
        return permanent("dead letter %lld was %s already", (long long)w->one,
                         rows_text(*ret, 0, "state"));
    }
    if (rows_count(*ret) > 0) {
        w->met++;
        w->last = rows_int(*ret, 0, "id");
    }
    return OK;
}

/* Why a letter can't be said again; NULL when it can. */
static const char *unfit(const struct rows *letter)
{
    return !*rows_text(letter, 0, "type")  ? "it has no type: no service would know what it is"
           : !*rows_text(letter, 0, "key") ? "it has no key: no service would know whose it is"
           : !rows_bool(letter, 0, "whole")
               ? "not all of its bytes were kept, so what would be said is something else"
               : NULL;
}

static void name_letter(const struct rows *letter, struct arena *arena)
{
    (void)printf("%s  %s of %s, which %s could not apply (died %s times)\n",
                 rows_text(letter, 0, "id"), visible(arena, rows_text(letter, 0, "type"), false),
                 visible(arena, rows_text(letter, 0, "key"), false),
                 rows_text(letter, 0, "service"), rows_text(letter, 0, "tries"));
}

static struct err foretell(struct db *db, const struct rows *letter, struct arena *arena)
{
    const char *payload = rows_text(letter, 0, "payload");
    struct message m = {
        .topic = rows_text(letter, 0, "topic"),
        .key = rows_text(letter, 0, "key"),
        .type = rows_text(letter, 0, "type"),
        .bytes = payload,
        .len = strlen(payload),
    };

    return hearing_print(db, &m, arena);
}

/* One letter. `*ret_row`: its outbox row, unless a twin of it was said before. */
static struct err replay_one(struct db *db, const struct letter_choice *choice,
                             const struct rows *letter, struct arena *arena, int64_t *ret_row)
{
    const char *why_not = unfit(letter);
    ROWS *rows = NULL;

    name_letter(letter, arena);
    if (why_not && choice->number) {
        return permanent("dead letter %s can't be replayed: %s", rows_text(letter, 0, "id"),
                         why_not);
    }
    if (why_not) {
        (void)printf("  left: %s\n", why_not);
        return OK;
    }
    if (choice->dry_run) {
        return foretell(db, letter, arena);
    }
    TRY(db_exec(db, &rows, replay_sql, P(rows_int(letter, 0, "id")), P(operator_name())));
    if (!rows_null(rows, 0, "row")) {
        *ret_row = rows_int(rows, 0, "row");
    }
    return OK;
}

struct err letters_replay(struct db *db, const struct letter_choice *choice, struct arena *arena)
{
    struct walk w;
    int64_t row = 0;

    operator_heed_signals();
    TRY(walk_begin(db, choice, &w));
    for (;;) {
        ROWS *letter = NULL;
        int64_t before = row;
        TRY(walk_next(db, &w, &letter));
        if (rows_count(letter) == 0) {
            break;
        }
        TRY(replay_one(db, choice, letter, arena, &row));
        w.done += row != before;
        arena_reset(arena);
    }
    if (choice->dry_run) {
        (void)printf("%d letters looked at, nothing was changed\n", w.met);
        return OK;
    }
    (void)printf("%d of %d letters said again\n", w.done, w.met);
    (void)fflush(stdout);
    return row > 0 ? operator_await_said(db, "gateway", row, WAITED_S) : OK;
}

struct err letters_drop(struct db *db, const struct letter_choice *choice, struct arena *arena)
{
    ROWS *swept = NULL;
    struct walk w;

    if (choice->done) {
        TRY(db_exec(db, &swept, sweep_sql));
        (void)printf("%d letters forgotten that were done with 30 days ago or earlier\n",
                     rows_affected(swept));
        return OK;
    }
    operator_heed_signals();
    TRY(walk_begin(db, choice, &w));
    for (;;) {
        ROWS *letter = NULL, *dropped = NULL;
        TRY(walk_next(db, &w, &letter));
        if (rows_count(letter) == 0) {
            break;
        }
        name_letter(letter, arena);
        if (!choice->dry_run) {
            TRY(db_exec(db, &dropped, drop_sql, P(w.last), P(operator_name())));
            w.done += rows_affected(dropped);
        }
        arena_reset(arena);
    }
    (void)printf("%d of %d letters dropped%s\n", w.done, w.met,
                 choice->dry_run ? ": this was a dry run" : "");
    return OK;
}
