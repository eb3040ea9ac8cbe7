/* The way down from before the payment: carts are deleted, an unpaid order is left to expire, a paid one is found. */
#include <stdio.h>
#include <string.h>

#include "finding.h"
#include "moves.h"

enum { CARTS_MAX = 50 };

/* The deployment's carts, as far as they may have become an order that the row does not know. */
struct ordered {
    const char *cart; /* checked out, or remembered and gone; NULL: none */
    bool certain;     /* checked out: there was an order                 */
};

/* A definite refusal is fine: a cart alone costs nothing and expires. */
static struct err drop(struct job *job, const struct ovh *ovh, const char *name,
                       struct ordered *ret)
{
    bool remembered = note(job, "cart") && strcmp(note(job, "cart"), name) == 0;
    struct ovh_cart cart;

    if (cart_is_dead(job, name)) {
        return OK;
    }
    TRY(ovh_cart_get(ovh, name, &cart));
    switch (cart.state) {
    case OVH_CART_VALIDATED:
        *ret = (struct ordered){.cart = name, .certain = true};
        return OK;
    case OVH_CART_GONE:
        if (remembered && !ret->cart) {
            ret->cart = name;
        }
        return OK;
    case OVH_CART_OPEN:
        break;
    }
    struct err e = ovh_cart_drop(ovh, name);
    return e.kind == ERR_PERMANENT ? OK : e;
}

static struct err drop_all(struct job *job, const struct ovh *ovh, struct ordered *ret)
{
    const char *remembered = note(job, "cart");
    struct ovh_names all;

    *ret = (struct ordered){0};
    TRY(ovh_carts(ovh, cart_mark(job), &all));
    for (size_t i = 0; i < all.n && i < CARTS_MAX; i++) {
        TRY(drop(job, ovh, all.name[i], ret));
    }
    return remembered && !ovh_names_hold(&all, remembered) ? drop(job, ovh, remembered, ret) : OK;
}

/* Must a paid order be ours? Only when our cart certainly became an order. While there is an unpaid one that fits, that is ours, unless the row remembers nothing. */
static bool paid_in_a_lost_life(const struct job *job, const struct ordered *ordered,
                                const struct finding *found)
{
    return ordered->certain && found->paid.n > 0 &&
           (found->unpaid.n == 0 || note_int(job, "blind", 0));
}

/*
 * A cart was checked out and the row knows of no order. It has paid for none that it remembers, so the order stays
 * unpaid and OVH cancels it; but a row of a restored backup may have paid in the life that was lost. What carries our
 * mark is ours; what does not is only taken for ours when there is just one (the database refuses it when another row
 * has it). Of several others will carry their marks soon; for a row that remembers nothing a person has to say it.
 */
static struct err find_paid(struct job *job, const struct ovh *ovh, const struct ordered *ordered)
{
    double wait_s = ovh->settings->unknown_wait_s;
    struct finding found;

    if (!note(job, "plan") || !note(job, "cart") || strcmp(note(job, "cart"), ordered->cart) != 0) {
        finding_start_blind(job, ordered->cart);
        note_set_int(job, "checkout_until", ovh_now());
    }
    TRY(finding_look(job, ovh, &found));
    bool blind = note_int(job, "blind", 0), over = job->age_s >= wait_s;
    bool may_be = paid_in_a_lost_life(job, ordered, &found);
    bool unread = ordered->certain && found.undecided && found.unpaid.n == 0 && !over;
    bool too_long = job->age_s > wait_s + ovh->settings->delivery_limit_s;
    int64_t order = found.marked.n > 0 ? found.marked.order : found.paid.order;
    if (found.marked.n > 0 || (may_be && found.paid.n == 1 && !found.more && over)) {
        TRY(finding_adopt(job, ovh, order));
        job_go(job, "paid");
        return OK;
    }
    if (!found.more && ((!may_be && !unread) || (!blind && too_long))) {
        return server_gone(job, NULL);
    }
    if (too_long && found.paid.n > 0) {
        job_message(job,
                    "OVH holds paid orders of which one may be this deployment's: %.50s. An "
                    "operator must name its server %s at OVH, then it is released",
                    found.paid.names, server_mark(job));
    } else {
        job_message(job, "Finding out whether a server was paid");
    }
    return later(job, wait_s);
}

/* May run again: deleting a cart that is gone succeeds. */
struct err server_drop_cart(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    struct ordered ordered;

    TRY(drop_all(job, &ovh, &ordered));
    return ordered.cart ? find_paid(job, &ovh, &ordered) : server_gone(job, NULL);
}

/* What was cut off before this move began may have been a payment, where payments are sent. */
static void note_payment(struct job *job)
{
    bool first = !note_int(job, "expiring", 0);

    if (job->again && first && strcmp(job->state, "ordered") == 0) {
        note_set_int(job, "pay_sent", 1);
    }
    note_set_int(job, "expiring", 1);
}

/*
 * Unpaid so far, or not shown at all. Where no payment was sent it stays so. Else it may still show up as long as the order lives, which is a
 * day; only OVH's "cancelled" ends that, or days of silence.
 */
static struct err unpaid(struct job *job, const struct ovh *ovh, bool absent)
{
    const struct orderer_settings *s = ovh->settings;

    if (job->age_s < s->unknown_wait_s) {
        return later(job, s->unknown_wait_s / 6);
    }
    if (note_int(job, "pay_sent", 0) && job->age_s < s->late_keep_s) {
        job_message(job, "Waiting until OVH cancels the order, because a payment was sent that "
                         "does not show");
        return later(job, s->late_poll_s);
    }
    job_message(job, absent ? "OVH knows nothing of the order any more"
                            : "The order was not paid; OVH cancels it by itself");
    return server_gone(job, NULL);
}

/*
 * Reads only, so it may run again. A payment that was on its way when the goal changed may still arrive; then the order
 * is paid after all and its server is released once delivered.
 */
struct err server_let_expire(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    enum ovh_order_status status;

    if (note_int(job, "order_id", 0) == 0) {
        return server_drop_cart(job);
    }
    note_payment(job);
    TRY(ovh_order_status(&ovh, note_int(job, "order_id", 0), &status));
    switch (status) {
    case OVH_ORDER_CANCELLED:
        return server_gone(job, NULL);
    case OVH_ORDER_NOT_PAID:
    case OVH_ORDER_ABSENT:
        return unpaid(job, &ovh, status == OVH_ORDER_ABSENT);
    case OVH_ORDER_UNCLEAR:
        return later(job, ovh.settings->release_poll_s);
    case OVH_ORDER_CHECKING:
    case OVH_ORDER_DOCUMENTS:
    case OVH_ORDER_DELIVERING:
    case OVH_ORDER_DELIVERED:
        break;
    }
    job_go(job, "paid");
    return OK;
}
