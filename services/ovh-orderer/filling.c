/*
 * Choosing a server: an assigned cart that holds exactly one, in stock, configured, not too dear.
 *
 * Nothing here costs money or binds anybody. The cart carries the deployment's id as its description, so
 * a later run finds the one an earlier run made.
 */
#include <stdio.h>
#include <string.h>

#include "finding.h"
#include "moves.h"

enum { CARTS_MAX = 50 };

/* What came of going through the list of plans. */
struct search {
    int tried, out_of_stock, too_dear, refused;
    const char *last_refusal;
};

struct offer {
    const char *plan;
    struct ovh_item item;
    int64_t cents;
};

/* What the account has of this deployment's carts; those whose orders are known to be dead do not count. */
struct carts {
    const char *open;
    const char *checked_out;
};

static struct err look_at(struct job *job, const struct ovh *ovh, const char *name,
                          struct carts *ret)
{
    struct ovh_cart cart;

    if (cart_is_dead(job, name)) {
        return OK;
    }
    TRY(ovh_cart_get(ovh, name, &cart));
    bool remembered = note(job, "cart") && strcmp(note(job, "cart"), name) == 0;
    if (cart.state == OVH_CART_VALIDATED || (cart.state == OVH_CART_GONE && remembered)) {
        ret->checked_out = name;
    } else if (cart.state == OVH_CART_OPEN && ret->open) {
        return ovh_cart_drop(ovh, name); /* left by a run that crashed */
    } else if (cart.state == OVH_CART_OPEN) {
        ret->open = name;
    }
    return OK;
}

static struct err find_carts(struct job *job, const struct ovh *ovh, struct carts *ret)
{
    const char *remembered = note(job, "cart");
    struct ovh_names all;

    *ret = (struct carts){0};
    TRY(ovh_carts(ovh, cart_mark(job), &all));
    for (size_t i = 0; i < all.n && i < CARTS_MAX; i++) {
        TRY(look_at(job, ovh, all.name[i], ret));
    }
    if (remembered && !ovh_names_hold(&all, remembered)) {
        TRY(look_at(job, ovh, remembered, ret));
    }
    return OK;
}

/*
 * A cart of ours was checked out, or may have been, and the row does not know: a restored backup. Its order is looked
 * for before anything is ordered again.
 */
static struct err look_for_order(struct job *job, const struct ovh *ovh, const struct carts *carts)
{
    const char *remembered = note(job, "cart");

    if (carts->open) {
        TRY(ovh_cart_drop(ovh, carts->open));
    }
    if (!remembered || strcmp(remembered, carts->checked_out) != 0 || !note(job, "plan")) {
        finding_start_blind(job, carts->checked_out);
    }
    note_set_int(job, "checkout_until", ovh_now());
    job_log(job,
            "OVH has a cart of this deployment that was ordered already; looking for its order");
    job_go(job, "unsure");
    return OK;
}

/* A cart that is not ours to find again (it is listed only once assigned) would stay until it expires. */
static struct err new_cart(struct job *job, const struct ovh *ovh, const char **ret)
{
    *ret = NULL;
    struct err e = ovh_cart_new(ovh, cart_mark(job), ret);

    if (failed(e) && *ret && failed(ovh_cart_drop(ovh, *ret))) {
        job_log(job, "A cart is left at OVH; it expires by itself");
    }
    return e;
}

static bool refused_before(const struct job *job, const char *plan, const char *datacenter)
{
    const char *refused = note(job, "refused");

    return refused && strstr(refused, arena_printf(job->arena, " %s/%s ", plan, datacenter));
}

static struct ovh_names not_refused(const struct job *job, const char *plan,
                                    const struct ovh_names *stock)
{
    const char **name = arena_alloc(job->arena, (stock->n + 1) * sizeof *name);
    size_t n = 0;

    for (size_t i = 0; i < stock->n; i++) {
        if (!refused_before(job, plan, stock->name[i])) {
            name[n++] = stock->name[i];
        }
    }
    return (struct ovh_names){.name = name, .n = n};
}

/* Puts one server of that plan into the cart; a definite no of any kind is permanent and leaves the cart to be emptied. */
static struct err fill(const struct job *job, const struct ovh *ovh, const char *cart,
                       const char *plan, const struct ovh_names *where, struct search *search,
                       struct offer *ret)
{
    ret->plan = plan;
    TRY(ovh_cart_fill(ovh, cart, plan, where, &ret->item));
    TRY(ovh_cart_price(ovh, cart, &ret->cents));
    if (above_limit(job, ret->cents)) {
        search->too_dear++;
        return permanent("%s costs $%.2f a month", plan, (double)ret->cents / 100);
    }
    return OK;
}

/* Goes through the plans in their order; `ret->plan` stays NULL when none will do. */
static struct err choose(struct job *job, const struct ovh *ovh, const char *cart,
                         struct search *search, struct offer *ret)
{
    const char *list = ovh->settings->plans, *plan;

