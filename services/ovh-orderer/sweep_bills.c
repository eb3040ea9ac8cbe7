/* Bills: what OVH charged the account in the last days, and which of it no row of ours ordered. */
#include <string.h>

#include "sweep.h"

enum { READS_MAX = 60, DAYS = 7, DAY_S = 86400 };

/* A bill never changes, so each is read once. */
static const char unread_sql[] = "select name from jsonb_array_elements_text($1::jsonb) name "
                                 "where not exists (select from bills where bill = name)";
static const char keep_sql[] =
    "insert into bills (bill, order_id, cents, currency) values ($1, $2::bigint, "
    "nullif($3::bigint, -1), $4) on conflict do nothing";
static const char forget_sql[] = "delete from bills where read_at < now() - interval '400 days'";
/* An order that was never paid has no bill, so its row must have come to a server, or still be after it. */
static const char nobodys_sql[] =
    "select b.bill, b.order_id, coalesce(b.cents, -1) as cents, b.currency, "
    "coalesce(g.id::text, '') as given_up_by, coalesce(g.goal = 'up', false) as up from bills b "
    "left join resource g on g.notes ->> 'order_id' = b.order_id::text "
    "where b.bill in (select jsonb_array_elements_text($1::jsonb)) and b.order_id > 0 "
    "and (g.id is null or ((g.state in ('refused', 'cancelled', 'released') or g.failed and "
    "g.state = 'ordered') "
    "                      and g.notes ->> 'service_name' is null)) "
    "and not exists (select from resource r where "
    "  b.order_id::text = any (string_to_array(r.notes ->> 'past_orders', ' '))) "
    "order by b.bill";

static struct err read_one(struct servers_world *w, const char *name)
{
    struct ovh_bill bill;
    struct err e = ovh_bill(&w->ovh, name, &bill);

    if (sweep_is_over(&e)) {
        return e;
    }
    if (failed(e)) {
        return OK; /* the next sweep reads it */
    }
    return db_exec(w->look->db, NULL, keep_sql, P(name), P(bill.order),
                   P(bill.cents < 0 ? (int64_t)-1 : bill.cents), P(bill.currency));
}

static struct err read_new(struct servers_world *w, const char *listed)
{
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, unread_sql, P(listed)));
    for (int i = 0; i < rows_count(rows) && i < READS_MAX; i++) {
        TRY(read_one(w, arena_strdup(w->look->arena, rows_text(rows, i, "name"))));
    }
    return db_exec(w->look->db, NULL, forget_sql);
}

struct err bills_sweep(struct servers_world *w)
{
    struct arena *arena = w->look->arena;
    struct ovh_names names;
    ROWS *rows = NULL;

    TRY(ovh_bills_since(&w->ovh, ovh_now() - (int64_t)DAYS * DAY_S, &names));
    w->look->looked += (int)names.n;
    const char *listed = names_json(w, &names);
    TRY(read_new(w, listed));
    TRY(db_exec(w->look->db, &rows, nobodys_sql, P(listed)));
    for (int i = 0; i < rows_count(rows); i++) {
        int64_t cents = rows_int(rows, i, "cents");
        struct finding *f = sweep_found(w->look, "unknown bill", rows_text(rows, i, "bill"));
        f->money = cents < 0 ? MONEY_NONE : MONEY_ONCE;
        f->cents = cents;
        f->currency = arena_strdup(arena, rows_text(rows, i, "currency"));
        const char *given_up_by = rows_text(rows, i, "given_up_by");
        if (*given_up_by) {
            f->kind = "bill of an order that was given up";
            f->deployment = arena_strdup(arena, given_up_by);
            f->words = arena_printf(
                arena, "OVH billed order %s, which its deployment had taken for unpaid; %s",
                rows_text(rows, i, "order_id"),
                rows_bool(rows, i, "up") ? "retry it to use the server, or destroy it"
                                         : "an operator must find its server at OVH and end it");
            continue;
        }
        f->words =
            arena_printf(arena,
                         "OVH billed order %s, which none of our deployments made: a renewal, "
                         "somebody else's order, or one lost with a backup",
                         rows_text(rows, i, "order_id"));
    }
    return OK;
}
