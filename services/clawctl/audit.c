/*
 * clawctl audit [--json]: both sweeps now, and what they found.
 *
 * It only asks: the services sweep, with their own credentials, and put right what is safe. Exit 0 when nothing is
 * left for a person, 1 when something is (a sweep that did not happen is something).
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "clawctl.h"
#include "options.h"

enum { DEADLINE_MS = 120000, NOBODY_MS = 20000, LOOK_MS = 250 };

static const char *const services[][2] = {
    {"llm_key", "key-provisioner"},
    {"server",  "ovh-orderer"    }
};
enum { PIECES = sizeof services / sizeof services[0] };

static const char request_sql[] = "update sweeps set requested_at = clock_timestamp(), "
                                  "due_at = least(due_at, now())";
static const char progress_sql[] =
    "select piece, coalesce(started_at >= requested_at, false) as begun, "
    "coalesce(started_at >= requested_at and finished_at >= started_at, false) as done, "
    "coalesce(lease_until > clock_timestamp(), false) as held, looked, "
    "coalesce(error, '') as error from sweeps order by piece";

/* What is open stays open when its sweep failed; what was put right counts when this sweep did it. */
static const char findings_sql[] =
    "select f.piece, f.kind, f.subject, coalesce(f.deployment_id::text, '') as deployment, "
    "f.money_cents, coalesce(f.money_is, '') as money_is, f.currency, "
    "coalesce(f.resolved, '') as resolved, f.words, "
    "to_char(f.first_seen at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as first_seen "
    "from findings f join sweeps s using (piece) "
    "where f.resolved is null or f.last_seen >= s.started_at "
    "order by f.resolved is not null, f.piece, f.kind, f.subject";

/* How one piece's sweep went. */
struct outcome {
    bool begun, done;
    int64_t looked;
    char error[420]; /* "" = fine */
};

struct audit {
    struct db *db;
    struct outcome of[PIECES];
    int open;
    int64_t month_cents, cap_cents, once_cents; /* of what is open */
};

static const char *service_of(const char *piece)
{
    for (int i = 0; i < PIECES; i++) {
        if (strcmp(services[i][0], piece) == 0) {
            return services[i][1];
        }
    }
    return piece;
}

static void learn(struct audit *a, const struct rows *rows, bool *ret_held)
{
    for (int i = 0; i < rows_count(rows) && i < PIECES; i++) {
        struct outcome *o = &a->of[i];
        bool done = rows_bool(rows, i, "done");
        if (done && !o->done) {
            o->looked = rows_int(rows, i, "looked");
            (void)snprintf(o->error, sizeof o->error, "%s", rows_text(rows, i, "error"));
            (void)fprintf(stderr, "%s: done, looked at %lld\n", services[i][1],
                          (long long)o->looked);
        } else if (rows_bool(rows, i, "begun") && !o->begun && !done) {
            (void)fprintf(stderr, "%s: looking\n", services[i][1]);
        }
        o->begun = rows_bool(rows, i, "begun");
        o->done = done;
        *ret_held = *ret_held || (!done && rows_bool(rows, i, "held"));
    }
}

static bool all_done(const struct audit *a)
{
    bool done = true;

    for (int i = 0; i < PIECES; i++) {
        done = done && a->of[i].done;
    }
    return done;
}

static void nap(void)
{
    struct timespec t = {.tv_nsec = LOOK_MS * 1000000L};

    (void)nanosleep(&t, NULL);
}

/* A service that is there takes its sweep within seconds; one at which nobody is for longer does not run. */
static struct err await(struct audit *a)
{
    int64_t started = clock_ms(), last_held = started;

    for (;;) {
        ROWS *rows = NULL;
        bool held = false;
        TRY(db_exec(a->db, &rows, progress_sql));
        learn(a, rows, &held);
        int64_t now = clock_ms();
        last_held = held ? now : last_held; /* by one that died, too: then another needs a moment */
        if (all_done(a) || now - started > DEADLINE_MS || now - last_held > NOBODY_MS) {
            break;
        }
        nap();
    }
    for (int i = 0; i < PIECES; i++) {
        if (!a->of[i].done) {
            (void)snprintf(a->of[i].error, sizeof a->of[i].error, "%s %s", services[i][1],
                           a->of[i].begun ? "did not come to an end in time"
                                          : "does not run, or is not ready");
        }
    }
    return OK;
}

static void add_up(struct audit *a, const struct rows *rows)
{
    for (int i = 0; i < rows_count(rows); i++) {
        const char *is = rows_text(rows, i, "money_is");
        if (rows_text(rows, i, "resolved")[0]) {
            continue;
        }
        int64_t cents = rows_null(rows, i, "money_cents") ? 0 : rows_int(rows, i, "money_cents");
        a->open++;
        a->month_cents += strcmp(is, "month") == 0 ? cents : 0;
        a->cap_cents += strcmp(is, "cap") == 0 ? cents : 0;
        a->once_cents += strcmp(is, "once") == 0 ? cents : 0;
    }
}

