/*
 * From the cart to an order: the one step that must not be taken twice by mistake.
 *
 * The order that a checkout makes is unpaid, costs nothing and dies after a day. Only an order whose id is
 * committed in this row is ever paid, so whatever is lost here costs nothing; still nothing is repeated
 * before it is known what became of the first try.
 */
#include <stdio.h>

#include "moves.h"

enum {
    CANDIDATES_MAX = 100, /* orders looked at; ours is among the first above the floor */
    CLOCK_SLACK_S = 120,
    ABANDONED_MAX = 2,
};

static struct err unsure(struct job *job)
{
    note_set_int(job, "checkout_until", ovh_now());
    job_go(job, "unsure");
    return OK;
}

/* A definite no, if the cart is still open: this plan in this datacenter is not for us, try the next. */
static struct err refused(struct job *job, const struct ovh *ovh, struct err e)
{
    const char *before = note(job, "refused");
    struct ovh_cart cart;

    TRY(ovh_cart_get(ovh, note(job, "cart"), &cart));
    if (cart.state != OVH_CART_OPEN) {
        return unsure(job);
    }
    note_set(job, "refused",
             arena_printf(job->arena, " %s/%s %.900s", note(job, "plan"), note(job, "datacenter"),
                          before ? before : ""));
    job_log(job, "%s in %s was refused: %s", note(job, "plan"), note(job, "datacenter"), e.text);
    job_go(job, "new");
    return OK;
}

/*
 * When an earlier run was cut off, it is not known whether its request went out: this one asks for
 * nothing, `unsure` finds out. A definite refusal ordered nothing; any other failure is `unsure` too.
 */
struct err server_check_out(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    struct ovh_cart cart;
    int64_t order = 0;

    if (!note(job, "cart") || job->again) {
        return unsure(job);
    }
    TRY(ovh_cart_get(&ovh, note(job, "cart"), &cart));
    if (cart.state != OVH_CART_OPEN) {
        return unsure(job);
    }
    if (cart.item == 0 || cart.item != note_int(job, "item", -1)) {
        job_go(job, "new"); /* not what was priced */
        return OK;
    }
    struct err e = ovh_cart_check_out(&ovh, note(job, "cart"), &order);
    if (e.kind == ERR_UNKNOWN) {
        job_log(job, "OVH's answer to the order was lost; finding out what became of it");
        return unsure(job);
    }
    if (e.kind == ERR_PERMANENT) {
        return refused(job, &ovh, e);
    }
    TRY(e);
    note_set_int(job, "order_id", order);
    return OK;
}

/* Which of the account's orders could be the one of our cart. */
struct candidates {
    int64_t order;
    int n;
    bool undecided; /* one is too new to be read */
};

static struct err consider(struct job *job, const struct ovh *ovh, int64_t order,
                           struct candidates *found)
{
    int64_t from = note_int(job, "checkout_from", 0),
            until = note_int(job, "checkout_until", ovh_now());
    enum ovh_order_status status;
    struct ovh_ids servers;
    bool any_details = false;
    int64_t date = 0;

    TRY(ovh_order_status(ovh, order, &status));
    if (status == OVH_ORDER_ABSENT || status == OVH_ORDER_UNCLEAR) {
        found->undecided = true;
        return OK;
    }
    if (status != OVH_ORDER_NOT_PAID) {
        return OK; /* we have paid nothing: somebody else's */
    }
    TRY(ovh_order_date(ovh, order, &date));
    if (date < from - CLOCK_SLACK_S || date > until + CLOCK_SLACK_S) {
        return OK;
    }
    TRY(ovh_order_servers(ovh, order, note(job, "plan"), note(job, "datacenter"), &servers,
                          &any_details));
    found->undecided = found->undecided || !any_details;
    if (servers.n > 0) {
        found->order = order;
        found->n++;
    }
    return OK;
}

static struct err search(struct job *job, const struct ovh *ovh, struct candidates *ret)
{
    struct ovh_ids orders;

    *ret = (struct candidates){0};
    TRY(ovh_orders_above(ovh, note_int(job, "order_floor", INT64_MAX), &orders));
    for (size_t i = 0; i < orders.n && i < CANDIDATES_MAX; i++) {
        struct err e = consider(job, ovh, orders.id[i], ret);
        if (ovh_absent(e)) {
            ret->undecided = true;
            continue;
        }
        TRY(e);
    }
    return OK;
}

/* Nobody can tell which order is ours: it is left to die unpaid, and a new cart is made. Twice is once too often. */
static struct err abandon(struct job *job)
{
    int64_t times = note_int(job, "abandoned", 0) + 1;

    cart_forget(job, true);
    note_set_int(job, "abandoned", times < ABANDONED_MAX ? times : 0);
    job_go(job, "new");
    if (times < ABANDONED_MAX) {
        job_log(job, "OVH did not tell what became of the order; it stays unpaid and expires. "
                     "Ordering anew");
        return OK;
    }
    return permanent("OVH did not tell what became of our order, twice in a row; nothing was paid. "
                     "An operator should "
                     "look at the account; a retry orders anew");
}

/* The unknown request may still be worked on at OVH until the wait is over. */
static struct err wait_for_ovh(struct job *job, double wait_s)
{
    double left = wait_s - job->age_s;

    job_message(job, "Finding out whether OVH took the order");
    (void)later(job, wait_s / 6);
    if (job->wait_s > left) {
        job_wait(job, left > 0 ? left : 0);
    }
    return NOT_YET;
}

/*
 * Reads only, so it may run again. A cart that is still open after the wait was never checked out: back
 * to the same cart, never to a new one. A validated one is an order, found by its id above the floor, its
 * date, plan and configuration; a cart that is gone may be one.
 */
struct err server_reconcile(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    double wait_s = ovh.settings->unknown_wait_s;
    bool over = job->age_s >= wait_s;
    struct candidates found;
    struct ovh_cart cart;

    if (!note(job, "cart")) {
        job_go(job, "new");
        return OK;
    }
    TRY(ovh_cart_get(&ovh, note(job, "cart"), &cart));
    if (cart.state == OVH_CART_OPEN) {
        if (!over) {
            return wait_for_ovh(job, wait_s);
        }
        job_go(job, "carted");
        return OK;
    }
    /* Orders of others that are just being paid look like ours for a moment. */
    bool soon = job->age_s < (cart.state == OVH_CART_VALIDATED ? wait_s / 6 : wait_s);
    if (soon) {
        return wait_for_ovh(job, wait_s);
    }
    TRY(search(job, &ovh, &found));
    if (found.n == 1 && !found.undecided) {
        note_set_int(job, "order_id", found.order);
        job_log(job, "Found the order again: %lld", (long long)found.order);
        return OK;
    }
    return over ? abandon(job) : wait_for_ovh(job, wait_s);
}
