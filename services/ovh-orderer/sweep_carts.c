/* Carts: those that nobody will fill or check out any more are deleted (thousands of them slow an account down). */
#include <string.h>

#include "base/ids.h"
#include "moves.h"
#include "sweep.h"

enum { LOOKS_MAX = 40 };

/* A cart its row knows, and whose row is alive or ordered by it, is as it should be. */
static const char known_sql[] =
    "select notes ->> 'cart' as cart from resource "
    "where notes ->> 'cart' in (select jsonb_array_elements_text($1::jsonb)) "
    "and (state <> 'released' or notes ->> 'order_id' is not null)";

/* The deployment a description names; NULL when it names none. */
static const char *deployment_of(const char *description)
{
    size_t len = strlen(OUR_MARK);
    bool ours = strncmp(description, OUR_MARK, len) == 0 && id_valid(description + len);

    return ours ? description + len : NULL;
}

static struct err drop(struct servers_world *w, const char *id, const struct ovh_found_cart *cart,
                       struct finding *f)
{
    struct server_row fresh;

    TRY(row_by_id(w, f->deployment, &fresh));
    if (!fresh.id || !cart_judge(id, cart, &fresh, ovh_now()).drop) {
        f->words = "Its row was changed while we looked; the next sweep looks again";
        return OK;
    }
    struct err e = ovh_cart_drop(&w->ovh, id);
    if (sweep_is_over(&e)) {
        return e;
    }
    if (failed(e)) {
        f->words =
            arena_printf(w->look->arena, "%s. It could not be deleted: %s", f->words, e.text);
    } else {
        f->resolved = "dropped";
    }
    return OK;
}

static struct err judge(struct servers_world *w, const char *id)
{
    struct ovh_found_cart cart;
    struct server_row row;

    TRY(ovh_cart_look(&w->ovh, id, &cart));
    const char *deployment = deployment_of(cart.description);
    if (!deployment) {
        return OK;
    }
    TRY(row_by_id(w, deployment, &row));
    struct verdict v = cart_judge(id, &cart, row.id ? &row : NULL, ovh_now());
    if (!v.kind) {
        return OK;
    }
    struct finding *f = sweep_found(w->look, v.kind, id);
    f->words = v.words;
    f->deployment = row.id;
    f->money = v.drop || row.cents < 0 ? MONEY_NONE : MONEY_MONTH;
    f->cents = row.cents;
    return v.drop ? drop(w, id, &cart, f) : OK;
}

static struct err known_carts(struct servers_world *w, const struct ovh_names *listed,
                              struct ovh_names *ret)
{
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, known_sql, P(names_json(w, listed))));
    int n = rows_count(rows);
    const char **name = arena_alloc(w->look->arena, ((size_t)n + 1) * sizeof *name);
    for (int i = 0; i < n; i++) {
        name[i] = arena_strdup(w->look->arena, rows_text(rows, i, "cart"));
    }
    *ret = (struct ovh_names){.name = name, .n = (size_t)n};
    return OK;
}

struct err carts_sweep(struct servers_world *w)
{
    struct ovh_names listed, known;
    size_t n = 0;

    TRY(ovh_names(&w->ovh, "/order/cart", &listed));
    w->look->looked += (int)listed.n;
    TRY(known_carts(w, &listed, &known));
    const char **odd = arena_alloc(w->look->arena, (listed.n + 1) * sizeof *odd);
    for (size_t i = 0; i < listed.n; i++) {
        if (!ovh_names_hold(&known, listed.name[i])) {
            odd[n++] = listed.name[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        bool in_turn = sweep_in_turn(w->look, i, n, LOOKS_MAX);
        struct err e = in_turn ? judge(w, odd[i]) : OK;
        if (sweep_is_over(&e)) {
            return e;
        }
        if (failed(e) || !in_turn) {
            sweep_skipped(w->look, odd[i]);
        }
    }
    return OK;
}
