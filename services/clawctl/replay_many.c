/* clawctl replay --status ERROR: the user's retry, for many, at a pace that the providers and the queue can bear. */
#include <stdio.h>
#include <string.h>

#include "base/ids.h"
#include "clawctl.h"
#include "operator.h"
#include "options.h"

enum { RATE_PER_MINUTE = 10, BATCH = 100 };

/* Failed since then: by the last line that says so; and at that stage. */
static const char next_sql[] =
    "select * from (select d.id, d.name, d.status_message, coalesce((select max(e.at) from "
    "deployment_events e where e.deployment_id = d.id and e.type = 'deployment.failed'), "
    "d.updated_at) as failed_at, case d.failed_piece when 'llm_key' then 'key' when 'server' then "
    "case when s.notes ? 'service_name' then 'rebuild' else 'order' end when 'installation' then "
    "'install' when 'watch' then 'health' else '-' end as stage "
    "from deployments d left join server.resource s on s.id = d.id "
    "where d.status = 'ERROR' and d.id > $1::uuid) f "
    "where ($2::timestamptz is null or failed_at >= $2::timestamptz) and ($3::text is null or "
    "stage "
    "= $3::text) order by id limit $4::int";
static const char retry_sql[] = "select retry_by_operator($1::uuid, $2) as done";

struct many {
    const char *status, *stage;
    struct option_time since;
    int rate;
    bool dry_run;
    int met, retried;
    struct err e;
};

static struct err retry_one(struct db *db, struct many *m, const struct rows *rows, int i,
                            struct arena *arena)
{
    ROWS *done = NULL;
    const char *id = rows_text(rows, i, "id"), *became = "would be tried again";

    if (!m->dry_run) {
        TRY(db_exec(db, &done, retry_sql, P(id), P(operator_name())));
        became = rows_bool(done, 0, "done") ? "tried again" : "no longer in ERROR";
        m->retried += rows_bool(done, 0, "done");
    }
    (void)printf("%4d  %s  %-8s %s: %s\n", m->met, id, rows_text(rows, i, "stage"), became,
                 visible(arena, rows_text(rows, i, "status_message"), false));
    (void)fflush(stdout);
    return OK;
}

/* In the order of their ids; one that fails again meanwhile lies behind and is not met twice. */
static struct err retry_all(struct db *db, struct many *m, struct arena *arena)
{
    char last[ID_SIZE] = "00000000-0000-0000-0000-000000000000";
    const char *since = m->since.given ? m->since.at : NULL;

    for (;;) {
        ROWS *rows = NULL;
        TRY(db_exec(db, &rows, next_sql, P((const char *)last), P(since), P(m->stage), P(BATCH)));
        for (int i = 0; i < rows_count(rows); i++) {
            if (m->met > 0 && !m->dry_run) {
                operator_pause(60.0 / m->rate);
            }
            if (operator_stopped()) {
                return OK;
            }
            m->met++;
            TRY(retry_one(db, m, rows, i, arena));
            (void)snprintf(last, sizeof last, "%s", rows_text(rows, i, "id"));
        }
        if (rows_count(rows) < BATCH) {
            return OK;
        }
        arena_reset(arena);
    }
}

struct err run_replay_many(int argc, char **argv)
{
    static const char *const stages[] = {"key", "order", "rebuild", "install", "health"};
    struct many m = {.rate = RATE_PER_MINUTE};
    const struct option_rule rules[] = {
        {"--status",  OPTION_TEXT,  &m.status },
        {"--since",   OPTION_TIME,  &m.since  },
        {"--stage",   OPTION_TEXT,  &m.stage  },
        {"--rate",    OPTION_COUNT, &m.rate   },
        {"--dry-run", OPTION_FLAG,  &m.dry_run},
    };
    bool known = false;
    int n = 0;

    TRY(options_read(argc, argv, rules, sizeof rules / sizeof rules[0], NULL, 0, &n));
    if (!m.status || strcmp(m.status, "ERROR") != 0) {
        return usage_error("--status is ERROR: nothing else waits to be tried again");
    }
    for (size_t i = 0; m.stage && i < sizeof stages / sizeof stages[0]; i++) {
        known = known || strcmp(stages[i], m.stage) == 0;
    }
    if (m.stage && !known) {
        return usage_error("--stage is key, order, rebuild, install or health, not '%.60s'",
                           m.stage);
    }
    operator_heed_signals();
    struct db *db = db_new(clawctl.database_url, "clawctl", NULL);
    struct arena *arena = arena_new();
    struct err e = retry_all(db, &m, arena);
    (void)printf("%d of %d tried again%s\n", m.retried, m.met,
                 m.dry_run            ? ": this was a dry run"
                 : operator_stopped() ? "; stopped, the rest is as it was"
                                      : "");
    arena_free(arena);
    db_free(db);
    return e;
}
