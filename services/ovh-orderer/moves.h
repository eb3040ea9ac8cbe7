/* The life of a deployment's server: its actions by chapter, for the table in moves.c and for the tests. */
#pragma once

#include "ovh.h"
#include "runner/move.h"

/* What the names of our carts and machines begin with; then comes the deployment's id, or its end. */
#define OUR_MARK "openclaw-"

extern const struct stage server_stage;

/* words.c: what came of a step, as people should read it when this was its last try. */
struct err in_words(struct job *job, struct err e);

/* filling.c: the cart */
struct err server_fill_cart(struct job *job);

/* ordering.c: from the cart to an unpaid order whose id we know */
struct err server_check_out(struct job *job);
struct err server_reconcile(struct job *job);

/* paying.c */
struct err server_pay(struct job *job);
struct err server_start_over(struct job *job);

/* delivery.c: from the paid order to the machine's name */
#define RELEASED_ONCE_DELIVERED "The server is paid; it is released as soon as OVH delivers it"
struct err server_await_delivery(struct job *job);
/* The machine that came of the paid order; NULL: none yet. */
struct err server_find(struct job *job, const struct ovh *ovh, const char **ret);

/* late.c: a delivery that people were told is late, until they decide or it is given back */
struct err server_be_late(struct job *job, bool papers); /* says so, and goes on in "late" */
struct err server_lose_sight(struct job *job,
                             struct err e);   /* the same, when OVH does not answer */
struct err server_come_late(struct job *job); /* delivered when people were told already */
struct err server_watch(struct job *job);
struct err server_hold(struct job *job);
struct err server_give_back(struct job *job);

/* machine.c: from the bare machine to one that lets us in */
struct err server_prepare(struct job *job);
struct err server_rebuild(struct job *job);
struct err server_await_rebuild(struct job *job);
struct err server_find_address(struct job *job);

/* dropping.c: the way down, from before the payment */
struct err server_drop_cart(struct job *job);
struct err server_let_expire(struct job *job);

/* releasing.c: the way down, from the paid machine */
struct err server_release(struct job *job);

/* OK once OVH has read back that the machine ends with what is paid, or that it is gone; NOT_YET until then. */
struct ending {
    bool gone;
    const char *until; /* "2027-05-14", or NULL                 */
    const char *date;  /* the same for people, or "the end of the month" */
};
struct err server_end(struct job *job, const struct ovh *ovh, struct ending *ret);

/* Says that nothing is left to pay for, or only what is paid already. */
struct err server_gone(struct job *job, const char *paid_until);

/* wiping.c: nobody's data stays on a machine that is ours for some weeks more */
struct err server_wipe(struct job *job);

/* ---- what the chapters share: shared.c */

const struct orderer_settings *settings_of(const struct job *job);
struct ovh ovh_of(struct job *job);

/* Our mark on a cart: the deployment's id in full. */
const char *cart_mark(const struct job *job);

/* Our mark on a machine, and on the keys that let us in. */
const char *server_mark(const struct job *job);

/* NOT_YET, looked at again soon while young and at last every `most_s`. */
struct err later(struct job *job, double most_s);

/* The same; but with goal up, past `limit_s` in this state, permanent with that text. */
struct err later_until(struct job *job, double most_s, double limit_s, const char *too_late);

/* More a month than OVH_PRICE_LIMIT allows? */
bool above_limit(const struct job *job, int64_t cents);

/* Unix seconds by our own clock, for notes that only we read. */
int64_t unix_now(void);

/* "3 days", "72 hours", "15 minutes" */
const char *spoken_time(struct arena *arena, double seconds);

/*
 * The order was cancelled: nothing will come of it. Starts over when the user has decided again since it was made;
 * else that is an ERROR, and a retry starts over.
 */
struct err order_cancelled(struct job *job);

/* This order is the deployment's from now on: what is committed with this outcome is what may be paid. */
void order_adopt(struct job *job, int64_t order);

/* Nothing binds the deployment to its order and cart any more: the next one is a new one. */
void order_forget(struct job *job);

/* Carts that were checked out into an order nobody will pay; they may stay listed. */
bool cart_is_dead(const struct job *job, const char *cart);
void cart_forget(struct job *job, bool dead);
