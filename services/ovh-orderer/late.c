/*
 * A delivery that is late: people were told so (the deployment is in ERROR), and the row goes on all the same.
 *
 * What is paid is watched until it comes. A retry (a decision newer than the one the ERROR belongs to) goes on with
 * the same order and the same machine. Without one the machine is held for a while, then given back; a retry after
 * that orders anew, so it must be certain then that the first machine ends.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "moves.h"

enum { SLOWER = 5, SLOWEST = 15, AGE_PART = 20, TOO_MANY_REQUESTS = 429 };

static const char *const notes_of_late[] = {"late_told", "late_since", "late_text",
                                            "papers",    "marked",     "payments"};

/* Has the user decided again since it was said? */
static bool decided(const struct job *job)
{
    return job->generation > note_int(job, "late_told", 0);
}

static struct err go_on(struct job *job, const char *state)
{
    for (size_t i = 0; i < sizeof notes_of_late / sizeof notes_of_late[0]; i++) {
        note_set(job, notes_of_late[i], NULL);
    }
    job_go(job, state);
    return OK;
}

static double kept_for_s(const struct job *job)
{
    double since = (double)note_int(job, "late_since", unix_now());

    return since + settings_of(job)->late_keep_s - (double)unix_now();
}

static void say_late(struct job *job)
{
    const struct orderer_settings *s = settings_of(job);
    long long order = note_int(job, "order_id", 0);

    if (kept_for_s(job) <= 0) {
        job_trouble(job,
                    "OVH has still not delivered paid order %lld; an operator should ask OVH. It "
                    "is released as soon as it comes, unless a retry waits for it",
                    order);
    } else if (note_int(job, "papers", 0)) {
        job_trouble(job,
                    "OVH goes on with order %lld after asking for documents. It is paid and kept; "
                    "a retry goes on with it",
                    order);
    } else if (note(job, "late_text")) {
        job_trouble(job, "%s", note(job, "late_text"));
    } else {
        job_trouble(job,
                    "OVH is late: no server after %s. Order %lld is paid, and we keep watching; a "
                    "retry uses the server when it comes. Without one it is released after %s",
                    spoken_time(job->arena, s->delivery_limit_s), order,
                    spoken_time(job->arena, s->late_keep_s));
    }
}

static void say_papers(struct job *job)
{
    note_set_int(job, "papers", 1);
    job_trouble(job,
                "OVH asks for documents before it delivers order %lld. The order is paid and kept; "
                "an operator must answer in the OVH account, then retry",
                (long long)note_int(job, "order_id", 0));
}

static void become_late(struct job *job)
{
    note_set_int(job, "late_told", job->generation);
    note_set_int(job, "late_since", unix_now());
    note_set(job, "late_text", NULL); /* of an earlier time */
    note_set(job, "papers", NULL);
    job_go(job, "late");
}

struct err server_be_late(struct job *job, bool papers)
{
    become_late(job);
    if (papers) {
        say_papers(job);
    } else {
        say_late(job);
    }
    return OK;
}

struct err server_come_late(struct job *job)
{
    become_late(job);
    job_go(job, "held");
    return OK;
}

struct err server_lose_sight(struct job *job, struct err e)
{
    bool paid = strcmp(job->state, "paid") == 0 && !note_int(job, "seen_unpaid", 0);
    const char *sure = paid ? "is" : "may be";

    become_late(job);
    note_set(job, "late_text",
             arena_printf(job->arena,
                          "OVH does not tell how the delivery goes: %.90s. Order %lld %s paid, and "
                          "we keep watching; a retry waits for it",
                          e.text, (long long)note_int(job, "order_id", 0), sure));
    say_late(job);
    return OK;
}

/* OVH tells again, after it did not for a while: how long the delivery has taken is not known from that. */
static void see_again(struct job *job, enum ovh_order_status status)
{
    bool shown = status != OVH_ORDER_ABSENT && status != OVH_ORDER_UNCLEAR;

    note_set(job, "late_text",
             arena_printf(job->arena,
                          "OVH has not delivered order %lld yet. It %s paid, and we keep watching; "
                          "a retry uses the server when it comes. Without one it is released after "
                          "%s",
                          (long long)note_int(job, "order_id", 0), shown ? "is" : "may be",
                          spoken_time(job->arena, settings_of(job)->late_keep_s)));
}

/* From every look a minute to one in some minutes; slower still once nobody hopes for it. */
static struct err look_later(struct job *job)
{
    double least = settings_of(job)->late_poll_s, most = least * SLOWER;

