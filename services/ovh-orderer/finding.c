/*
 * Which of the account's orders came of our cart? OVH does not say, so the orders are judged: by their age, by what is
 * in them, by whether they are paid, and once delivered by the mark on the machine.
 *
 * In the ordinary case the row knows its plan, its datacenter and a floor below which no order is ours, and that it
 * has paid nothing. A row of a restored backup may know less: then the checked-out cart tells plan, datacenter and its
 * own age. Such a row may have paid in the life that was lost, so paid orders count. What can not be known at all: a
 * row that remembers no cart, and OVH that lists none (checked-out carts may vanish from its list and answer 404).
 * Such a row looks like one that never ordered; only the sweep sees its machine.
 *
 * What is judged wrongly here is refused by the database when another row has that order ("refused_notes"), and is
 * another's from then on.
 */
#include "finding.h"

#include <stdio.h>
#include <string.h>

#include "base/ids.h"

enum {
    DATES_MAX = 60, /* orders whose date is read at one look: a call each           */
    DEPTH_MAX = 12, /* orders read in depth at one look: a dozen calls, the first time */
    CLOCK_SLACK_S = 120,
    OTHERS_MAX = 4000, /* bytes of the note */
};

static const char *spaced(struct job *job, int64_t order)
{
    return arena_printf(job->arena, " %lld ", (long long)order);
}

static bool is_anothers(struct job *job, int64_t order)
{
    const char *others = note(job, "others");

    return others && strstr(others, spaced(job, order));
}

static void remember_anothers(struct job *job, int64_t order)
{
    const char *others = note(job, "others");

    if (!is_anothers(job, order)) {
        note_set(job, "others",
                 arena_printf(job->arena, "%s%.*s", spaced(job, order), OTHERS_MAX,
                              others ? others : ""));
    }
}

/* The database refused an order that this row wanted to have: another row has it. */
static void learn(struct job *job)
{
    const json_t *refused = json_object_get(job->notes, "refused_notes");
    int64_t order = json_integer_value(json_object_get(refused, "order_id"));

    if (!refused) {
        return;
    }
    if (order > 0) {
        remember_anothers(job, order);
        job_log(job, "Order %lld belongs to another deployment", (long long)order);
    }
    note_set(job, "refused_notes", NULL);
}

void finding_start_blind(struct job *job, const char *cart)
{
    static const char *const unknown[] = {"item", "plan", "datacenter", "order_floor",
                                          "checkout_from"};

    note_set(job, "cart", cart);
    note_set_int(job, "blind", 1);
    note_set(job, "price_cents", NULL);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        note_set(job, unknown[i], NULL);
    }
}

static struct err read_cart(struct job *job, const struct ovh *ovh)
{
    struct ovh_contents cart;

    if (!note_int(job, "blind", 0) || note(job, "plan") || !note(job, "cart")) {
        return OK;
    }
    TRY(ovh_cart_contents(ovh, note(job, "cart"), &cart));
    note_set(job, "plan", cart.plan);
    note_set(job, "datacenter", cart.datacenter);
    if (cart.made > 0) {
        note_set_int(job, "checkout_from", cart.made);
    }
    return OK;
}

static bool one_of_our_plans(const struct job *job, const char *plan)
{
    const char *list = settings_of(job)->plans, *one;

    while ((one = ovh_next(&list, job->arena))) {
        if (strcmp(one, plan) == 0) {
            return true;
        }
    }
    return false;
}

static bool fits(const struct job *job, const struct ovh_contents *order)
{
    const char *plan = note(job, "plan"), *datacenter = note(job, "datacenter");

    if (!order->plan || !order->one || !order->datacenter || !order->os ||
        strcmp(order->os, settings_of(job)->os) != 0) {
        return false;
    }
    if (datacenter && strcmp(order->datacenter, datacenter) != 0) {
        return false;
    }
    return plan ? strcmp(order->plan, plan) == 0 : one_of_our_plans(job, order->plan);
}

static void add(struct job *job, struct candidates *to, int64_t order)
{
    to->names = arena_printf(job->arena, "%s%s%lld", to->n > 0 ? to->names : "",
                             to->n > 0 ? ", " : "", (long long)order);
    to->order = order;
    to->n++;
}

/* A paid order: once its machine is there, the mark on it tells whose it is. */
static struct err judge_paid(struct job *job, const struct ovh *ovh, int64_t order,
                             const struct ovh_contents *contents, struct finding *found)
{
    const char *service = NULL, *shown = "";
    struct ovh_vps vps;

    for (size_t i = 0; i < contents->details.n && !service; i++) {
        TRY(ovh_delivered(ovh, order, contents->details.id[i], &service));
    }
    if (service) {
        TRY(ovh_vps_look(ovh, service, &vps));
        shown = vps.exists ? vps.display_name : "";
    }
    if (strcmp(shown, server_mark(job)) == 0) {
        add(job, &found->marked, order);
    } else if (strncmp(shown, OUR_MARK, strlen(OUR_MARK)) == 0) {
        remember_anothers(job, order);
    } else {
        add(job, &found->paid, order);
    }
    return OK;
}