static void money(const struct rows *rows, int i, char *ret, size_t size)
{
    const char *is = rows_text(rows, i, "money_is");

    if (rows_null(rows, i, "money_cents")) {
        (void)snprintf(ret, size, "%s", "-");
        return;
    }
    (void)snprintf(ret, size, "%.2f %.3s%s", (double)rows_int(rows, i, "money_cents") / 100,
                   rows_text(rows, i, "currency"),
                   strcmp(is, "month") == 0 ? " a month"
                   : strcmp(is, "cap") == 0 ? " left"
                                            : " once");
}

static void print_table(const struct audit *a, const struct rows *rows)
{
    if (rows_count(rows) > 0) {
        (void)printf("%-30s %-24s %-36s %-19s %s\n", "what", "name there", "deployment", "money",
                     "done");
    }
    for (int i = 0; i < rows_count(rows); i++) {
        char amount[60];
        const char *done = rows_text(rows, i, "resolved");
        const char *deployment = rows_text(rows, i, "deployment");
        money(rows, i, amount, sizeof amount);
        (void)printf("%-30s %-24s %-36s %-19s %s\n    %s\n", rows_text(rows, i, "kind"),
                     rows_text(rows, i, "subject"), deployment[0] ? deployment : "-", amount,
                     done[0] ? done : "reported", rows_text(rows, i, "words"));
    }
    (void)printf(
        "%d left for a person: servers for $%.2f a month, keys that may spend $%.2f, bills "
        "of $%.2f\n",
        a->open, (double)a->month_cents / 100, (double)a->cap_cents / 100,
        (double)a->once_cents / 100);
}

static json_t *text_or_null(const char *text)
{
    return text[0] ? json_string(text) : json_null();
}

static json_t *finding_json(const struct rows *rows, int i)
{
    bool unknown = rows_null(rows, i, "money_cents");

    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:s, s:s}", "service",
                     service_of(rows_text(rows, i, "piece")), "kind", rows_text(rows, i, "kind"),
                     "subject", rows_text(rows, i, "subject"), "deploymentId",
                     text_or_null(rows_text(rows, i, "deployment")), "moneyCents",
                     unknown ? json_null() : json_integer(rows_int(rows, i, "money_cents")),
                     "moneyIs", text_or_null(rows_text(rows, i, "money_is")), "currency",
                     rows_text(rows, i, "currency"), "resolved",
                     text_or_null(rows_text(rows, i, "resolved")), "firstSeen",
                     rows_text(rows, i, "first_seen"), "words", rows_text(rows, i, "words"));
}

static struct err print_json(const struct audit *a, const struct rows *rows)
{
    json_auto_t *findings = json_array(), *sweeps = json_array();

    for (int i = 0; i < rows_count(rows); i++) {
        (void)json_array_append_new(findings, finding_json(rows, i));
    }
    for (int i = 0; i < PIECES; i++) {
        (void)json_array_append_new(sweeps, json_pack("{s:s, s:b, s:I, s:o}", "service",
                                                      services[i][1], "finished", a->of[i].done,
                                                      "looked", (json_int_t)a->of[i].looked,
                                                      "error", text_or_null(a->of[i].error)));
    }
    json_auto_t *all =
        json_pack("{s:O, s:O, s:i, s:{s:I, s:I, s:I}}", "sweeps", sweeps, "findings", findings,
                  "unresolved", a->open, "unresolvedCents", "month", (json_int_t)a->month_cents,
                  "cap", (json_int_t)a->cap_cents, "once", (json_int_t)a->once_cents);
    bool good = all && json_dumpf(all, stdout, JSON_INDENT(2)) == 0 && putchar('\n') == '\n';
    return good ? OK : permanent("the findings could not be printed");
}

static struct err audit(struct audit *a, bool as_json)
{
    ROWS *rows = NULL;
    int broken = 0;

    TRY(db_exec(a->db, NULL, request_sql));
    TRY(await(a));
    TRY(db_exec(a->db, &rows, findings_sql));
    add_up(a, rows);
    if (as_json) {
        TRY(print_json(a, rows));
    } else {
        print_table(a, rows);
    }
    for (int i = 0; i < PIECES; i++) {
        if (a->of[i].error[0]) {
            broken++;
            (void)fprintf(stderr, "%s: %s\n", services[i][1], a->of[i].error);
        }
    }
    if (broken > 0) {
        return permanent("%d of %d sweeps did not tell all; what is printed is not complete",
                         broken, PIECES);
    }
    return a->open == 0 ? OK : permanent("%d findings are left for a person", a->open);
}

struct err run_audit(int argc, char **argv)
{
    struct audit a = {0};
    bool as_json = false;
    int n_words = 0;
    const struct option_rule rules[] = {
        {"--json", OPTION_FLAG, &as_json}
    };

    TRY(options_read(argc, argv, rules, 1, NULL, 0, &n_words));
    a.db = db_new(clawctl.database_url, "clawctl", NULL);
    struct err e = audit(&a, as_json);
    db_free(a.db);
    return e;
}
