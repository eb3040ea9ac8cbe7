/* From the paid order to the machine's name: order, details, operations, resource. Never "the new one in the list". */
#include <stdio.h>
#include <stdlib.h>

#include "listing.h"
#include "moves.h"

enum { PAYMENTS_MAX = 3, DETAILS_MAX = 8 };

/*
 * Notes which details may become the server: "105339987 105339988". One that is not shown yet may be the one that counts,
 * so an order that is not whole is read anew by the next look.
 */
static struct err read_order(struct job *job, const struct ovh *ovh, int64_t order,
                             const char **ret)
{
    struct ovh_servers servers;
    const char *text = "";

    TRY(ovh_order_servers(ovh, order, note(job, "plan"), &servers));
    for (size_t i = 0; i < servers.details.n && i < DETAILS_MAX; i++) {
        text = arena_printf(job->arena, "%s%s%lld", text, i > 0 ? " " : "",
                            (long long)servers.details.id[i]);
    }
    note_set(job, "details", servers.whole && *text ? text : NULL);
    note_set_int(job, "details_read", unix_now());
    *ret = servers.name;
    return OK;
}

/* OVH's list may have been a part of the order, too: it is not believed for ever. */
static bool read_long_ago(const struct job *job)
{
    int64_t now = unix_now();

    return (double)llabs(now - note_int(job, "details_read", now)) >
           settings_of(job)->delivery_limit_s;
}

struct err server_find(struct job *job, const struct ovh *ovh, const char **ret)
{
    int64_t order = note_int(job, "order_id", 0);
    const char *details = note(job, "details");

    *ret = NULL;
    if (!details || read_long_ago(job)) {
        return read_order(job, ovh, order, ret);
    }
    while (*details && !*ret) {
        char *end = NULL;
        long long detail = strtoll(details, &end, 10);
        if (end == details) {
            return OK;
        }
        TRY(ovh_delivered(ovh, order, detail, ret));
        details = end;
    }
    return OK;
}

/*
 * OVH took our payment and the order is unpaid all the same: the same order may be paid again, a few times. After that it
 * is watched (words.c), because what was paid may still show up.
 */
static struct err still_unpaid(struct job *job, const struct ovh *ovh)
{
    int64_t payments = note_int(job, "payments", 1);

    note_set_int(job, "pay_sent", 1); /* whoever paid it */
    note_set_int(job, "seen_unpaid", 1);
    if (job->age_s < ovh->settings->unknown_wait_s / 3) {
        return later(job, ovh->settings->delivery_poll_s); /* payments show up late */
    }
    if (job->goal == GOAL_DOWN || payments < PAYMENTS_MAX) {
        note_set_int(job, "payments", payments + 1);
        job_go(job, "ordered");
        return OK;
    }
    return permanent("it took the payment %d times and shows the order as not paid", PAYMENTS_MAX);
}

/* Reads only, so it may run again; it works days later, too. */
struct err server_await_delivery(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    bool overdue = job->age_s > ovh.settings->delivery_limit_s;
    enum ovh_order_status status;
    const char *service = NULL;

    if (!overdue && !listing_worth_a_look(job, &ovh)) {
        return later(job, ovh.settings->delivery_poll_s);
    }
    TRY(ovh_order_status(&ovh, note_int(job, "order_id", 0), &status));
    if (status == OVH_ORDER_CANCELLED) {
        return order_cancelled(job);
    }
    if (status == OVH_ORDER_NOT_PAID) {
        return still_unpaid(job, &ovh);
    }
    if (status == OVH_ORDER_DOCUMENTS && job->goal == GOAL_UP) {
        return server_be_late(job, true);
    }
    TRY(server_find(job, &ovh, &service));
    if (service) {
        note_set(job, "service_name", service);
        job_log(job, "OVH delivered the server %s", service);
        return job->given_up && job->goal == GOAL_UP ? server_come_late(job) : OK;
    }
    if (status == OVH_ORDER_DELIVERED) {
        note_set(job, "details", NULL); /* there should be one: the next look reads all anew */
    }
    if (job->goal == GOAL_DOWN && status == OVH_ORDER_ABSENT &&
        job->age_s > ovh.settings->late_keep_s) {
        note_set(job, "pay_sent", NULL); /* nobody has known anything of it for days */
        job_go(job, "ordered"); /* looks for some minutes more before it takes it for gone */
        return OK;
    }
    if (job->goal == GOAL_DOWN) {
        job_message(job, RELEASED_ONCE_DELIVERED); /* others, quicker to go, said something else */
        return later(job, overdue ? ovh.settings->late_poll_s : ovh.settings->delivery_poll_s);
    }
    return overdue ? server_be_late(job, false) : later(job, ovh.settings->delivery_poll_s);
}
