/* clawctl dead-letters [list|show|replay|drop]: the messages that a service could not apply. */
#include "dead_letters.h"

#include <stdio.h>
#include <string.h>

#include "clawctl.h"
#include "operator.h"
#include "options.h"

enum { LIST_MAX = 1000 };

static const char list_sql[] =
    "select id, to_char(at, 'YYYY-MM-DD HH24:MI:SS') as at, service, coalesce(type, '-') as type, "
    "coalesce(key, '-') as key, tries, state, whole, left(reason, 200) as reason "
    "from dead_letters where ($1::boolean or state = 'waiting') order by id limit $2::int";
static const char count_sql[] =
    "select count(*) filter (where state = 'waiting') as waiting, count(*) as n from dead_letters";
static const char show_sql[] =
    "select id, to_char(at, 'YYYY-MM-DD HH24:MI:SS') as at, service, topic, partition, \"offset\", "
    "coalesce(key, '(none)') as key, coalesce(type, '(none)') as type, reason, tries, whole, "
    "state, "
    "coalesce(payload, '') as payload, coalesce(to_char(done_at, 'YYYY-MM-DD HH24:MI:SS'), '') as "
    "done_at, coalesce(done_by, '') as done_by from dead_letters where id = $1::bigint";

static struct err list(struct db *db, bool all, struct arena *arena)
{
    ROWS *rows = NULL, *count = NULL;

    TRY(db_exec(db, &rows, list_sql, P(all), P(LIST_MAX)));
    TRY(db_exec(db, &count, count_sql));
    (void)printf("%6s  %-19s  %-15s  %-28s  %-36s  %5s  %-8s  %s\n", "id", "at (UTC)", "service",
                 "type", "key", "tries", "state", "reason");
    for (int i = 0; i < rows_count(rows); i++) {
        (void)printf(
            "%6s  %-19s  %-15s  %-28.60s  %-36.60s  %5s  %-8s  %s\n", rows_text(rows, i, "id"),
            rows_text(rows, i, "at"), rows_text(rows, i, "service"),
            visible(arena, rows_text(rows, i, "type"), false),
            visible(arena, rows_text(rows, i, "key"), false), rows_text(rows, i, "tries"),
            rows_text(rows, i, "state"), visible(arena, rows_text(rows, i, "reason"), false));
    }
    (void)printf("%s waiting, %s in all\n", rows_text(count, 0, "waiting"),
                 rows_text(count, 0, "n"));
    if (rows_count(rows) == LIST_MAX) {
        (void)printf("only the first %d are shown\n", LIST_MAX);
    }
    return OK;
}

static struct err show(struct db *db, const char *number, struct arena *arena)
{
    static const char *const fields[] = {"at",  "service", "topic",  "partition", "offset",
                                         "key", "type",    "reason", "tries",     "state"};
    ROWS *rows = NULL;
    int64_t id = 0;

    TRY(count_read(number, INT64_MAX, &id));
    TRY(db_exec(db, &rows, show_sql, P(id)));
    if (rows_count(rows) == 0) {
        return permanent("there is no dead letter %lld", (long long)id);
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        (void)printf("%-10s %s\n", fields[i], visible(arena, rows_text(rows, 0, fields[i]), false));
    }
    if (rows_text(rows, 0, "done_by")[0]) {
        (void)printf("%-10s %s by %s\n", "done", rows_text(rows, 0, "done_at"),
                     visible(arena, rows_text(rows, 0, "done_by"), false));
    }
    (void)printf("%-10s %s\n\n  %s\n", "payload",
                 rows_bool(rows, 0, "whole")
                     ? "as it came"
                     : "cut, or with bytes that are no text: it can't be replayed",
                 visible(arena, rows_text(rows, 0, "payload"), true));
    return OK;
}

/* `replay` and `drop`: a number or --all, and nothing that contradicts it. */
static struct err check_choice(const struct letter_choice *c, bool drops)
{
    int ways = (c->number != NULL) + c->all + c->done;
    int64_t id = 0;

    if (c->done && (!drops || c->service || c->type || c->dry_run)) {
        return usage_error("--done stands alone, with drop");
    }
    if (ways != 1) {
        return usage_error("%s needs a letter's number or --all", drops ? "drop" : "replay");
    }
    if (c->number && (c->service || c->type)) {
        return usage_error("--service and --type go with --all");
    }
    return c->number ? count_read(c->number, INT64_MAX, &id) : OK;
}

struct err run_dead_letters(int argc, char **argv)
{
    struct letter_choice choice = {0};
    const struct option_rule rules[] = {
        {"--all",     OPTION_FLAG, &choice.all    },
        {"--done",    OPTION_FLAG, &choice.done   },
        {"--dry-run", OPTION_FLAG, &choice.dry_run},
        {"--service", OPTION_TEXT, &choice.service},
        {"--type",    OPTION_TEXT, &choice.type   },
    };
    const char *words[2] = {"list", NULL};
    int n = 0;

    TRY(options_read(argc, argv, rules, sizeof rules / sizeof rules[0], words, 2, &n));
    const char *verb = words[0];
    choice.number = words[1];
    bool lists = strcmp(verb, "list") == 0, shows = strcmp(verb, "show") == 0;
    bool replays = strcmp(verb, "replay") == 0, drops = strcmp(verb, "drop") == 0;
    bool others = choice.done || choice.dry_run || choice.service || choice.type;
    if (replays || drops) {
        TRY(check_choice(&choice, drops));
    } else if (!lists && !shows) {
        return usage_error("dead-letters knows list, show, replay and drop, not '%.60s'", verb);
    } else if (others || (lists && n == 2) || (shows && (n != 2 || choice.all))) {
        return usage_error("usage: clawctl dead-letters [list] [--all] | show N");
    }

    struct db *db = db_new(clawctl.database_url, "clawctl", NULL);
    struct arena *arena = arena_new();
    struct err e = lists     ? list(db, choice.all, arena)
                   : shows   ? show(db, choice.number, arena)
                   : replays ? letters_replay(db, &choice, arena)
                             : letters_drop(db, &choice, arena);
    arena_free(arena);
    db_free(db);
    return e;
}
