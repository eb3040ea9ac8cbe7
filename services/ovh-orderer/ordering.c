/*
 * From the cart to an order: the one step that must not be taken twice by mistake.
 *
 * The order that a checkout makes is unpaid, costs nothing and dies after a day. Only an order whose id is
 * committed in this row is ever paid, so whatever is lost here costs nothing; still nothing is repeated
 * before it is known what became of the first try.
 */
#include <stdio.h>

#include "finding.h"
#include "moves.h"

enum { ABANDONED_MAX = 2 };

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
    if (job->given_up) {
        return permanent("It took too long until the server could be ordered; nothing was "
                         "ordered. A retry goes on from there");
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
    order_adopt(job, order);
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

/* Money may be in one of them: nothing is ordered anew before a person has looked. The mark decides. */
static struct err ask_a_person(struct job *job, const struct finding *found)
{
    const struct candidates *which = found->marked.n > 0 ? &found->marked : &found->paid;

    if (which->n == 0) {
        return permanent("OVH holds too many orders to find the one of this deployment. Nothing is "
                         "ordered anew: an operator must look at the account; a retry looks again");
    }
    return permanent("OVH holds paid orders of which one may be this deployment's: %.50s. Nothing "
                     "is ordered anew: an operator must name the right server %s at OVH, then "
                     "retry",
                     which->names, server_mark(job));
}

/*
 * Which order it is, when that can be said (0: not yet, or never). A marked machine is certain. The row has paid for
 * nothing that it remembers, so a single unpaid order that fits is ours, unless the row remembers nothing. A paid one
 * may be ours from a life that was lost; others that are just being paid look like that for a moment, hence the wait.
 */
static int64_t decided_order(const struct job *job, const struct finding *found, bool over)
{
    bool sure = !found->undecided && !found->more;

    if (found->marked.n == 1) {
        return found->marked.order;
    }
    if (found->unpaid.n == 1 && sure && (found->paid.n == 0 || !note_int(job, "blind", 0))) {
        return found->unpaid.order;
    }
    if (over && found->paid.n == 1 && found->unpaid.n == 0 && sure) {
        return found->paid.order;
    }
    return 0;
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
    struct finding found;
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
    TRY(finding_look(job, &ovh, &found));
    int64_t order = decided_order(job, &found, over);
    if (order > 0) {
        return finding_adopt(job, &ovh, order);
    }
    if (!over) {
        return wait_for_ovh(job, wait_s);
    }
    if (found.marked.n == 0 && found.paid.n == 0 && !found.more) {
        return abandon(job);
    }
    if (found.marked.n == 0 && job->age_s < wait_s + ovh.settings->delivery_limit_s) {
        job_message(job, "Finding out whether OVH took the order");
        return later(job, ovh.settings->late_poll_s); /* once delivered, others carry their marks */
    }
    return ask_a_person(job, &found);
}
