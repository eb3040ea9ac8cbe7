/*
 * A pretend database and sweeper for the sweep of the keys: rows that stand in a table here, and what is written is
 * remembered. Defining db_query() and sweep_found() here keeps the real ones out of the program.
 */
#pragma once

#include "service/sweep.h"
#include "world.h"

struct row_here {
    const char *id, *name, *state, *hash;
};

struct rows {
    const struct row_here *row;
    int n, affected;
};

static struct row_here rows_here[4];
static int n_rows_here;
static bool refuse_changes; /* nothing is as the statement wants it */
static char changes[200];   /* what it would have written */
static struct sweep_look look;
static struct finding findings[20];
static const char *skipped[20];

struct err db_query(struct db *db, struct rows **ret, const char *sql, const struct param *params,
                    int n)
{
    struct rows *rows = calloc(1, sizeof *rows);
    const char *key = n > 0 ? params[0].text : "";
    bool issued = strstr(sql, "r.id > $1") != NULL, one = strstr(sql, "d.id = $1") != NULL;

    (void)db;
    rows->row = rows_here;
    if (strncmp(sql, "update", 6) == 0) {
        const char *what = strstr(sql, "'spent', $2") ? "spent" : "hash";
        (void)snprintf(changes + strlen(changes), sizeof changes - strlen(changes), " %s=%s", what,
                       params[1].text);
        rows->affected = !refuse_changes;
        for (int i = 0; i < n_rows_here && strcmp(what, "hash") == 0 && !refuse_changes; i++) {
            rows_here[i].hash = strcmp(rows_here[i].id, key) == 0
                                    ? arena_strdup(arena, params[1].text)
                                    : rows_here[i].hash;
        }
    } else if (one) {
        while (strcmp(rows->row->id, key) != 0) {
            rows->row++;
        }
        rows->n = 1;
    } else { /* of those that are issued none comes after these */
        bool any = !issued || strncmp(key, "00000000", 8) == 0;
        rows->n = any && n_rows_here > 0 ? n_rows_here : 0;
    }
    *ret = rows;
    return OK;
}

void rows_free(struct rows *rows)
{
    free(rows);
}

int rows_count(const struct rows *rows)
{
    return rows->n;
}

int rows_affected(const struct rows *rows)
{
    return rows->affected;
}

const char *rows_text(const struct rows *rows, int i, const char *column)
{
    const struct row_here *row = &rows->row[i];

    return strcmp(column, "id") == 0      ? row->id
           : strcmp(column, "name") == 0  ? row->name
           : strcmp(column, "state") == 0 ? row->state
           : strcmp(column, "hash") == 0  ? (row->hash ? row->hash : "")
                                          : "";
}

/* Long ago, but after the keys that are EARLY. */
int64_t rows_int(const struct rows *rows, int i, const char *column)
{
    (void)rows;
    (void)i;
    assert_string_equal(column, "since");
    return 1700000000;
}

bool rows_bool(const struct rows *rows, int i, const char *column)
{
    bool up = strcmp(rows->row[i].state, "issued") == 0;

    return strcmp(column, "has_row") == 0 || (strcmp(column, "up") == 0 && up);
}

struct finding *sweep_found(struct sweep_look *at, const char *kind, const char *subject)
{
    struct finding *f = &findings[at->n_found++];

    *f = (struct finding){.kind = kind, .subject = arena_strdup(arena, subject)};
    return f;
}

void sweep_skipped(struct sweep_look *at, const char *subject)
{
    skipped[at->n_skipped++] = arena_strdup(arena, subject);
}

struct err sweep_may_go_on(void *context)
{
    (void)context;
    return OK;
}

static inline const struct finding *found(const char *subject)
{
    for (int i = 0; i < look.n_found; i++) {
        if (strcmp(findings[i].subject, subject) == 0) {
            return &findings[i];
        }
    }
    fail_msg("nothing was found about %s", subject);
    return NULL;
}

static inline void forget_all(void)
{
    n_rows_here = 0;
    refuse_changes = false;
    changes[0] = '\0';
    look = (struct sweep_look){.arena = arena, .found = findings, .skipped = skipped};
}

static inline int sweep_set_up(void **state)
{
    (void)set_up(state);
    key_settings = test_settings;
    forget_all();
    return 0;
}

#define SWEEP_TEST(f) cmocka_unit_test_setup_teardown(f, sweep_set_up, tear_down)

#define ID(n) "01934d3a-0000-7000-8000-00000000000" n
#define NAMED(n) "openclaw-00000000000" n
#define ISSUED(n, hash_)                                                                           \
    {                                                                                              \
        .id = ID(n), .name = NAMED(n), .state = "issued", .hash = (hash_)                          \
    }
#define ROWS_ARE(...)                                                                              \
    do {                                                                                           \
        static const struct row_here them_[] = {__VA_ARGS__};                                      \
        n_rows_here = sizeof them_ / sizeof them_[0];                                              \
        memcpy(rows_here, them_, sizeof them_);                                                    \
    } while (0)

#define KEY_OF(hash, name, usage, created, disabled)                                               \
    "{\"hash\":\"" hash "\",\"name\":\"" name "\",\"usage\":" usage                                \
    ",\"limit_remaining\":7,\"created_at\":\"" created "\",\"disabled\":" disabled "}"
#define KEY(hash, name) KEY_OF(hash, name, "0", "2026-01-01T00:00:00Z", "false")
#define SPENT(hash, name, usage) KEY_OF(hash, name, usage, "2026-01-01T00:00:00Z", "false")
#define OFF(hash, name) KEY_OF(hash, name, "0", "2026-01-01T00:00:00Z", "true")
#define EARLY(hash, name) KEY_OF(hash, name, "0", "2020-01-01T00:00:00Z", "false")
#define LIST(keys, next)                                                                           \
    ASK("GET", PAGE("0"), 200, "{\"data\":[" keys "]}"), ASK("GET", PAGE(next), 200, EMPTY)
#define TWO(one, other) "{\"data\":[" one "," other "]}"