    while ((plan = ovh_next(&list, job->arena))) {
        struct ovh_names stock = {0};
        search->tried++;
        struct err e = ovh_stock(ovh, plan, &stock);
        if (failed(e) && e.kind != ERR_PERMANENT) {
            return e;
        }
        struct ovh_names where = not_refused(job, plan, &stock);
        if (where.n == 0) {
            search->out_of_stock += stock.n == 0;
            search->refused += stock.n > 0;
            job_log(job, "%s: %s", plan,
                    stock.n == 0 ? "out of stock or no longer sold" : "OVH refused the order");
            continue;
        }
        e = fill(job, ovh, cart, plan, &where, search, ret);
        if (!failed(e)) {
            return OK;
        }
        ret->plan = NULL;
        if (e.kind != ERR_PERMANENT) {
            return e;
        }
        if (ovh_absent(e)) {
            return transient("the cart at OVH is gone"); /* the next run makes another */
        }
        search->refused++;
        search->last_refusal = arena_strdup(job->arena, e.text);
        job_log(job, "%s: skipped, %s", plan, e.text);
        TRY(ovh_cart_empty(ovh, cart));
    }
    return OK;
}

/* Is any of our plans still sold? Only for the text, so "yes" when OVH does not tell. */
static bool any_sold(struct job *job, const struct ovh *ovh, const char *cart)
{
    const char *list = ovh->settings->plans, *plan;
    struct ovh_names offers;

    if (failed(ovh_cart_offers(ovh, cart, &offers))) {
        return true;
    }
    while ((plan = ovh_next(&list, job->arena))) {
        if (ovh_names_hold(&offers, plan)) {
            return true;
        }
    }
    return false;
}

static struct err nothing_found(struct job *job, const struct ovh *ovh, const char *cart,
                                const struct search *s)
{
    if (s->out_of_stock > 0 && job->age_s < ovh->settings->stock_limit_s) {
        (void)json_array_clear(job->lines); /* the same lines again with every look */
        job_message(job, "Waiting for OVH to have a server in stock");
        return later(job, ovh->settings->stock_poll_s);
    }
    note_set(job, "refused", NULL);
    bool sold = any_sold(job, ovh, cart);
    if (failed(ovh_cart_drop(ovh, cart))) {
        job_log(job, "A cart is left at OVH; it expires by itself"); /* and the way down drops it */
    }
    cart_forget(job, false);
    if (s->too_dear > 0) {
        return permanent("Every server OVH could deliver costs more than our limit of $%.2f a "
                         "month; an operator must check OVH_PRICE_LIMIT, then retry",
                         ovh->settings->price_limit);
    }
    if (s->refused > 0) {
        return permanent("OVH refused every server we may order%s%.90s; an operator must check "
                         "OVH_PLANS, then retry",
                         s->last_refusal ? ": " : "", s->last_refusal ? s->last_refusal : "");
    }
    if (!sold) {
        return permanent("OVH no longer sells any of the plans we may order; an operator must "
                         "check OVH_PLANS, then retry");
    }
    return permanent("OVH has no server in stock at the moment; nothing was ordered. Please retry "
                     "later; an operator may allow more in OVH_PLANS");
}

/*
 * May run again at any point: it finds the deployment's cart by its description, empties it and fills it
 * anew. Two at once could put two servers into one cart; the checkout looks for that.
 */
struct err server_fill_cart(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    struct search search = {0};
    struct offer offer = {0};
    struct carts carts;
    const char *cart = NULL;
    int64_t floor = 0;

    TRY(find_carts(job, &ovh, &carts));
    if (carts.checked_out) {
        return look_for_order(job, &ovh, &carts);
    }
    if (job->given_up) {
        return permanent("It took too long until a server could be chosen; nothing was ordered. A "
                         "retry goes on from there");
    }
    cart = carts.open;
    TRY(cart ? ovh_cart_empty(&ovh, cart) : new_cart(job, &ovh, &cart));
    TRY(choose(job, &ovh, cart, &search, &offer));
    if (!offer.plan) {
        return nothing_found(job, &ovh, cart, &search);
    }
    TRY(ovh_orders_max(&ovh, &floor)); /* an order of ours will have a greater id */
    note_set(job, "cart", cart);
    note_set_int(job, "item", offer.item.id);
    note_set(job, "plan", offer.plan);
    note_set(job, "datacenter", offer.item.datacenter);
    note_set_int(job, "price_cents", offer.cents);
    note_set_int(job, "order_floor", floor);
    note_set_int(job, "checkout_from", ovh_now());
    job_log(job, "Chose %s in %s for $%.2f a month", offer.plan, offer.item.datacenter,
            (double)offer.cents / 100);
    return OK;
}
