/* One deployment, one transaction: its events in order, then what their loss of secrets makes necessary. */
#include <stdio.h>
#include <string.h>

#include "recall.h"

static const char recall_sql[] = "select recall($1::jsonb) as result";
static const char finish_sql[] = "select recall_finish($1::uuid) as again";
static const char now_sql[] = "select status, seq from deployments where id = $1::uuid";

/* What came of a deployment's events. */
struct tally {
    int recalled, heard, too_far;
    bool no_user, no_deployment;
    char again[80];
};

struct standing {
    char status[20];
    int seq;
};

static struct err stands(struct db *db, const char *id, struct standing *ret)
{
    ROWS *rows = NULL;

    TRY(db_exec(db, &rows, now_sql, P(id)));
    bool there = rows_count(rows) > 0;
    (void)snprintf(ret->status, sizeof ret->status, "%s",
                   there ? rows_text(rows, 0, "status") : "unknown");
    ret->seq = there ? (int)rows_int(rows, 0, "seq") : 0;
    return OK;
}

static struct err apply(struct db *db, const struct recall_events *events, int first, int last,
                        struct tally *ret)
{
    ROWS *finished = NULL;
    const char *id = events->all[first].id;

    for (int i = first; i < last; i++) {
        ROWS *rows = NULL;
        TRY(db_exec(db, &rows, recall_sql, P((const char *)events->all[i].json)));
        const char *result = rows_text(rows, 0, "result");
        ret->recalled += strcmp(result, "recalled") == 0;
        ret->heard += strcmp(result, "heard") == 0;
        ret->too_far += strcmp(result, "too far") == 0;
        ret->no_user = ret->no_user || strcmp(result, "no user") == 0;
        ret->no_deployment = ret->no_deployment || strcmp(result, "no deployment") == 0;
    }
    if (ret->no_user || ret->no_deployment) {
        return OK;
    }
    TRY(db_exec(db, &finished, finish_sql, P(id)));
    (void)snprintf(ret->again, sizeof ret->again, "%s", rows_text(finished, 0, "again"));
    return OK;
}

static struct err work(struct db *db, const struct recall_events *events, int first, int last,
                       bool dry_run, struct tally *tally, struct standing *was, struct standing *is)
{
    const char *id = events->all[first].id;

    TRY(db_begin(db));
    TRY(stands(db, id, was));
    TRY(apply(db, events, first, last, tally));
    TRY(stands(db, id, is));
    if (dry_run) {
        db_rollback(db);
        return OK;
    }
    return db_commit(db);
}

void recall_deployment(struct db *db, const struct recall_events *events, int first, int last,
                       bool dry_run, struct recall_sums *sums)
{
    const char *id = events->all[first].id;
    struct standing was = {0}, is = {0};
    struct tally t = {0};

    sums->deployments++;
    struct err e = work(db, events, first, last, dry_run, &t, &was, &is);
    if (failed(e)) {
        db_rollback(db);
        sums->failures++;
        (void)printf("%s  not brought up to date: %s\n", id, e.text);
        return;
    }
    if (t.no_user || t.no_deployment) {
        sums->orphans++;
        (void)printf("%s  %d events, but %s; what it owns has no row here\n", id, last - first,
                     t.no_user ? "its user is not in the backup"
                               : "the one that began it is no longer in the topics");
        return;
    }
    sums->events += t.recalled;
    if (t.recalled == 0 && t.heard == 0 && !t.again[0] && t.too_far == 0) {
        return; /* it was up to date */
    }
    sums->changed += t.recalled > 0 || t.heard > 0;
    (void)printf("%s  %s -> %s, seq %d -> %d, %d events recalled%s%s", id, was.status, is.status,
                 was.seq, is.seq, t.recalled, t.again[0] ? "; " : "", t.again);
    if (t.heard > 0) {
        (void)printf("; %d now heard", t.heard);
    }
    if (t.too_far > 0) {
        (void)printf("; %d left out: their seq can not be", t.too_far);
    }
    (void)printf("\n");
}
