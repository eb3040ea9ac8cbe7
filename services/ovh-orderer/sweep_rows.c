/* Our side of the sweep: the rows, as far as machines and carts at OVH are compared with them. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "moves.h"
#include "sweep.h"

enum { MARK_LEN = 12 };

/* `resource` and `bills` are this service's own. */
#define ROW_SQL                                                                                    \
    "select d.id, coalesce(r.state, '') as state, r.id is not null as has_row, "                   \
    "coalesce(r.goal, '') = 'up' as up, coalesce(r.busy, false) as busy, "                         \
    "coalesce(r.parked, false) as parked, coalesce(r.failed, false) as failed, d.status = "        \
    "'DESTROYED' as destroyed, "                                                                   \
    "coalesce(r.state_since < now() - interval '10 minutes', false) as settled, "                  \
    "coalesce(r.notes ->> 'service_name', '') as service, "                                        \
    "coalesce(r.notes ->> 'cart', '') as cart, "                                                   \
    "coalesce(r.notes ->> 'dead_carts', '') as dead_carts, "                                       \
    "coalesce((r.notes ->> 'order_id')::bigint, 0) as order_id, "                                  \
    "coalesce((r.notes ->> 'price_cents')::bigint, (select b.cents from bills b "                  \
    "where b.order_id = (r.notes ->> 'order_id')::bigint order by b.read_at limit 1), -1) "        \
    "as cents from deployments d left join resource r on r.id = d.id "

static const char with_machines_sql[] =
    ROW_SQL "where r.notes ->> 'service_name' in (select jsonb_array_elements_text($1::jsonb)) "
            "union " ROW_SQL
            "where r.state <> 'released' and r.notes ->> 'service_name' is not null limit 10000";
static const char stranded_sql[] = ROW_SQL
    "where greatest(d.decided_at, r.state_since) < now() - interval '3 days' "
    "and case d.status when 'DESTROYING' then r.goal = 'down' and r.state in ('paid', 'late') "
    "when 'ERROR' then r.goal = 'up' and r.state <> 'released' "
    "and (r.state in ('paid', 'late') or r.notes ->> 'service_name' is not null) "
    "else false end order by d.id";
static const char by_id_sql[] = ROW_SQL "where d.id = $1::uuid";
static const char by_mark_sql[] = ROW_SQL "where right(d.id::text, 12) = $1 limit 2";

static const char price_sql[] =
    "select (notes ->> 'price_cents')::bigint as cents from resource "
    "where notes ->> 'plan' = $1 and notes ->> 'price_cents' is not null "
    "order by created_at desc limit 1";

bool server_row_gone(const struct server_row *row)
{
    return row->exists ? strcmp(row->state, "released") == 0 : row->destroyed;
}

const char *mark_of(const char *display_name)
{
    size_t len = strlen(OUR_MARK);

    if (strncmp(display_name, OUR_MARK, len) != 0 || strlen(display_name) != len + MARK_LEN ||
        strspn(display_name + len, "0123456789abcdef") != MARK_LEN) {
        return NULL;
    }
    return display_name + len;
}

const char *names_json(struct servers_world *w, const struct ovh_names *names)
{
    json_auto_t *all = json_array();

    for (size_t i = 0; i < names->n; i++) {
        (void)json_array_append_new(all, json_string(names->name[i]));
    }
    char *text = json_dumps(all, JSON_COMPACT);
    if (!text) {
        abort();
    }
    const char *kept = arena_strdup(w->look->arena, text);
    free(text);
    return kept;
}

static struct server_row read_row(struct servers_world *w, const struct rows *rows, int i)
{
    struct arena *arena = w->look->arena;

    return (struct server_row){
        .id = arena_strdup(arena, rows_text(rows, i, "id")),
        .state = arena_strdup(arena, rows_text(rows, i, "state")),
        .service = arena_strdup(arena, rows_text(rows, i, "service")),
        .cart = arena_strdup(arena, rows_text(rows, i, "cart")),
        .dead_carts = arena_strdup(arena, rows_text(rows, i, "dead_carts")),
        .order = rows_int(rows, i, "order_id"),
        .cents = rows_int(rows, i, "cents"),
        .exists = rows_bool(rows, i, "has_row"),
        .up = rows_bool(rows, i, "up"),
        .busy = rows_bool(rows, i, "busy"),
        .parked = rows_bool(rows, i, "parked"),
        .failed = rows_bool(rows, i, "failed"),
        .settled = rows_bool(rows, i, "settled"),
        .destroyed = rows_bool(rows, i, "destroyed"),
    };
}

static int by_service(const void *a, const void *b)
{
    return strcmp(((const struct server_row *)a)->service, ((const struct server_row *)b)->service);
}

static void read_all(struct servers_world *w, const struct rows *rows, struct server_rows *ret)
{
    ret->n = rows_count(rows);
    ret->row = arena_alloc(w->look->arena, ((size_t)ret->n + 1) * sizeof *ret->row);
    for (int i = 0; i < ret->n; i++) {
        ret->row[i] = read_row(w, rows, i);
    }
    qsort(ret->row, (size_t)ret->n, sizeof *ret->row, by_service);
}

struct err rows_with_machines(struct servers_world *w, const struct ovh_names *names,
                              struct server_rows *ret)
{
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, with_machines_sql, P(names_json(w, names))));
    read_all(w, rows, ret);
    return ret->n < SWEEP_ROWS_MAX
               ? OK
               : permanent("more than %d servers: the sweep can not compare them all",
                           SWEEP_ROWS_MAX);
}

struct err rows_stranded(struct servers_world *w, struct server_rows *ret)
{
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, stranded_sql));
    read_all(w, rows, ret);
    return OK;
}

/* Of none, and of two, nothing is said. */
static void the_one(struct servers_world *w, const struct rows *rows, struct server_row *ret)
{
    *ret = (struct server_row){0};
    if (rows_count(rows) == 1) {
        *ret = read_row(w, rows, 0);
    }
}

struct err row_by_id(struct servers_world *w, const char *id, struct server_row *ret)
{
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, by_id_sql, P(id)));
    the_one(w, rows, ret);
    return OK;
}

struct err row_by_mark(struct servers_world *w, const char *mark, struct server_row *ret)
{
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, by_mark_sql, P(mark)));
    the_one(w, rows, ret);
    return OK;
}

struct err price_of_plan(struct servers_world *w, const char *plan, int64_t *ret)
{
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, price_sql, P(plan)));
    *ret = rows_count(rows) == 1 ? rows_int(rows, 0, "cents") : -1;
    return OK;
}
