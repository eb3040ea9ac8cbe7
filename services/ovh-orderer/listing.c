/* The process's snapshot of GET /vps, sorted by name, and whom it calls to look. */
#include "listing.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "moves.h"

enum {
    MACHINES_MAX = 20000, /* with more, orders are looked at one by one           */
    LOOKS = 2,            /* that one unknown machine is worth in a round         */
    ROUND = 3,            /* polls until its second round; each comes twice later */
    ROUNDS_MAX = 8,
    LONGEST = 6, /* polls' time without a look at the order, when young   */
    LISTED = 2,  /* and at least so many polls that went by the list      */
};

/* An unknown machine is some order's, but of which of those that wait nobody knows: in each round a few look. */
struct machine {
    char *name;
    int64_t round_ms, next_ms; /* when this round began, and when the next one does */
    int rounds, looks;         /* so far; left in this round                        */
    bool known;
};

static struct {
    pthread_mutex_t lock;
    struct machine *machines; /* sorted */
    size_t n;
    int64_t asked_ms; /* 0: never */
    bool failed;      /* the last time */
} listing = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct machine *)a)->name, ((const struct machine *)b)->name);
}

static struct machine *find(const char *name)
{
    const struct machine wanted = {.name = (char *)name};

    return listing.n > 0 ? bsearch(&wanted, listing.machines, listing.n, sizeof wanted, by_name)
                         : NULL;
}

static void release(void)
{
    for (size_t i = 0; i < listing.n; i++) {
        free(listing.machines[i].name);
    }
    free(listing.machines);
    listing.machines = NULL;
    listing.n = 0;
}

void listing_reset(void)
{
    (void)pthread_mutex_lock(&listing.lock);
    release();
    listing.asked_ms = 0;
    (void)pthread_mutex_unlock(&listing.lock);
}

/* With the lock held. The new list, with what is known of each machine from the old one. Those in the first list of a
 * process may be anybody's: they have one round. */
static void take(const struct ovh_names *names, int64_t now)
{
    bool first = listing.machines == NULL;
    struct machine *fresh = calloc(names->n + 1, sizeof *fresh);

    if (!fresh) {
        abort();
    }
    for (size_t i = 0; i < names->n; i++) {
        const struct machine *old = find(names->name[i]);
        fresh[i] =
            old ? *old : (struct machine){.next_ms = now, .rounds = first ? ROUNDS_MAX - 1 : 0};
        fresh[i].name = strdup(names->name[i]);
        if (!fresh[i].name) {
            abort();
        }
    }
    release();
    listing.machines = fresh;
    listing.n = names->n;
    qsort(fresh, names->n, sizeof *fresh, by_name);
}

/* Asks for the list if it is older than a poll, or than polls come when calls are scarce; whoever asks does so alone,
 * the others go by the old one. */
static void refresh(const struct job *job, const struct ovh *ovh, int64_t now)
{
    struct ovh_names names = {0};
    double poll_s = ovh->settings->delivery_poll_s;
    double lag_s = job->lag_s < LONGEST * poll_s ? job->lag_s : LONGEST * poll_s;
    int64_t age_ms = (int64_t)((poll_s + lag_s) * 1000);

    (void)pthread_mutex_lock(&listing.lock);
    bool old = listing.asked_ms == 0 || now - listing.asked_ms >= age_ms;
    listing.asked_ms = old ? now : listing.asked_ms;
    (void)pthread_mutex_unlock(&listing.lock);
    if (!old) {
        return;
    }
    struct err e = ovh_names(ovh, "/vps", &names);
    (void)pthread_mutex_lock(&listing.lock);
    listing.failed = failed(e) || names.n > MACHINES_MAX;
    if (!listing.failed) {
        take(&names, now);
    }
    (void)pthread_mutex_unlock(&listing.lock);
}

static bool list_failed(void)
{
    (void)pthread_mutex_lock(&listing.lock);
    bool so = listing.failed;
    (void)pthread_mutex_unlock(&listing.lock);
    return so;
}

/* True: a machine calls this order to look. `ret_check`: first see whose that machine is. */
static bool called(const struct ovh *ovh, int64_t looked_ms, int64_t now, const char **ret_check)
{
    int64_t round_ms = (int64_t)(ovh->settings->delivery_poll_s * 1000) * ROUND;
    bool look = false;

    *ret_check = NULL;
    (void)pthread_mutex_lock(&listing.lock);
    for (size_t i = 0; i < listing.n && !look && !*ret_check; i++) {
        struct machine *m = &listing.machines[i];
        if (m->known) {
            continue;
        }
        if (now >= m->next_ms && m->rounds < ROUNDS_MAX) {
            *ret_check = m->round_ms > 0 ? arena_strdup(ovh->arena, m->name) : NULL;
            m->next_ms = now + (round_ms << m->rounds);
            m->round_ms = now;
            m->looks = LOOKS;
            m->rounds++;
        }
        if (!*ret_check && m->looks > 0 && m->round_ms > looked_ms) {
            m->looks--;
            look = true;
        }
    }
    (void)pthread_mutex_unlock(&listing.lock);
    return look;
}

/* Another copy of this service may have found out: then it carries our mark. */
static void check(const struct ovh *ovh, const char *service)
{
    struct ovh_vps vps;

    if (!failed(ovh_vps_look(ovh, service, &vps)) && vps.exists &&
        strncmp(vps.display_name, OUR_MARK, strlen(OUR_MARK)) == 0) {
        listing_known(service);
    }
}

static bool somebody_calls(const struct job *job, const struct ovh *ovh, int64_t looked_ms,
                           int64_t now)
{
    const char *whose = NULL;
    bool look = called(ovh, looked_ms, now, &whose);

    for (int i = 0; i < LOOKS && whose && !job->hushed; i++) {
        check(ovh, whose);
        look = called(ovh, looked_ms, now, &whose);
    }
    return look && !job->hushed;
}

/* Long ago, by the clock and by the polls that went by the list alone: when calls are scarce those are far apart. */
static bool long_ago(const struct job *job, const struct ovh *ovh, int64_t since_ms)
{
    double longest = LONGEST * ovh->settings->delivery_poll_s;

    longest = job->age_s / 2 > longest ? job->age_s / 2 : longest;
    return (double)since_ms / 1000 >= longest && note_int(job, "listed", 0) >= LISTED;
}

bool listing_worth_a_look(struct job *job, const struct ovh *ovh)
{
    int64_t now = clock_unix_us() / 1000;
    int64_t looked = note_int(job, "looked_ms", now - (int64_t)(job->age_s * 1000));
    double poll_s = ovh->settings->delivery_poll_s;

    if (ovh->settings->rate == 0 ||
        ovh->settings->remember_s <= 0) { /* calls cost nothing, or each is to be asked */
        return true;
    }
    bool look = long_ago(job, ovh, now - looked);
    if (!look) {
        refresh(job, ovh, now);
        if (job->hushed) {
            return false;
        }
        look = list_failed() ? (double)(now - looked) / 1000 >= 2 * poll_s
                             : somebody_calls(job, ovh, looked, now);
    }
    if (look) {
        note_set_int(job, "looked_ms", now);
    }
    note_set_int(job, "listed", look ? 0 : note_int(job, "listed", 0) + 1);
    return look;
}

void listing_known(const char *service)
{
    (void)pthread_mutex_lock(&listing.lock);
    struct machine *m = find(service);
    if (m) {
        m->known = true;
    }
    (void)pthread_mutex_unlock(&listing.lock);
}
