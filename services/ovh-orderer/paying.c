/* Paying: only the order whose id is committed in this row, so at most one per deployment. */
#include <stdio.h>

#include "events.h"
#include "moves.h"

static struct err paid(struct job *job)
{
    struct server_ordered *event = arena_alloc(job->arena, sizeof *event);

    event->order_id = note_int(job, "order_id", 0);
    event->plan = note(job, "plan");
    event->datacenter = note(job, "datacenter");
    job_log(job, "Ordered and paid: OVH order %lld", (long long)event->order_id);
    job_say(job, &server_ordered, event);
    return OK;
}

static bool may_be_paid(const struct job *job)
{
    return note_int(job, "pay_sent", 0) > 0;
}

/*
 * Not paid by this request. Was another one sent before, its payment may still show up, so the row is not left alone
 * (words.c). Else the same order can be paid by a retry as long as it lives.
 */
static struct err refused(struct job *job, const char *why)
{
    if (may_be_paid(job)) {
        return permanent("the payment was refused%.60s, and an earlier one may have gone through",
                         why);
    }
    job_go(job, "refused");
    return permanent("The payment of OVH order %lld was refused%.100s; nothing was charged. An "
                     "operator must check the "
                     "payment method at OVH, then retry",
                     (long long)note_int(job, "order_id", 0), why);
}

/* It is left to die unpaid, unless a payment was sent when the limit was another. */
static struct err too_dear(struct job *job, int64_t order, int64_t cents)
{
    if (may_be_paid(job)) {
        return permanent("a payment was sent that does not show, and it is above our limit now");
    }
    job_go(job, "cancelled");
    return permanent("OVH wants $%.2f a month for order %lld, more than our limit of $%.2f; it is "
                     "not paid and expires. An operator must check OVH_PRICE_LIMIT; a retry "
                     "chooses anew",
                     (double)cents / 100, (long long)order, settings_of(job)->price_limit);
}

/*
 * More than the dry run of its cart promised: there is something else in it, perhaps a second server by a request that
 * was carried out late. It is left to die unpaid, unless a payment may be on its way.
 */
static struct err not_as_promised(struct job *job, int64_t order, int64_t cents)
{
    if (may_be_paid(job)) {
        return permanent("a payment was sent that does not show, and it costs more than OVH "
                         "promised");
    }
    job_go(job, "cancelled");
    return permanent("OVH wants $%.2f a month for order %lld, and $%.2f was what it promised; it "
                     "is not paid and expires. A retry orders anew",
                     (double)cents / 100, (long long)order,
                     (double)note_int(job, "price_cents", 0) / 100);
}

/* The user was told that it takes too long, so nothing is bought any more before they decide again. */
static struct err too_late(struct job *job)
{
    if (may_be_paid(job)) {
        return permanent("a payment was sent that does not show");
    }
    return permanent("It took too long until OVH order %lld could be paid; it was not paid. A "
                     "retry goes on from there",
                     (long long)note_int(job, "order_id", 0));
}

static struct err pay_now(struct job *job, const struct ovh *ovh, int64_t order)
{
    enum ovh_order_status status;
    int64_t method = 0, cents = 0;

    if (job->given_up) {
        return too_late(job);
    }
    TRY(ovh_order_price(ovh, order, &cents));
    if (above_limit(job, cents)) {
        return too_dear(job, order, cents);
    }
    if (cents > note_int(job, "price_cents", cents)) {
        return not_as_promised(job, order, cents);
    }
    TRY(ovh_payment_method(ovh, &method));
    if (method <= 0) {
        return refused(job, ": there is no default payment method");
    }
    struct err e = ovh_order_pay(ovh, order, method);
    if (!failed(e) || e.kind == ERR_UNKNOWN) {
        note_set_int(job, "pay_sent", 1); /* a payment that was taken shows up late, too */
    }
    if (e.kind != ERR_PERMANENT) {
        TRY(e);
        return paid(job);
    }
    TRY(ovh_order_status(ovh, order, &status)); /* "already paid" is a refusal too */
    if (status == OVH_ORDER_NOT_PAID) {
        return refused(job, arena_printf(job->arena, " (%.90s)", e.text));
    }
    return status == OVH_ORDER_CANCELLED ? order_cancelled(job) : paid(job);
}

/*
 * May run again at any point: it looks at the order first and pays only what is not paid; OVH refuses to be paid twice.
 * From the note "pay_sent" on the order may be paid, whatever became of the request: it is not left alone any more.
 */
struct err server_pay(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    int64_t order = note_int(job, "order_id", 0);
    enum ovh_order_status status;

    if (job->again) {
        note_set_int(job, "pay_sent", 1);
    }
    TRY(ovh_order_status(&ovh, order, &status));
    switch (status) {
    case OVH_ORDER_NOT_PAID:
        return pay_now(job, &ovh, order);
    case OVH_ORDER_CANCELLED:
        return order_cancelled(job);
    case OVH_ORDER_ABSENT:
    case OVH_ORDER_UNCLEAR:
        return later_until(
            job, ovh.settings->delivery_poll_s, ovh.settings->delivery_limit_s,
            note_int(job, "pay_sent", 0)
                ? "OVH does not show the order it gave us"
                : "OVH does not show the order it gave us; nothing was paid. A retry looks again");
    case OVH_ORDER_CHECKING:
    case OVH_ORDER_DOCUMENTS:
    case OVH_ORDER_DELIVERING:
    case OVH_ORDER_DELIVERED:
        break;
    }
    return paid(job);
}

/*
 * After a retry, from an order that was cancelled or is left to die. Reads only. Whatever is under way with it after
 * all is gone on with: only what is not paid is ordered anew.
 */
struct err server_start_over(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    int64_t order = note_int(job, "order_id", 0);
    enum ovh_order_status status = OVH_ORDER_CANCELLED;

    if (order > 0) {
        TRY(ovh_order_status(&ovh, order, &status));
    }
    switch (status) {
    case OVH_ORDER_NOT_PAID:
    case OVH_ORDER_ABSENT:
        if (may_be_paid(job)) {
            break;
        }
        order_forget(job);
        return OK;
    case OVH_ORDER_CANCELLED:
        order_forget(job);
        return OK;
    case OVH_ORDER_UNCLEAR:
        return later_until(job, ovh.settings->delivery_poll_s, ovh.settings->delivery_limit_s,
                           arena_printf(job->arena,
                                        "OVH does not tell what became of order %lld; nothing is "
                                        "ordered anew before it does. A retry looks again",
                                        (long long)order));
    case OVH_ORDER_CHECKING:
    case OVH_ORDER_DOCUMENTS:
    case OVH_ORDER_DELIVERING:
    case OVH_ORDER_DELIVERED:
        break;
    }
    job_log(job, "OVH goes on with order %lld after all", (long long)order);
    job_go(job, "paid");
    return OK;
}