    job_wait(job, kept_for_s(job) <= 0 ? least * SLOWEST
                                       : fmin(fmax(job->age_s / AGE_PART, least), most));
    return NOT_YET;
}

/* People know already that something is wrong: whatever OVH answers now, the watch goes on. */
static struct err patiently(struct job *job, struct err e)
{
    bool of_ovh = e.kind == ERR_TRANSIENT || e.kind == ERR_UNKNOWN || e.code != 0;

    if (!failed(e) || e.kind == ERR_NOT_YET || !of_ovh || e.code == TOO_MANY_REQUESTS) {
        return e;
    }
    (void)look_later(job);
    return not_yet("%s", e.text);
}

/* A payment that was sent may still show up; if not, OVH cancels the order within a day. */
static void say_not_paid(struct job *job)
{
    job_trouble(job,
                "OVH shows order %lld as not paid, although a payment was sent. An operator must "
                "check the payment method at OVH; a retry pays the same order. Else OVH cancels it",
                (long long)note_int(job, "order_id", 0));
}

static struct err came_late(struct job *job, const char *service)
{
    note_set(job, "service_name", service);
    job_log(job, "OVH delivered the server %s, late", service);
    return OK;
}

/* Reads only, so it may run again. */
static struct err watch(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    enum ovh_order_status status;
    const char *service = NULL;

    if (decided(job)) {
        return go_on(job, "paid");
    }
    TRY(ovh_order_status(&ovh, note_int(job, "order_id", 0), &status));
    if (status == OVH_ORDER_CANCELLED) {
        return order_cancelled(job);
    }
    if (status == OVH_ORDER_NOT_PAID) {
        say_not_paid(job);
        return look_later(job);
    }
    if (status == OVH_ORDER_DOCUMENTS) {
        say_papers(job);
        return look_later(job);
    }
    TRY(server_find(job, &ovh, &service));
    if (service) {
        return came_late(job, service);
    }
    if (note(job, "late_text")) {
        see_again(job, status);
    }
    say_late(job);
    return look_later(job);
}

/* May run again: naming the machine is the same each time. Waits for a retry, as long as it is kept. */
static struct err hold(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    double left = kept_for_s(job);

    if (decided(job)) {
        job_log(job, "The server that came late is used");
        return go_on(job, "delivered");
    }
    if (left <= 0) {
        return OK;
    }
    job_trouble(job,
                "OVH delivered the server of order %lld late. A retry uses it; without one within "
                "%s of the delay it is released",
                (long long)note_int(job, "order_id", 0),
                spoken_time(job->arena, ovh.settings->late_keep_s));
    if (!note_int(job, "marked", 0)) {
        struct err e = ovh_vps_mark(&ovh, note(job, "service_name"), server_mark(job));
        if (ovh_absent(e) || ovh_busy(e)) { /* too new */
            return later(job, ovh.settings->rebuild_poll_s);
        }
        TRY(e);
        note_set_int(job, "marked", 1);
    }
    job_wait(job, fmin(left, ovh.settings->late_poll_s * SLOWEST));
    return NOT_YET;
}

/*
 * May run again, as server_end() may. A retry that comes before OVH was asked to end the machine still gets it; after
 * that its end is made certain first, and the retry orders anew.
 */
static struct err give_back(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    bool again = decided(job);
    struct ending ending;

    if (job->again) {
        note_set_int(job, "ending", 1); /* the run that was cut off may have asked */
    }
    if (again && !note_int(job, "ending", 0)) {
        return go_on(job, "delivered");
    }
    TRY(server_end(job, &ovh, &ending));
    long long order = note_int(job, "order_id", 0);
    const char *past = note(job, "past_orders");
    note_set(job, "past_orders",
             arena_printf(job->arena, "%lld %.900s", order, past ? past : "")); /* for the sweep */
    order_forget(job);
    (void)go_on(job, "cancelled");
    job_log(job, "The server that came late was released");
    if (again) {
        return OK;
    }
    return permanent("OVH delivered order %lld late and no retry asked for it: the server was "
                     "released%s%s. A retry orders a new one",
                     order, ending.gone ? "" : " and is paid until ",
                     ending.gone ? "" : ending.date);
}

struct err server_watch(struct job *job)
{
    return patiently(job, watch(job));
}

struct err server_hold(struct job *job)
{
    return patiently(job, hold(job));
}

struct err server_give_back(struct job *job)
{
    return patiently(job, give_back(job));
}
