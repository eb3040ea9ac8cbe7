/*
 * The ovh-orderer's sweep: what the OVH account holds (machines, carts, bills) against our rows.
 *
 * Lists first, each one call; single things are looked at only where a list and the rows do not agree, a limited
 * number in one sweep, taking turns. What does not carry our mark is counted and left alone. The judges are pure:
 * what is known in, what to do next out.
 */
#pragma once

#include "ovh.h"
#include "service/sweep.h"

struct err servers_sweep(struct sweep_look *look) MUST_CHECK;

struct servers_world {
    struct sweep_look *look;
    struct ovh ovh;
};

/* The chapters. */
struct err machines_sweep(struct servers_world *w) MUST_CHECK;
struct err carts_sweep(struct servers_world *w) MUST_CHECK;
struct err bills_sweep(struct servers_world *w) MUST_CHECK;

/* ---- our side: sweep_rows.c */

/* A deployment, and its server's row. Texts are "" when absent. */
struct server_row {
    const char *id, *state, *service, *cart, *dead_carts;
    int64_t order; /* 0: none                                                  */
    int64_t cents; /* what it costs a month; < 0: unknown                      */
    bool exists;   /* there is a row                                           */
    bool up, busy, parked, failed;
    bool settled;   /* in its state for ten minutes and more                   */
    bool destroyed; /* the deployment                                          */
};

struct server_rows {
    struct server_row *row;
    int n;
};

/* Nothing of it should be left at OVH. */
bool server_row_gone(const struct server_row *row);

/* Rows with a machine: those not released, and those of the `names`; sorted by service. */
struct err rows_with_machines(struct servers_world *w, const struct ovh_names *names,
                              struct server_rows *ret) MUST_CHECK;
/* Rows that have or await a machine, of deployments in ERROR about which nobody decided anything for three days; and those
 * that await it for as long to release it. */
struct err rows_stranded(struct servers_world *w, struct server_rows *ret) MUST_CHECK;
/* `ret->id` is NULL when there is no such deployment; with the end of an id also when there are two. */
struct err row_by_id(struct servers_world *w, const char *id, struct server_row *ret) MUST_CHECK;
struct err row_by_mark(struct servers_world *w, const char *mark,
                       struct server_row *ret) MUST_CHECK;
/* What our last server of that plan cost a month; < 0: unknown. */
struct err price_of_plan(struct servers_world *w, const char *plan, int64_t *ret) MUST_CHECK;
/* A list as PostgreSQL takes it. */
const char *names_json(struct servers_world *w, const struct ovh_names *names);

/* A name with the end of a deployment's id, as our machines have; else NULL. */
const char *mark_of(const char *display_name);

/* ---- the judges */

struct machine {
    const char *name;
    const struct ovh_vps *vps;         /* NULL: not looked at yet                            */
    const struct ovh_service *service; /* NULL: not asked yet                                */
};
enum machine_next { MACHINE_DONE, MACHINE_LOOK, MACHINE_ASK_END, MACHINE_RELEASE, MACHINE_ADOPT };
struct verdict {
    enum machine_next next;
    bool drop;        /* a cart */
    const char *kind; /* NULL: nothing to say */
    const char *words;
};
/* `row` has that machine by its notes, `marked` is the deployment its name tells; each may be NULL. */
struct verdict machine_judge(const struct machine *m, const struct server_row *row,
                             const struct server_row *marked);

/* `row`: the deployment that the description names. `now`: OVH's time. */
struct verdict cart_judge(const char *id, const struct ovh_found_cart *cart,
                          const struct server_row *row, int64_t now);
