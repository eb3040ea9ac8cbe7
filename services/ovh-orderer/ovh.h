/*
 * OVH's API, as far as one server's life needs it: signed calls, the order, the machine.
 *
 * Error kinds of every call here:
 *   ERR_TRANSIENT  nothing was done: no connection, 429, a refused credential (code 401 or 403; says
 *                  nothing about any resource); and anything that went wrong while only reading
 *   ERR_UNKNOWN    a change that may have been done: broken after it was sent, 5xx, an answer that is
 *                  no JSON, QUERY_TIME_OUT. Look before repeating
 *   ERR_PERMANENT  a definite refusal in OVH's own words, nothing was done; `code` is the HTTP status
 * Everything returned lives in the arena.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "http/http.h"
#include "settings.h"

struct job;

struct ovh {
    struct http *http;
    struct arena *arena;
    const struct orderer_settings *settings;
    struct job *job; /* whose calls these are: its lane pays; NULL: nobody's, the first lane's */
    struct err (*before)(void *context); /* asked before every call, may refuse it; NULL: nobody */
    void *context;
};

/* A signed call. `body` is given away (NULL: none). `ret` is owned by the caller; json null for an empty answer. */
struct err ovh_call(const struct ovh *ovh, const char *method, const char *path, json_t *body,
                    json_t **ret) MUST_CHECK;

/* A call whose answer does not matter. */
struct err ovh_do(const struct ovh *ovh, const char *method, const char *path,
                  json_t *body) MUST_CHECK;

/* "$1$" and 40 hexadecimal digits, in `ret`. */
enum { OVH_SIGNATURE_SIZE = 44 };
void ovh_sign(const char *app_secret, const char *consumer_key, const char *method, const char *url,
              const char *body, int64_t timestamp, char ret[OVH_SIGNATURE_SIZE]);

/* OVH's clock, in seconds since 1970, as far as it is known: what its dates are compared with. */
int64_t ovh_now(void);

/* Asks for OVH's time again before the next call. */
void ovh_clock_forget(void);

/* Is it OVH saying that there is no such thing (404), or none any more (460)? */
static inline bool ovh_absent(struct err e)
{
    return e.kind == ERR_PERMANENT && (e.code == 404 || e.code == 460);
}

struct ovh_ids {
    const int64_t *id;
    size_t n;
};

struct ovh_names {
    const char *const *name;
    size_t n;
};

bool ovh_names_hold(const struct ovh_names *names, const char *name);

/* The next of a setting's `list`, separated by commas or blanks; NULL at its end. */
const char *ovh_next(const char **list, struct arena *arena);

/* Lists as OVH gives them: bare arrays. `path` may carry a query. */
struct err ovh_ids(const struct ovh *ovh, const char *path, struct ovh_ids *ret) MUST_CHECK;
struct err ovh_names(const struct ovh *ovh, const char *path, struct ovh_names *ret) MUST_CHECK;

/* ---- the shop: ovh_stock.c, ovh_cart.c */

/* Datacenters that have the plan in stock for Linux, in the order of OVH_DATACENTERS or as OVH lists them. */
struct err ovh_stock(const struct ovh *ovh, const char *plan, struct ovh_names *ret) MUST_CHECK;

/* Assigned carts with exactly that description. */
struct err ovh_carts(const struct ovh *ovh, const char *description,
                     struct ovh_names *ret) MUST_CHECK;

/* What became of a cart. A checked-out cart may answer 404 too: GONE is never "not ordered". */
enum ovh_cart_state { OVH_CART_OPEN, OVH_CART_VALIDATED, OVH_CART_GONE };
struct ovh_cart {
    enum ovh_cart_state state;
    int64_t item; /* what is in it; 0 when that is not exactly one thing */
};
struct err ovh_cart_get(const struct ovh *ovh, const char *cart, struct ovh_cart *ret) MUST_CHECK;

