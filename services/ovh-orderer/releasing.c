/*
 * The way down, from wherever the server is. What was paid can not be given back: it is made to end with
 * the month that is paid, by the one way that needs no e-mail to a person, and read back until OVH says so.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "events.h"
#include "moves.h"

enum { CARTS_MAX = 50, ABSENT_S = 300, ASK_AGAIN_S = 30 };

static struct err released(struct job *job, const char *paid_until)
{
    struct server_released *event = arena_alloc(job->arena, sizeof *event);

    event->service_name = note(job, "service_name");
    event->paid_until = paid_until;
    job_say(job, &server_released, event);
    return OK;
}

/* A definite refusal is fine: a cart alone costs nothing and expires. */
static struct err drop(const struct ovh *ovh, const char *cart)
{
    struct err e = ovh_cart_drop(ovh, cart);

    return e.kind == ERR_PERMANENT ? OK : e;
}

/*
 * Nothing was paid. May run again: deleting a cart that is gone succeeds. An order that a checkout may have
 * made all the same stays unpaid and is cancelled by OVH.
 */
struct err server_drop_cart(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    struct ovh_names all;

    TRY(ovh_carts(&ovh, cart_mark(job), &all));
    for (size_t i = 0; i < all.n && i < CARTS_MAX; i++) {
        if (!cart_is_dead(job, all.name[i])) {
            TRY(drop(&ovh, all.name[i]));
        }
    }
    return released(job, NULL);
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

    TRY(ovh_order_status(&ovh, note_int(job, "order_id", 0), &status));
    switch (status) {
    case OVH_ORDER_CANCELLED:
        return released(job, NULL);
    case OVH_ORDER_NOT_PAID:
    case OVH_ORDER_ABSENT:
        if (job->age_s < wait_s) {
            return later(job, wait_s / 6);
        }
        job_message(job, "The order was not paid; OVH cancels it by itself");
        return released(job, NULL);
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

static struct err ends(struct job *job, const struct ovh_service *service)
{
    const char *until = NULL, *date = spoken(job->arena, service->expiration, &until);

    job_message(job,
                "The server is paid until %s; it is released, will not be billed again, and OVH "
                "wipes it then",
                date ? date : "the end of the month");
    return released(job, until);
}

/* OVH shows no such service: too new to be shown, or gone for good? */
static struct err absent(struct job *job, const struct ovh *ovh, struct err e)
{
    bool listed = true, known = note(job, "ip") || job->age_s > ABSENT_S;

    if (e.code != 460) {
        TRY(ovh_vps_listed(ovh, note(job, "service_name"), &listed));
        if (listed || !known) {
            return later(job, ovh->settings->release_poll_s);
        }
    }
    job_message(job, "The server is gone already");
    return released(job, NULL);
}

static int64_t unix_now(void)
{
    return clock_unix_us() / 1000000;
}

/* The flag may show up late, and later still when it is set again all the time. */
static bool asked_lately(const struct job *job)
{
    return unix_now() - note_int(job, "end_asked", 0) < ASK_AGAIN_S;
}

/*
 * May run again: it looks first, and asking for the same end twice changes nothing. A fresh service can
 * not be ended for some minutes. Done only when the flag is read back as set.
 */
struct err server_release(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    const char *name = note(job, "service_name");
    struct ovh_service service = {0};

    for (;;) {
        struct err e = ovh_service(&ovh, name, &service);
        if (ovh_absent(e)) {
            return absent(job, &ovh, e);
        }
        TRY(e);
        if (service.ends) {
            return ends(job, &service);
        }
        if (asked_lately(job)) { /* just now, or by an earlier look */
            return later(job, ovh.settings->release_poll_s);
        }
        struct err asked = ovh_service_end(&ovh, name);
        if (asked.kind == ERR_NOT_YET) {
            job_message(job, "OVH does not let go of a server this new yet; trying again");
            return later(job, ovh.settings->release_poll_s);
        }
        TRY(asked);
        note_set_int(job, "end_asked", unix_now());
    }
}
