/* What the chapters of a server's life share. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "moves.h"

const struct orderer_settings *settings_of(const struct job *job)
{
    return job->world;
}

struct ovh ovh_of(struct job *job)
{
    return (struct ovh){
        .http = job->http, .arena = job->arena, .settings = settings_of(job), .job = job};
}

const char *cart_mark(const struct job *job)
{
    return arena_printf(job->arena, OUR_MARK "%s", job->id);
}

const char *server_mark(const struct job *job)
{
    return arena_printf(job->arena, OUR_MARK "%s", id_short(job->id));
}

struct err later(struct job *job, double most_s)
{
    double pause = job->age_s / 2, least = most_s / 20;

    pause = pause < least ? least : pause;
    job_wait(job, pause > most_s ? most_s : pause);
    return NOT_YET;
}

struct err later_until(struct job *job, double most_s, double limit_s, const char *too_late)
{
    if (job->goal == GOAL_UP && job->age_s > limit_s) {
        return permanent("%s", too_late);
    }
    return later(job, most_s);
}

bool above_limit(const struct job *job, int64_t cents)
{
    return (double)cents > settings_of(job)->price_limit * 100 + 1e-6;
}

int64_t unix_now(void)
{
    return clock_unix_us() / 1000000;
}

const char *spoken_time(struct arena *arena, double seconds)
{
    static const struct {
        double seconds;
        const char *one, *many;
    } units[] = {
        {86400, "a day",    "days"   },
        {3600,  "an hour",  "hours"  },
        {60,    "a minute", "minutes"}
    };

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        double n = round(seconds / units[i].seconds);
        if (seconds >= 1.95 * units[i].seconds) {
            return arena_printf(arena, "%.0f %s", n, units[i].many);
        }
        if (seconds > 0.95 * units[i].seconds && n == 1) {
            return units[i].one;
        }
    }
    return arena_printf(arena, "%.0f seconds", seconds);
}

struct err order_cancelled(struct job *job)
{
    long long order = note_int(job, "order_id", 0);

    job_go(job, "cancelled");
    if (job->goal == GOAL_DOWN) {
        return OK;
    }
    bool decided = job->generation > note_int(job, "order_generation", job->generation);
    if (decided && !job->given_up) {
        job_log(job, "OVH cancelled order %lld; ordering anew", order);
        return OK;
    }
    return permanent("OVH cancelled order %lld; nothing will come of it. A retry orders anew; an "
                     "operator should ask OVH why",
                     order);
}

void order_adopt(struct job *job, int64_t order)
{
    note_set_int(job, "order_id", order);
    note_set_int(job, "order_generation", job->generation);
}

void order_forget(struct job *job)
{
    static const char *const notes[] = {
        "order_id",     "order_generation", "details",     "payments",      "pay_sent",
        "service_name", "ending",           "end_asked",   "recalled_late", "expiring",
        "seen_unpaid",  "rebuild_sent",     "rebuild_lost"};

    cart_forget(job, true);
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        note_set(job, notes[i], NULL);
    }
}

bool cart_is_dead(const struct job *job, const char *cart)
{
    const char *dead = note(job, "dead_carts");

    return dead && strstr(dead, cart);
}

/* Keeps the newest of the dead: a cart expires after 30 days anyhow. */
void cart_forget(struct job *job, bool dead)
{
    const char *cart = note(job, "cart"), *before = note(job, "dead_carts");

    if (dead && cart) {
        note_set(job, "dead_carts",
                 arena_printf(job->arena, "%s %.900s", cart, before ? before : ""));
    }
    note_set(job, "cart", NULL);
    note_set(job, "item", NULL);
    note_set(job, "order_floor", NULL);
    note_set(job, "blind", NULL);
}
