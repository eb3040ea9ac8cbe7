/* Machines: GET /vps against the rows, and the rows against GET /vps. */
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "moves.h"
#include "sweep.h"

enum { LOOKS_MAX = 40, READS_MAX = 3 };

static const char adopt_sql[] =
    "update resource set due_at = now(), failed = false, tries = 0, backoff_s = null "
    "where id = $1::uuid and not busy and not parked and state = 'paid' "
    "and notes ->> 'service_name' is null";

/* One machine, and what has been learned about it so far. */
struct inquiry {
    struct machine machine;
    struct ovh_vps vps;
    struct ovh_service service;
    const struct server_row *row;
    struct server_row marked;
};

static const struct server_row *marked_of(const struct inquiry *q)
{
    return q->marked.id ? &q->marked : NULL;
}

static struct verdict judged(const struct inquiry *q)
{
    return machine_judge(&q->machine, q->row, marked_of(q));
}

static struct err look(struct servers_world *w, struct inquiry *q)
{
    TRY(ovh_vps_look(&w->ovh, q->machine.name, &q->vps));
    q->machine.vps = &q->vps;
    const char *mark = mark_of(q->vps.display_name);
    return mark ? row_by_mark(w, mark, &q->marked) : OK;
}

static struct err ask_end(struct servers_world *w, struct inquiry *q)
{
    struct err e = ovh_service(&w->ovh, q->machine.name, &q->service);

    q->service.ends = q->service.ends || ovh_absent(e); /* it has ended */
    q->machine.service = &q->service;
    return ovh_absent(e) ? OK : e;
}

static struct err tell_price(struct servers_world *w, const struct inquiry *q, struct finding *f)
{
    const struct server_row *row = q->row ? q->row : marked_of(q);
    int64_t cents = row && strcmp(row->service, q->machine.name) == 0 ? row->cents : -1;

    if (cents < 0 && q->machine.vps) {
        TRY(price_of_plan(w, q->vps.plan, &cents));
    }
    f->money = cents < 0 ? MONEY_NONE : MONEY_MONTH;
    f->cents = cents;
    return OK;
}

/* The row may have changed since. */
static struct err still_so(struct servers_world *w, struct inquiry *q, enum machine_next what,
                           bool *ret)
{
    struct server_row fresh = {0};

    TRY(row_by_id(w, q->row ? q->row->id : q->marked.id, &fresh));
    *ret = fresh.id && machine_judge(&q->machine, q->row ? &fresh : NULL, &fresh).next == what;
    return OK;
}

/* Asking for the same end twice changes nothing; done when it is read back. */
static struct err release(struct servers_world *w, struct inquiry *q, struct finding *f)
{
    struct arena *arena = w->look->arena;
    bool same = false;

    TRY(still_so(w, q, MACHINE_RELEASE, &same));
    if (!same) {
        f->words = "Its row was changed while we looked; the next sweep looks again";
        return OK;
    }
    struct err e = ovh_service_end(&w->ovh, q->machine.name);
    if (e.kind == ERR_NOT_YET) {
        TRY(sweep_may_go_on(w->look));
    } else if (sweep_is_over(&e)) {
        return e;
    }
    if (e.kind == ERR_NOT_YET || e.kind == ERR_PERMANENT) {
        f->words = arena_printf(arena, "%s. It could not be ended yet: %s", f->words, e.text);
        return OK;
    }
    for (int i = 0; i < READS_MAX && !q->service.ends; i++) {
        TRY(ask_end(w, q));
    }
    if (!q->service.ends) {
        f->words =
            arena_printf(arena, "%s. OVH was asked to end it and does not show that yet", f->words);
        return OK;
    }
    f->resolved = "released";
    f->words = arena_printf(arena, "%s. Released: it ends on %.10s", f->words,
                            q->service.expiration[0] ? q->service.expiration : "its date");
    return OK;
}

static struct err adopt(struct servers_world *w, const struct inquiry *q, struct finding *f)
{
    ROWS *rows = NULL;

    TRY(db_exec(w->look->db, &rows, adopt_sql, P(q->marked.id)));
    if (rows_affected(rows) == 1) {
        f->resolved = "adopted";
    }
    return OK;
}

static struct err conclude(struct servers_world *w, struct inquiry *q, struct verdict v)
{
    const struct server_row *row = q->row ? q->row : marked_of(q);

