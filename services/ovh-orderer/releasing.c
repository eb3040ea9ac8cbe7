/*
 * The way down, from wherever the server is. What was paid can not be given back: it is made to end with
 * the month that is paid, by the one way that needs no e-mail to a person, and read back until OVH says so.
 */
#include <stdio.h>
#include <string.h>

#include "events.h"
#include "finding.h"
#include "moves.h"

enum { CARTS_MAX = 50, ABSENT_S = 300, ASK_AGAIN_S = 30 };

struct err server_gone(struct job *job, const char *paid_until)
{
    struct server_released *event = arena_alloc(job->arena, sizeof *event);

    event->service_name = note(job, "service_name");
    event->paid_until = paid_until;
    job_say(job, &server_released, event);
    return OK;
}

/* A definite refusal is fine: a cart alone costs nothing and expires. `ret_ordered`: it was checked out. */
static struct err drop(const struct ovh *ovh, const char *name, bool *ret_ordered)
{
    struct ovh_cart cart;

    TRY(ovh_cart_get(ovh, name, &cart));
    if (cart.state == OVH_CART_VALIDATED) {
        *ret_ordered = true;
        return OK;
    }
    struct err e = ovh_cart_drop(ovh, name);
    return e.kind == ERR_PERMANENT ? OK : e;
}

static struct err drop_all(struct job *job, const struct ovh *ovh, const char **ret_ordered)
{
    struct ovh_names all;

    *ret_ordered = NULL;
    TRY(ovh_carts(ovh, cart_mark(job), &all));
    for (size_t i = 0; i < all.n && i < CARTS_MAX; i++) {
        bool ordered = false;
        if (!cart_is_dead(job, all.name[i])) {
            TRY(drop(ovh, all.name[i], &ordered));
        }
        *ret_ordered = ordered ? all.name[i] : *ret_ordered;
    }
    return OK;
}

/* Must a paid order be ours? While there is an unpaid one that fits, that is ours, unless the row remembers nothing. */
static bool paid_in_a_lost_life(const struct job *job, const struct finding *found)
{
    return found->paid.n > 0 && (found->unpaid.n == 0 || note_int(job, "blind", 0));
}

/*
 * A cart was checked out and the row knows of no order. It has paid for none that it remembers, so the order stays
 * unpaid and OVH cancels it; but a row of a restored backup may have paid in the life that was lost. What carries our
 * mark is ours; what does not is only taken for ours when there is just one (the database refuses it when another row
 * has it). Of several others will carry their marks soon; for a row that remembers nothing a person has to say it.
 */
static struct err find_paid(struct job *job, const struct ovh *ovh, const char *cart)
{
    double wait_s = ovh->settings->unknown_wait_s;
    struct finding found;

    if (!note(job, "plan") || !note(job, "cart") || strcmp(note(job, "cart"), cart) != 0) {
        finding_start_blind(job, cart);
        note_set_int(job, "checkout_until", ovh_now());
    }
    TRY(finding_look(job, ovh, &found));
    bool blind = note_int(job, "blind", 0), over = job->age_s >= wait_s;
    bool may_be = paid_in_a_lost_life(job, &found);
    bool unread = found.undecided && found.unpaid.n == 0 && !over;
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
    const char *ordered = NULL;

    TRY(drop_all(job, &ovh, &ordered));
    return ordered ? find_paid(job, &ovh, ordered) : server_gone(job, NULL);
}

/*
 * Reads only, so it may run again. A payment that was on its way when the goal changed may still arrive
 * until the wait is over; then the order is paid after all and its server is released once delivered.
 */
