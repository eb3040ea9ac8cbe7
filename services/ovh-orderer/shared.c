/* What the chapters of a server's life share. */
#include <stdio.h>
#include <string.h>

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
    return arena_printf(job->arena, "openclaw-%s", job->id);
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

struct err order_cancelled(struct job *job)
{
    job_go(job, "cancelled");
    if (job->goal == GOAL_DOWN) {
        return OK;
    }
    return permanent("OVH cancelled order %lld; nothing will come of it. A retry orders anew; an "
                     "operator should ask "
                     "OVH why",
                     (long long)note_int(job, "order_id", 0));
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
}