/* Made while our cart was becoming an order (0), before (-1) or after (1). */
static struct err in_time(struct job *job, const struct ovh *ovh, int64_t order, int *ret)
{
    int64_t from = note_int(job, "checkout_from", 0),
            until = note_int(job, "checkout_until", ovh_now()), date = 0;

    TRY(ovh_order_date(ovh, order, &date));
    *ret = date < from - CLOCK_SLACK_S ? -1 : date > until + CLOCK_SLACK_S;
    return OK;
}

static struct err consider(struct job *job, const struct ovh *ovh, int64_t order,
                           struct finding *found)
{
    enum ovh_order_status status;
    struct ovh_contents contents;

    TRY(ovh_order_status(ovh, order, &status));
    if (status == OVH_ORDER_CANCELLED) {
        remember_anothers(job, order);
        return OK;
    }
    TRY(ovh_order_contents(ovh, order, &contents));
    if (!contents.known || status == OVH_ORDER_ABSENT) {
        found->undecided = true;
    } else if (!fits(job, &contents)) {
        if (contents.plan) {
            remember_anothers(job, order);
        }
    } else if (status == OVH_ORDER_NOT_PAID) {
        add(job, &found->unpaid, order);
    } else {
        return judge_paid(job, ovh, order, &contents, found);
    }
    return OK;
}

/* One order of the list. `ret_past`: all that follow are too old, or too new. */
static struct err look_at(struct job *job, const struct ovh *ovh, int64_t order, bool upwards,
                          int *depth, struct finding *found, bool *ret_past)
{
    int when = 0;

    struct err e = in_time(job, ovh, order, &when);
    if (!failed(e) && when == 0 && (*depth)++ == DEPTH_MAX) {
        found->more = *ret_past = true;
        return OK;
    }
    if (!failed(e) && when == 0) {
        e = consider(job, ovh, order, found);
    }
    if (ovh_absent(e)) {
        found->undecided = true;
        return OK;
    }
    *ret_past = upwards ? when > 0 : when < 0;
    return e;
}

/* What was made after our cart had become an order is at the list's end: halving finds where that begins. */
static struct err skip_newer(struct job *job, const struct ovh *ovh, struct ovh_ids *orders)
{
    size_t from = 0; /* those before it are not too new, or can not be read */

    for (size_t at = orders->n - 1; from < orders->n; at = from + (orders->n - from) / 2) {
        int when = 0;
        struct err e = in_time(job, ovh, orders->id[at], &when);
        if (failed(e) && !ovh_absent(e)) {
            return e;
        }
        if (when > 0) {
            orders->n = at;
        } else {
            from = at + 1;
        }
    }
    return OK;
}

/* Ids grow with time: from the floor upwards when there is one, else from the newest down. */
struct err finding_look(struct job *job, const struct ovh *ovh, struct finding *ret)
{
    struct ovh_ids orders;
    int dates = 0, depth = 0;
    bool past = false;

    *ret = (struct finding){0};
    learn(job);
    TRY(read_cart(job, ovh));
    bool upwards = note_int(job, "order_floor", -1) >= 0;
    TRY(ovh_orders_above(ovh, note_int(job, "order_floor", 0), &orders));
    if (!upwards) {
        TRY(skip_newer(job, ovh, &orders));
    }
    for (size_t i = 0; i < orders.n && !past; i++) {
        int64_t order = orders.id[upwards ? i : orders.n - 1 - i];
        if (is_anothers(job, order)) {
            continue;
        }
        if (dates++ == DATES_MAX) {
            ret->more = true;
            return OK;
        }
        TRY(look_at(job, ovh, order, upwards, &depth, ret, &past));
    }
    return OK;
}

struct err finding_adopt(struct job *job, const struct ovh *ovh, int64_t order)
{
    struct ovh_contents contents;

    if (!note(job, "plan") || !note(job, "datacenter")) {
        TRY(ovh_order_contents(ovh, order, &contents));
        if (!contents.plan || !contents.datacenter) { /* it showed them a moment ago */
            return transient("OVH does not show what order %lld holds", (long long)order);
        }
        note_set(job, "plan", contents.plan);
        note_set(job, "datacenter", contents.datacenter);
    }
    note_set(job, "blind", NULL);
    order_adopt(job, order);
    job_log(job, "Found the order again: %lld", (long long)order);
    return OK;
}