struct err server_let_expire(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    double wait_s = ovh.settings->unknown_wait_s;
    enum ovh_order_status status;

    if (note_int(job, "order_id", 0) == 0) {
        return server_drop_cart(job);
    }
    TRY(ovh_order_status(&ovh, note_int(job, "order_id", 0), &status));
    switch (status) {
    case OVH_ORDER_CANCELLED:
        return server_gone(job, NULL);
    case OVH_ORDER_NOT_PAID:
    case OVH_ORDER_ABSENT:
        if (job->age_s < wait_s) {
            return later(job, wait_s / 6);
        }
        job_message(job, status == OVH_ORDER_ABSENT
                             ? "OVH knows nothing of the order any more"
                             : "The order was not paid; OVH cancels it by itself");
        return server_gone(job, NULL);
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

/* "2027-05-14" as "14 May 2027"; also gives the date back as it should be written. NULL: no date. */
static const char *spoken(struct arena *arena, const char *date, const char **ret_date)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    int year = 0, month = 0, day = 0;

    if (sscanf(date, "%4d-%2d-%2d", &year, &month, &day) != 3 || month < 1 || month > 12) {
        return NULL;
    }
    *ret_date = arena_printf(arena, "%04d-%02d-%02d", year, month, day);
    return arena_printf(arena, "%d %s %d", day, months[month - 1], year);
}

/* OVH shows no such service: too new to be shown, or gone for good? */
static struct err absent(struct job *job, const struct ovh *ovh, struct err e, struct ending *ret)
{
    bool listed = true, known = note(job, "ip") || job->age_s > ABSENT_S;

    if (e.code != 460) {
        TRY(ovh_vps_listed(ovh, note(job, "service_name"), &listed));
        if (listed || !known) {
            return later(job, ovh->settings->release_poll_s);
        }
    }
    ret->gone = true;
    return OK;
}

/* The flag may show up late, and later still when it is set again all the time. */
static bool asked_lately(const struct job *job)
{
    return unix_now() - note_int(job, "end_asked", 0) < ASK_AGAIN_S;
}

/*
 * May run again: it looks first, and asking for the same end twice changes nothing. A fresh service can
 * not be ended for some minutes. Done only when the flag is read back as set. From the note "ending" on it must be
 * assumed that the machine ends, whatever became of the request.
 */
struct err server_end(struct job *job, const struct ovh *ovh, struct ending *ret)
{
    const char *name = note(job, "service_name");
    struct ovh_service service = {0};

    *ret = (struct ending){0};
    for (;;) {
        struct err e = ovh_service(ovh, name, &service);
        if (ovh_absent(e)) {
            return absent(job, ovh, e, ret);
        }
        TRY(e);
        if (service.ends) {
            ret->date = spoken(job->arena, service.expiration, &ret->until);
            ret->date = ret->date ? ret->date : "the end of the month";
            return OK;
        }
        if (asked_lately(job)) { /* just now, or by an earlier look */
            return later(job, ovh->settings->release_poll_s);
        }
        note_set_int(job, "ending", 1);
        struct err asked = ovh_service_end(ovh, name);
        if (asked.kind == ERR_NOT_YET) {
            job_message(job, "OVH does not let go of a server this new yet; trying again");
            return later(job, ovh->settings->release_poll_s);
        }
        TRY(asked);
        note_set_int(job, "end_asked", unix_now());
    }
}

/* Before it is wiped it is known which rebuilds there were: one that is newer is the wiping. */
static struct err wipe_next(struct job *job, const struct ovh *ovh, const struct ending *ending)
{
    int64_t floor = 0, last = note_int(job, "task", 0);

    struct err e = ovh_vps_rebuild_task(ovh, note(job, "service_name"), 0, &floor);
    if (failed(e) && !ovh_absent(e)) {
        return e;
    }
    note_set_int(job, "wipe_floor", floor > last ? floor : last);
    note_set(job, "paid_until", ending->until);
    note_set(job, "paid_until_date", ending->date);
    job_message(job, "The server is paid until %s; it is being wiped and released", ending->date);
    job_go(job, "wiping");
    return OK;
}

/* Rebuilt for the deployment; of a row that was recalled from the topics only the address tells that it was. */
static bool may_hold_data(const struct job *job)
{
    return note_int(job, "used", 0) || note_int(job, "task", 0) > 0 || note(job, "ip");
}

/*
 * May run again, as server_end() may. The money first; then a machine that may hold somebody's data (it was rebuilt
 * for the deployment) is wiped.
 */
struct err server_release(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    struct ending ending;

    TRY(server_end(job, &ovh, &ending));
    if (ending.gone) {
        job_message(job, "The server is gone already");
        return server_gone(job, NULL);
    }
    if (may_hold_data(job)) {
        return wipe_next(job, &ovh, &ending);
    }
    job_message(job, "The server is paid until %s; it is released and will not be billed again",
                ending.date);
    return server_gone(job, ending.until);
}