/* A new cart of the account. `ret` is also set when only assigning it failed. */
struct err ovh_cart_new(const struct ovh *ovh, const char *description,
                        const char **ret) MUST_CHECK;
struct err ovh_cart_drop(const struct ovh *ovh, const char *cart) MUST_CHECK; /* 404 is fine */
struct err ovh_cart_empty(const struct ovh *ovh, const char *cart) MUST_CHECK;

/* Plan codes on sale. */
struct err ovh_cart_offers(const struct ovh *ovh, const char *cart,
                           struct ovh_names *ret) MUST_CHECK;

/*
 * Puts one server of that plan into an empty cart, configured, in the first of `datacenters` that the
 * plan allows. Repeat only after emptying the cart.
 */
struct ovh_item {
    int64_t id;
    const char *datacenter;
};
struct err ovh_cart_fill(const struct ovh *ovh, const char *cart, const char *plan,
                         const struct ovh_names *datacenters, struct ovh_item *ret) MUST_CHECK;

/* The dry run: what the cart would cost, tax included, in cents. */
struct err ovh_cart_price(const struct ovh *ovh, const char *cart, int64_t *ret_cents) MUST_CHECK;

/* Turns the cart into an unpaid order. ERR_UNKNOWN also when the answer names no order. */
struct err ovh_cart_check_out(const struct ovh *ovh, const char *cart,
                              int64_t *ret_order) MUST_CHECK;

/* ---- the order: ovh_order.c, ovh_details.c */

enum ovh_order_status {
    OVH_ORDER_ABSENT, /* 404: not there yet, or no longer */
    OVH_ORDER_NOT_PAID,
    OVH_ORDER_CHECKING,
    OVH_ORDER_DOCUMENTS,
    OVH_ORDER_DELIVERING,
    OVH_ORDER_DELIVERED,
    OVH_ORDER_CANCELLED,
    OVH_ORDER_UNCLEAR,
};
struct err ovh_order_status(const struct ovh *ovh, int64_t order,
                            enum ovh_order_status *ret) MUST_CHECK;

/* The account's orders above `floor`, oldest first. */
struct err ovh_orders_above(const struct ovh *ovh, int64_t floor, struct ovh_ids *ret) MUST_CHECK;
struct err ovh_orders_max(const struct ovh *ovh, int64_t *ret) MUST_CHECK;

/* When the order was made, Unix seconds. */
struct err ovh_order_date(const struct ovh *ovh, int64_t order, int64_t *ret) MUST_CHECK;

/* The server of that plan (NULL: of any) in the order. A cart of ours holds exactly one. */
struct ovh_servers {
    const char *name;       /* NULL: it has none yet                                      */
    struct ovh_ids details; /* while it has none: those that may become it                */
    bool whole;             /* false: OVH did not show all of the order; there may be more */
};
struct err ovh_order_servers(const struct ovh *ovh, int64_t order, const char *plan,
                             struct ovh_servers *ret) MUST_CHECK;

/* Pays with the account's default payment method. Only ever for an order whose id is committed. */
struct err ovh_order_pay(const struct ovh *ovh, int64_t order, int64_t method) MUST_CHECK;
struct err ovh_payment_method(const struct ovh *ovh,
                              int64_t *ret) MUST_CHECK; /* 0: there is none */

/* Name of the server that came of that detail; NULL: none yet. */
struct err ovh_delivered(const struct ovh *ovh, int64_t order, int64_t detail,
                         const char **ret) MUST_CHECK;

/* ---- what an order, a cart or a machine says of itself, for finding our own again: ovh_contents.c */

/* What the order costs a month, tax included, in cents. */
struct err ovh_order_price(const struct ovh *ovh, int64_t order, int64_t *ret_cents) MUST_CHECK;