    if (!v.kind) {
        return OK;
    }
    struct finding *f = sweep_found(w->look, v.kind, q->machine.name);
    f->words = v.words;
    f->deployment = row ? row->id : NULL;
    TRY(tell_price(w, q, f));
    return v.next == MACHINE_RELEASE ? release(w, q, f)
           : v.next == MACHINE_ADOPT ? adopt(w, q, f)
                                     : OK;
}

/* Refused for one machine only, while the list of all was given: its trouble is its own. */
static bool is_over(const struct err *e)
{
    return e->code != 403 && sweep_is_over(e);
}

/* Asks as long as the judge needs to know more; one machine's trouble is its own. */
static struct err inquire(struct servers_world *w, const char *name, const struct server_row *row)
{
    struct inquiry q = {.machine = {.name = name}, .row = row};

    for (;;) {
        struct verdict v = judged(&q);
        if (v.next != MACHINE_LOOK && v.next != MACHINE_ASK_END) {
            return conclude(w, &q, v);
        }
        struct err e = v.next == MACHINE_LOOK ? look(w, &q) : ask_end(w, &q);
        if (is_over(&e)) {
            return e;
        }
        if (failed(e)) {
            sweep_skipped(w->look, name);
            return OK;
        }
    }
}

static int by_service(const void *a, const void *b)
{
    return strcmp(((const struct server_row *)a)->service, ((const struct server_row *)b)->service);
}

static const struct server_row *row_of(const struct server_rows *rows, const char *name)
{
    struct server_row wanted = {.service = name};

    return rows->n > 0 ? bsearch(&wanted, rows->row, (size_t)rows->n, sizeof wanted, by_service)
                       : NULL;
}

/* What is listed: machines that a live row has need no look. */
static struct err judge_listed(struct servers_world *w, const struct ovh_names *names,
                               const struct server_rows *rows)
{
    const char **odd = arena_alloc(w->look->arena, (names->n + 1) * sizeof *odd);
    size_t n = 0;

    for (size_t i = 0; i < names->n; i++) {
        const struct server_row *row = row_of(rows, names->name[i]);
        if (!row || server_row_gone(row)) {
            odd[n++] = names->name[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (sweep_in_turn(w->look, i, n, LOOKS_MAX)) {
            TRY(inquire(w, odd[i], row_of(rows, odd[i])));
        } else {
            sweep_skipped(w->look, odd[i]);
        }
    }
    return OK;
}

static struct err judge_missing(struct servers_world *w, const struct ovh_names *names,
                                const struct server_row *row)
{
    struct ovh_vps vps = {0};

    if (server_row_gone(row) || !row->up || !row->settled || ovh_names_hold(names, row->service)) {
        return OK;
    }
    struct err e = ovh_vps_look(&w->ovh, row->service, &vps);
    if (is_over(&e)) {
        return e;
    }
    if (failed(e)) {
        sweep_skipped(w->look, row->service);
    } else if (!vps.exists) {
        struct finding *f = sweep_found(w->look, "row without its server", row->service);
        f->deployment = row->id;
        f->money = row->cents < 0 ? MONEY_NONE : MONEY_MONTH;
        f->cents = row->cents;
        f->words =
            "OVH has no such server any more: somebody ended it. Destroy the deployment, and "
            "deploy again";
    }
    return OK;
}

static struct err judge_stranded(struct servers_world *w)
{
    struct server_rows rows;

    TRY(rows_stranded(w, &rows));
    for (int i = 0; i < rows.n; i++) {
        const struct server_row *row = &rows.row[i];
        const char *subject =
            row->service[0] ? row->service
                            : arena_printf(w->look->arena, "order %lld", (long long)row->order);
        struct finding *f = sweep_found(
            w->look, row->up ? "server of a failed deployment" : "order that is not delivered",
            subject);
        f->deployment = row->id;
        f->money = row->cents < 0 ? MONEY_NONE : MONEY_MONTH;
        f->cents = row->cents;
        f->words =
            row->up ? "Its deployment is in ERROR, and nobody has decided about it for more than "
                      "three days; retry it, or destroy it"
                    : "Its deployment was destroyed, and for more than three days OVH has shown no "
                      "server to release; ask OVH what became of it";
    }
    return OK;
}

struct err machines_sweep(struct servers_world *w)
{
    struct server_rows rows;
    struct ovh_names names;

    TRY(ovh_names(&w->ovh, "/vps", &names));
    w->look->looked += (int)names.n;
    TRY(rows_with_machines(w, &names, &rows));
    TRY(judge_listed(w, &names, &rows));
    for (int i = 0; i < rows.n; i++) {
        TRY(judge_missing(w, &names, &rows.row[i]));
    }
    return judge_stranded(w);
}
