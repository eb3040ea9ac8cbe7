/* clawctl show ID: where every stage of a deployment is, what is owed, and its timeline. */
#include <stdio.h>
#include <string.h>

#include "base/ids.h"
#include "clawctl.h"

static const char deployment_sql[] =
    "select d.name, u.email, d.status, d.status_message, d.generation, array_to_string(d.owed, ' "
    "') as owed, "
    "coalesce(host(d.ip_address), '') as ip, to_char(d.created_at, 'YYYY-MM-DD HH24:MI:SS') as "
    "created "
    "from deployments d join users u on u.id = d.user_id where d.id = $1::uuid";

/* Notes are what the moves remember: names, ids, counters, no secrets. */
#define STAGE(schema)                                                                              \
    "select state, goal, generation, tries, busy, failed, parked, "                                \
    "coalesce(round(extract(epoch from due_at - now())::numeric, 1)::text, '') as due, "           \
    "round(extract(epoch from now() - state_since)::numeric, 1) as since, notes::text as notes "   \
    "from " schema ".resource where id = $1::uuid"

static const struct {
    const char *name, *sql;
} stages[] = {
    {"llm_key",      STAGE("llm_key")     },
    {"server",       STAGE("server")      },
    {"installation", STAGE("installation")},
    {"watch",        STAGE("watch")       },
};

static const char timeline_sql[] = "select seq, to_char(at, 'HH24:MI:SS.MS') as at, type, stage, "
                                   "status, message from deployment_events "
                                   "where deployment_id = $1::uuid order by seq limit 1000";

static struct err show_deployment(struct db *db, const char *id)
{
    ROWS *rows = NULL;

    TRY(db_exec(db, &rows, deployment_sql, P(id)));
    if (rows_count(rows) == 0) {
        return permanent("no deployment has the id '%s'", id);
    }
    (void)printf("%s  %s  of %s, made %s\n", id, rows_text(rows, 0, "name"),
                 rows_text(rows, 0, "email"), rows_text(rows, 0, "created"));
    (void)printf("status      %s: %s\n", rows_text(rows, 0, "status"),
                 rows_text(rows, 0, "status_message"));
    (void)printf("generation  %s\naddress     %s\nmay exist   %s\n\n",
                 rows_text(rows, 0, "generation"), rows_text(rows, 0, "ip"),
                 rows_text(rows, 0, "owed"));
    return OK;
}

static struct err show_stages(struct db *db, const char *id)
{
    (void)printf("%-13s %-14s %-5s %4s %6s %-9s %9s %9s  %s\n", "stage", "state", "goal", "gen",
                 "tries", "", "since s", "due in s", "notes");
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        ROWS *rows = NULL;
        TRY(db_exec(db, &rows, stages[i].sql, P(id)));
        if (rows_count(rows) == 0) {
            (void)printf("%-13s %s\n", stages[i].name, "-");
            continue;
        }
        const char *mark = rows_bool(rows, 0, "failed")   ? "gave up"
                           : rows_bool(rows, 0, "parked") ? "parked"
                           : rows_bool(rows, 0, "busy")   ? "acting"
                                                          : "";
        (void)printf("%-13s %-14s %-5s %4s %6s %-9s %9s %9s  %s\n", stages[i].name,
                     rows_text(rows, 0, "state"), rows_text(rows, 0, "goal"),
                     rows_text(rows, 0, "generation"), rows_text(rows, 0, "tries"), mark,
                     rows_text(rows, 0, "since"), rows_text(rows, 0, "due"),
                     rows_text(rows, 0, "notes"));
    }
    return OK;
}

static struct err show_timeline(struct db *db, const char *id)
{
    ROWS *rows = NULL;

    TRY(db_exec(db, &rows, timeline_sql, P(id)));
    (void)printf("\n%4s %-13s %-28s %-15s %-13s %s\n", "seq", "at (UTC)", "type", "said by",
                 "status", "message");
    for (int i = 0; i < rows_count(rows); i++) {
        (void)printf("%4s %-13s %-28s %-15s %-13s %s\n", rows_text(rows, i, "seq"),
                     rows_text(rows, i, "at"), rows_text(rows, i, "type"),
                     rows_text(rows, i, "stage"), rows_text(rows, i, "status"),
                     rows_text(rows, i, "message"));
    }
    return OK;
}

struct err run_show(int argc, char **argv)
{
    struct db *db;
    struct err e;

    (void)argc;
    if (!id_valid(argv[0])) {
        return permanent("'%.60s' is not a deployment id (a UUID)", argv[0]);
    }
    db = db_new(clawctl.database_url, "clawctl", NULL);
    e = show_deployment(db, argv[0]);
    if (!failed(e)) {
        e = show_stages(db, argv[0]);
    }
    if (!failed(e)) {
        e = show_timeline(db, argv[0]);
    }
    db_free(db);
    return e;
}