struct ovh_contents {
    bool known;                         /* false: OVH does not show it (yet)                 */
    bool one;                           /* servers of one plan in one datacenter, not a mix  */
    const char *plan, *datacenter, *os; /* of the servers in it; NULL: no server             */
    int64_t made;                       /* a cart's: when, Unix seconds; 0: not told         */
    struct ovh_ids details;             /* an order's: those that stand for servers          */
};
struct err ovh_order_contents(const struct ovh *ovh, int64_t order,
                              struct ovh_contents *ret) MUST_CHECK;
struct err ovh_cart_contents(const struct ovh *ovh, const char *cart,
                             struct ovh_contents *ret) MUST_CHECK;

/* ---- the machine: ovh_vps.c */

struct err ovh_vps_mark(const struct ovh *ovh, const char *service,
                        const char *display_name) MUST_CHECK;
struct err ovh_vps_state(const struct ovh *ovh, const char *service, const char **ret) MUST_CHECK;
struct err ovh_vps_listed(const struct ovh *ovh, const char *service, bool *ret) MUST_CHECK;
struct err ovh_vps_image(const struct ovh *ovh, const char *service, const char *name,
                         const char **ret) MUST_CHECK; /* NULL: no such image */

/* Newest rebuild task with an id above `floor`; 0: none. */
struct err ovh_vps_rebuild_task(const struct ovh *ovh, const char *service, int64_t floor,
                                int64_t *ret) MUST_CHECK;
struct err ovh_vps_rebuild(const struct ovh *ovh, const char *service, const char *image,
                           const char *public_key, int64_t *ret_task) MUST_CHECK;
bool ovh_busy(struct err e); /* refused because a task is running */

enum ovh_task_state { OVH_TASK_RUNNING, OVH_TASK_DONE, OVH_TASK_FAILED };
struct err ovh_vps_task(const struct ovh *ovh, const char *service, int64_t task,
                        enum ovh_task_state *ret) MUST_CHECK;

/* The machine's IPv4 address; NULL: none yet. */
struct err ovh_vps_ipv4(const struct ovh *ovh, const char *service, const char **ret) MUST_CHECK;

struct ovh_service {
    bool ends;              /* deleted at expiration, no further bill */
    const char *expiration; /* "2026-06-18", "" when unknown          */
};
struct err ovh_service(const struct ovh *ovh, const char *service,
                       struct ovh_service *ret) MUST_CHECK;
/* ERR_NOT_YET: a fresh service can not be ended for some minutes. */
struct err ovh_service_end(const struct ovh *ovh, const char *service) MUST_CHECK;

/* ---- what the account holds, for the sweep: ovh_sweep.c */

/* A machine as it is named, and of which plan; `exists` is false for 404 and 460. */
struct ovh_vps {
    bool exists;
    const char *display_name, *plan;
};
struct err ovh_vps_look(const struct ovh *ovh, const char *service, struct ovh_vps *ret) MUST_CHECK;

/* A cart of any description; `exists` as above. */
struct ovh_found_cart {
    bool exists, validated;
    const char *description;
    int64_t expires; /* Unix seconds; 0: not told */
};
struct err ovh_cart_look(const struct ovh *ovh, const char *cart,
                         struct ovh_found_cart *ret) MUST_CHECK;
enum { OVH_CART_DAYS = 30 }; /* what ovh_cart_new() makes lives so long */

/* Bills since then, and what one is for. `order` is 0 when OVH shows no such bill, or none of an order. */
struct err ovh_bills_since(const struct ovh *ovh, int64_t unix_time,
                           struct ovh_names *ret) MUST_CHECK;
struct ovh_bill {
    int64_t order, cents; /* cents < 0: not told */
    const char *currency;
};
struct err ovh_bill(const struct ovh *ovh, const char *bill, struct ovh_bill *ret) MUST_CHECK;

/* The one way out: a single HTTP call. Alone in wire.c, so that tests put their own world here. */
struct err ovh_http(struct http *http, const struct http_request *request, struct arena *arena,
                    struct http_response *ret) MUST_CHECK;
