/* clawctl replay ID --from STAGE: one deployment is set back to a stage and runs again from there. */
#include "replay.h"

#include <stdio.h>
#include <string.h>

#include "base/ids.h"
#include "clawctl.h"
#include "operator.h"
#include "options.h"

#define WAITED_S 20.0

static const char *const stages[] = {"key", "order", "rebuild", "install", "health"};

static const char plan_sql[] = "select replay_plan($1::uuid, $2)::text as plan";
static const char replay_sql[] = "select replay($1::uuid, $2, $3)::text as plan";
static const char last_sql[] =
    "select coalesce(max(id), 0) as last from gateway.outbox where key = $1";

static bool is_stage(const char *text)
{
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        if (strcmp(stages[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static struct err replay(struct db *db, const char *id, const char *stage, bool dry_run)
{
    ROWS *rows = NULL, *last = NULL;

    if (dry_run) {
        TRY(db_exec(db, &rows, plan_sql, P(id), P(stage)));
    } else {
        TRY(db_exec(db, &rows, replay_sql, P(id), P(stage), P(operator_name())));
    }
    json_auto_t *plan = json_loads(rows_text(rows, 0, "plan"), 0, NULL);
    const char *refused = json_string_value(json_object_get(plan, "refused"));
    if (refused) {
        return permanent("not from '%s': %s", stage, refused);
    }
    replay_print(id, plan);
    if (dry_run) {
        (void)printf("this was a dry run: nothing was changed\n");
        return OK;
    }
    (void)printf("done; clawctl show %s tells how it goes\n", id);
    (void)fflush(stdout);
    TRY(db_exec(db, &last, last_sql, P(id)));
    return operator_await_said(db, "gateway", rows_int(last, 0, "last"), WAITED_S);
}

struct err run_replay(int argc, char **argv)
{
    const char *stage = NULL, *words[1] = {NULL};
    bool dry_run = false;
    const struct option_rule rules[] = {
        {"--from",    OPTION_TEXT, &stage  },
        {"--dry-run", OPTION_FLAG, &dry_run},
    };
    int n = 0;

    TRY(options_read(argc, argv, rules, sizeof rules / sizeof rules[0], words, 1, &n));
    if (n != 1 || !stage) {
        return usage_error(
            "usage: clawctl replay ID --from key|order|rebuild|install|health [--dry-run]");
    }
    if (!id_valid(words[0])) {
        return usage_error("'%.60s' is not a deployment id (a UUID)", words[0]);
    }
    if (!is_stage(stage)) {
        return usage_error("--from is key, order, rebuild, install or health, not '%.60s'", stage);
    }
    struct db *db = db_new(clawctl.database_url, "clawctl", NULL);
    struct err e = replay(db, words[0], stage, dry_run);
    db_free(db);
    return e;
}
