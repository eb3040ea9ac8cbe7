/*
 * clawctl replay --from-state: Kafka has lost what was said, the rows have not. Every deployment is said again what
 * it is owed: decisions that nobody heard of, and the last word of each of its stages.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/ids.h"
#include "clawctl.h"
#include "operator.h"
#include "options.h"

enum { BATCH = 50, BACKLOG_MOST = 1000 };
#define BACKLOG_WAIT_S 60.0
#define PAUSE_S 0.2

static const char batch_sql[] = "select id from deployments where status <> 'DESTROYED' and id > "
                                "$1::uuid order by id limit $2::int";
static const char count_sql[] =
    "select room, type, count(*) as n from (select id from deployments where status <> 'DESTROYED' "
    "and id > $1::uuid and id <= $2::uuid) d, lateral owed_events(d.id) group by room, type order "
    "by "
    "room, type";
static const char say_sql[] =
    "select coalesce(sum(say_owed(id)), 0) as n, count(*) as deployments from (select id from "
    "deployments where status <> 'DESTROYED' and id > $1::uuid and id <= $2::uuid order by id) d";
static const char backlog_sql[] =
    "select (select count(*) from gateway.outbox) + (select count(*) from llm_key.outbox) + "
    "(select "
    "count(*) from server.outbox) + (select count(*) from installation.outbox) + (select count(*) "
    "from watch.outbox) as n";

struct count {
    int64_t events, deployments;
};

/* What was said must go out before more is said: with nobody to bring it to Kafka, this is the time to say so. */
static struct err await_room(struct db *db, int64_t most)
{
    int64_t until = clock_ms() + (int64_t)(BACKLOG_WAIT_S * 1000);

    for (;;) {
        ROWS *rows = NULL;
        TRY(db_exec(db, &rows, backlog_sql));
        int64_t left = rows_int(rows, 0, "n");
        if (left <= most || operator_stopped()) {
            return OK;
        }
        if (clock_ms() > until) {
            return transient(
                "%lld events still wait in the outboxes: each service brings its own to Kafka, "
                "so all of them must run, and Kafka's topics must be there (clawctl topics)",
                (long long)left);
        }
        operator_pause(PAUSE_S);
    }
}

static struct err do_batch(struct db *db, const char *after, const char *upto, bool dry_run,
                           int in_batch, struct count *sum)
{
    ROWS *rows = NULL;

    if (!dry_run) {
        TRY(await_room(db, BACKLOG_MOST));
        TRY(db_exec(db, &rows, say_sql, P(after), P(upto)));
        sum->events += rows_int(rows, 0, "n");
        sum->deployments += rows_int(rows, 0, "deployments");
        (void)printf("%lld deployments, %lld events\n", (long long)sum->deployments,
                     (long long)sum->events);
        (void)fflush(stdout);
        return OK;
    }
    TRY(db_exec(db, &rows, count_sql, P(after), P(upto)));
    sum->deployments += in_batch;
    for (int i = 0; i < rows_count(rows); i++) {
        sum->events += rows_int(rows, i, "n");
        (void)printf("%6s  %-28s from the room '%s'\n", rows_text(rows, i, "n"),
                     rows_text(rows, i, "type"), rows_text(rows, i, "room"));
    }
    return OK;
}

static struct err say_all(struct db *db, bool dry_run)
{
    char last[ID_SIZE] = "00000000-0000-0000-0000-000000000000";
    struct count sum = {0};
    const int batch = dry_run ? 100000 : BATCH; /* one table when it is only looked at */

    while (!operator_stopped()) {
        ROWS *rows = NULL;
        TRY(db_exec(db, &rows, batch_sql, P((const char *)last), P(batch)));
        int n = rows_count(rows);
        if (n == 0) {
            break;
        }
        const char *upto = rows_text(rows, n - 1, "id");
        TRY(do_batch(db, last, upto, dry_run, n, &sum));
        (void)snprintf(last, sizeof last, "%s", upto);
    }
    (void)printf("%lld events for %lld deployments %s%s\n", (long long)sum.events,
                 (long long)sum.deployments, dry_run ? "would be said again" : "said again",
                 operator_stopped() ? "; stopped before the end, run it again" : "");
    (void)fflush(stdout);
    return dry_run ? OK : await_room(db, 0);
}

struct err run_replay_state(int argc, char **argv)
{
    bool dry_run = false, from_state = false;
    const struct option_rule rules[] = {
        {"--from-state", OPTION_FLAG, &from_state},
        {"--dry-run",    OPTION_FLAG, &dry_run   },
    };
    int n = 0;

    TRY(options_read(argc, argv, rules, sizeof rules / sizeof rules[0], NULL, 0, &n));
    operator_heed_signals();
    struct db *db = db_new(clawctl.database_url, "clawctl", NULL);
    if (dry_run) {
        db_patient(db); /* it counts all at once */
    }
    struct err e = say_all(db, dry_run);
    db_free(db);
    return e;
}
