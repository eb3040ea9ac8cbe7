/* Our side of the sweep: the rows, as far as keys at OpenRouter are compared with them. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "moves.h"
#include "sweep.h"

enum { MARK_LEN = 12 };

/* A row's fields; `resource` is this service's own. */
#define ROW_SQL                                                                                    \
    "select d.id, coalesce(r.notes ->> 'name', '" KEY_MARK "' || right(d.id::text, 12)) as name, " \
    "d.status = 'DESTROYED' as destroyed, r.id is not null as has_row, "                           \
    "coalesce(r.state, '') as state, coalesce(r.goal, '') = 'up' as up, "                          \
    "coalesce(r.busy, false) as busy, coalesce(r.failed, false) as failed, "                       \
    "coalesce(r.notes ->> 'hash', '') as hash, coalesce(r.notes ->> 'spent', '') as spent, "       \
    "coalesce(extract(epoch from r.state_since)::bigint, 0) as since "                             \
    "from deployments d left join resource r on r.id = d.id "

static const char named_sql[] =
    ROW_SQL "where right(d.id::text, 12) in (select jsonb_array_elements_text($1::jsonb)) "
            "limit 10000";
static const char one_sql[] = ROW_SQL "where d.id = $1::uuid";
static const char issued_sql[] =
    ROW_SQL "where r.state = 'issued' and r.goal = 'up' and r.id > $1::uuid order by r.id "
            "limit 1000";

static const char adopt_sql[] =
    "update resource set notes = notes || jsonb_build_object('hash', $2::text) "
    "where id = $1::uuid and state = 'issued' and goal = 'up' and not busy and not failed "
    "and coalesce(notes ->> 'hash', '') = $3 "
    "and not exists (select from resource o where o.notes ->> 'hash' = $2)";

/* The sum beside it is left as it was when the key was issued: what events tell of the cap goes with that. */
static const char spent_sql[] =
    "update resource set notes = notes || jsonb_build_object('spent', $2::text) "
    "where id = $1::uuid and state = 'issued' and goal = 'up' and not busy "
    "and coalesce(notes ->> 'spent', '') = $3";

static const char *keep(struct keys_world *w, const struct rows *rows, int i, const char *column)
{
    return arena_strdup(w->look->arena, rows_text(rows, i, column));
}

static struct key_row read_row(struct keys_world *w, const struct rows *rows, int i)
{
    return (struct key_row){
        .id = keep(w, rows, i, "id"),
        .name = keep(w, rows, i, "name"),
        .state = keep(w, rows, i, "state"),
        .hash = keep(w, rows, i, "hash"),
        .spent = keep(w, rows, i, "spent"),
        .since = rows_int(rows, i, "since"),
        .exists = rows_bool(rows, i, "has_row"),
        .up = rows_bool(rows, i, "up"),
        .busy = rows_bool(rows, i, "busy"),
        .failed = rows_bool(rows, i, "failed"),
        .destroyed = rows_bool(rows, i, "destroyed"),
    };
}

static void read_all(struct keys_world *w, const struct rows *rows, struct key_rows *ret)
{
    ret->n = rows_count(rows);
    ret->row = arena_alloc(w->look->arena, ((size_t)ret->n + 1) * sizeof *ret->row);
    for (int i = 0; i < ret->n; i++) {
        ret->row[i] = read_row(w, rows, i);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct key_row *)a)->name, ((const struct key_row *)b)->name);
}

/* Those of that name stand together. */
const struct key_row *key_rows_find(const struct key_rows *rows, const char *name)
{
    struct key_row wanted = {.name = name};
    const struct key_row *end = rows->row + rows->n;
    const struct key_row *at =
        rows->n > 0 ? bsearch(&wanted, rows->row, (size_t)rows->n, sizeof wanted, by_name) : NULL;
    bool two = at && ((at > rows->row && strcmp(at[-1].name, name) == 0) ||
                      (at + 1 < end && strcmp(at[1].name, name) == 0));

    return two ? NULL : at;
}

struct err key_rows_named(struct keys_world *w, size_t first, size_t n, struct key_rows *ret)
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
    read_all(w, rows, ret);
    qsort(ret->row, (size_t)ret->n, sizeof *ret->row, by_name);
    return OK;
}

struct err key_rows_issued(struct keys_world *w, const char *last, struct key_rows *ret)
{
    const char *after = last[0] ? last : "00000000-0000-0000-0000-000000000000";
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, issued_sql, P(after)));
    read_all(w, rows, ret);
    return OK;
}

struct err key_row_by_id(struct keys_world *w, const char *id, struct key_row *ret)
{
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, one_sql, P(id)));
    *ret = rows_count(rows) == 1 ? read_row(w, rows, 0) : (struct key_row){0};
    return OK;
}

struct err key_row_adopt(struct keys_world *w, const struct key_row *row, const char *hash,
                         bool *ret)
{
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, adopt_sql, P(row->id), P(hash), P(row->hash)));
    *ret = rows_affected(rows) == 1;
    return OK;
}

struct err key_row_spent(struct keys_world *w, const struct key_row *row, const char *spent,
                         bool *ret)
{
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, spent_sql, P(row->id), P(spent), P(row->spent)));
    *ret = rows_affected(rows) == 1;
    return OK;
}
