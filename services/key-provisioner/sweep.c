/*
 * OpenRouter's keys against our rows. The whole list is read first: on a day when the list breaks, or our
 * management key is refused, nothing at all is judged. Only a key that carries our mark and belongs to a deployment
 * of this database may be deleted, and its row is read again right before.
 */
#include "sweep.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "moves.h"
#include "settings.h"

enum { CHUNK = 1000, MARK_LEN = 12 };

/* A row's fields; `resource` is this service's own. */
#define ROW_SQL                                                                                    \
    "select d.id, coalesce(r.notes ->> 'name', '" KEY_MARK "' || right(d.id::text, 12)) as name, " \
    "d.status = 'DESTROYED' as destroyed, r.id is not null as has_row, "                           \
    "coalesce(r.state, '') as state, coalesce(r.goal, '') = 'up' as up, "                          \
    "coalesce(r.busy, false) as busy, coalesce(r.failed, false) as failed, "                       \
    "coalesce(r.notes ->> 'hash', '') as hash "                                                    \
    "from deployments d left join resource r on r.id = d.id "

static const char named_sql[] =
    ROW_SQL "where right(d.id::text, 12) in (select jsonb_array_elements_text($1::jsonb)) "
            "limit 10000";
static const char one_sql[] = ROW_SQL "where d.id = $1::uuid";
static const char issued_sql[] =
    ROW_SQL "where r.state = 'issued' and r.goal = 'up' and r.id > $1::uuid order by r.id "
            "limit 1000";

/* The list by hash, to ask it whether it holds one. */
struct world {
    struct sweep_look *look;
    struct openrouter at;
    struct openrouter_keys keys;
    const char **hashes;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool listed(const struct world *w, const char *hash)
{
    return w->keys.n > 0 && bsearch(&hash, w->hashes, w->keys.n, sizeof hash, by_text);
}

static const char *keep(struct world *w, const struct rows *rows, int i, const char *column)
{
    return arena_strdup(w->look->arena, rows_text(rows, i, column));
}

static struct key_row read_row(struct world *w, const struct rows *rows, int i)
{
    return (struct key_row){
        .id = keep(w, rows, i, "id"),
        .name = keep(w, rows, i, "name"),
        .state = keep(w, rows, i, "state"),
        .hash = keep(w, rows, i, "hash"),
        .exists = rows_bool(rows, i, "has_row"),
        .up = rows_bool(rows, i, "up"),
        .busy = rows_bool(rows, i, "busy"),
        .failed = rows_bool(rows, i, "failed"),
        .destroyed = rows_bool(rows, i, "destroyed"),
    };
}

/* One key's trouble is its own: not `known`, it is skipped under the name that a finding about it has. */
static struct err still_there(struct world *w, const char *hash, const char *subject, bool *ret,
                              bool *ret_known)
{
    struct err e = openrouter_key_exists(&w->at, hash, ret);

    *ret_known = !failed(e);
    if (sweep_is_over(&e)) {
        return e;
    }
    if (failed(e)) {
        sweep_skipped(w->look, subject);
    }
    return OK;
}

/* What may still be spent with it, in cents, rounded up. */
static void tell_cap(struct finding *f, const struct openrouter_key *key)
{
    if (key->left_micro >= 0) {
        f->money = MONEY_CAP;
        f->cents = (key->left_micro + 9999) / 10000;
    }
}

/* The row may have changed since: judged once more, then at once. Deleting what is gone succeeds. */
static struct err delete_if_still_so(struct world *w, const struct openrouter_key *key,
                                     const char *id, struct finding *f)
{
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, one_sql, P(id)));
    if (rows_count(rows) != 1) {
        return OK;
    }
    struct key_row row = read_row(w, rows, 0);
    if (!key_judge(key, &row, listed(w, row.hash), clock_unix_us() / 1000000).delete) {
        f->words = "Its row was changed while we looked; the next sweep looks again";
        return OK;
    }
    struct err e = openrouter_key_delete(&w->at, key->hash);
    if (sweep_is_over(&e)) {
        return e;
    }
    if (failed(e)) {
        f->words =
            arena_printf(w->look->arena, "%s. It could not be deleted: %s", f->words, e.text);
        return OK;
    }
    f->resolved = "revoked";
    f->words =
        key->spent_micro > 0
            ? arena_printf(w->look->arena, "%s. Deleted; $%.2f had been spent with it", f->words,
                           (double)key->spent_micro / 1e6)
            : arena_printf(w->look->arena, "%s. Deleted; nothing had been spent with it", f->words);
    return OK;
}

static struct err judge(struct world *w, const struct openrouter_key *key,
                        const struct key_row *row)
{
    bool own = row && listed(w, row->hash), exists = true, known = true;
    struct key_verdict v = key_judge(key, row, own, clock_unix_us() / 1000000);

    if (v.kind && v.delete) { /* it may have been revoked since it was listed */
        TRY(still_there(w, key->hash, key->hash, &exists, &known));
    }
    if (!v.kind || !exists || !known) {
        return OK;
    }
    struct finding *f = sweep_found(w->look, v.kind, key->hash);
    f->words = arena_printf(w->look->arena, "%s (%.100s)", v.words, key->name);
    f->deployment = row ? row->id : NULL;
    tell_cap(f, key);
    return v.delete &&row ? delete_if_still_so(w, key, row->id, f) : OK;
}

