/* The life of a deployment's server: its actions by chapter, for the table in moves.c and for the tests. */
#pragma once

#include "ovh.h"
#include "runner/move.h"

/* What the names of our carts and machines begin with; then comes the deployment's id, or its end. */
#define OUR_MARK "openclaw-"

extern const struct stage server_stage;

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

/* machine.c: from the bare machine to one that lets us in */
struct err server_prepare(struct job *job);
struct err server_rebuild(struct job *job);
struct err server_await_rebuild(struct job *job);
struct err server_find_address(struct job *job);

/* releasing.c: the way down */
struct err server_drop_cart(struct job *job);
struct err server_let_expire(struct job *job);
struct err server_release(struct job *job);

/* ---- what the chapters share: shared.c */

const struct orderer_settings *settings_of(const struct job *job);
struct ovh ovh_of(struct job *job);

/* Our mark on a cart: the deployment's id in full. */
const char *cart_mark(const struct job *job);

/* NOT_YET, looked at again soon while young and at last every `most_s`. */
struct err later(struct job *job, double most_s);

/* The same; but with goal up, past `limit_s` in this state, permanent with that text. */
struct err later_until(struct job *job, double most_s, double limit_s, const char *too_late);

/* The order that was cancelled: nothing will come of it. A retry starts over. */
struct err order_cancelled(struct job *job);

/* Carts that were checked out into an order nobody will pay; they may stay listed. */
bool cart_is_dead(const struct job *job, const char *cart);
void cart_forget(struct job *job, bool dead);
