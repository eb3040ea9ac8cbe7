/*
 * The way down, from wherever the server is. What was paid can not be given back: it is made to end with
 * the month that is paid, by the one way that needs no e-mail to a person, and read back until OVH says so.
 */
#include <stdio.h>
#include <string.h>

#include "events.h"
#include "moves.h"

enum { ABSENT_S = 300, ASK_AGAIN_S = 30 };

struct err server_gone(struct job *job, const char *paid_until)
{
    struct server_released *event = arena_alloc(job->arena, sizeof *event);

    event->service_name = note(job, "service_name");
    event->paid_until = paid_until;
    job_say(job, &server_released, event);
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