/* The one row of that name; NULL when there is none, or it can not be told which. */
static const struct key_row *row_of(const struct key_row *rows, int n, const char *name)
{
    const struct key_row *found = NULL;

    for (int i = 0; i < n; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            if (found) {
                return NULL;
            }
            found = &rows[i];
        }
    }
    return found;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct key_row *)a)->name, ((const struct key_row *)b)->name);
}

/* The rows of that name stand together. */
static const struct key_row *lookup(const struct key_row *rows, int n, const char *name)
{
    struct key_row wanted = {.name = name};
    const struct key_row *at =
        n > 0 ? bsearch(&wanted, rows, (size_t)n, sizeof *rows, by_name) : NULL;

    while (at && at > rows && strcmp(at[-1].name, name) == 0) {
        at--;
    }
    int rest = at ? n - (int)(at - rows) : 0, same = 0;
    while (same < rest && strcmp(at[same].name, name) == 0) {
        same++;
    }
    return row_of(at, same, name);
}

/* The deployments that `n` keys from `first` on may belong to, by the end of their names. */
static struct err load_rows(struct world *w, size_t first, size_t n, struct key_row **ret,
                            int *ret_n)
{
    json_auto_t *marks = json_array();
    ROWS *rows = NULL;

    for (size_t i = first; i < first + n; i++) {
        const char *name = w->keys.key[i].name;
        size_t len = strlen(name);
        (void)json_array_append_new(marks,
                                    json_string(len > MARK_LEN ? name + len - MARK_LEN : name));
    }
    char *text = json_dumps(marks, JSON_COMPACT);
    if (!text) {
        abort();
    }
    const char *kept = arena_strdup(w->look->arena, text);
    free(text);
    TRY(db_exec(w->look->db, &rows, named_sql, P(kept)));
    *ret_n = rows_count(rows);
    *ret = arena_alloc(w->look->arena, ((size_t)*ret_n + 1) * sizeof **ret);
    for (int i = 0; i < *ret_n; i++) {
        (*ret)[i] = read_row(w, rows, i);
    }
    qsort(*ret, (size_t)*ret_n, sizeof **ret, by_name);
    return OK;
}

static struct err judge_keys(struct world *w)
{
    for (size_t first = 0; first < w->keys.n; first += CHUNK) {
        size_t n = w->keys.n - first < CHUNK ? w->keys.n - first : CHUNK;
        struct key_row *rows = NULL;
        int n_rows = 0;

        TRY(load_rows(w, first, n, &rows, &n_rows));
        for (size_t i = first; i < first + n; i++) {
            TRY(judge(w, &w->keys.key[i], lookup(rows, n_rows, w->keys.key[i].name)));
        }
    }
    return OK;
}

/* Pages shift when a key is deleted meanwhile: what the list does not show is asked for by name. */
static struct err judge_missing(struct world *w, const struct key_row *row)
{
    bool exists = false, known = true;

    if (!key_expected(row) || listed(w, row->hash)) {
        return OK;
    }
    if (row->hash[0]) {
        TRY(still_there(w, row->hash, row->name, &exists, &known));
    }
    if (!exists && known) {
        struct finding *f = sweep_found(w->look, "row without its key", row->name);
        f->deployment = row->id;
        f->words = "OpenRouter has no such key: somebody deleted it, and this deployment can no "
                   "longer use a model. Destroy it, or replay it from its key";
    }
    return OK;
}

static struct err judge_rows(struct world *w)
{
    const char *last = "00000000-0000-0000-0000-000000000000";

    for (;;) {
        ROWS *rows = NULL;
        TRY(db_exec(w->look->db, &rows, issued_sql, P(last)));
        int n = rows_count(rows);
        for (int i = 0; i < n; i++) {
            struct key_row row = read_row(w, rows, i);
            TRY(judge_missing(w, &row));
            last = row.id;
        }
        if (n < CHUNK) {
            return OK;
        }
        TRY(sweep_may_go_on(w->look));
    }
}

struct err keys_sweep(struct sweep_look *look)
{
    struct world w = {
        .look = look,
        .at = {.http = look->http,
               .arena = look->arena,
               .url = key_settings.url,
               .management_key = key_settings.management_key,
               .before = sweep_may_go_on,
               .context = look},
    };

    TRY(openrouter_keys_marked(&w.at, KEY_MARK, &w.keys));
    look->looked = (int)w.keys.seen;
    w.hashes = arena_alloc(look->arena, (w.keys.n + 1) * sizeof *w.hashes);
    for (size_t i = 0; i < w.keys.n; i++) {
        w.hashes[i] = w.keys.key[i].hash;
    }
    qsort(w.hashes, w.keys.n, sizeof *w.hashes, by_text);
    TRY(judge_keys(&w));
    return judge_rows(&w);
}
