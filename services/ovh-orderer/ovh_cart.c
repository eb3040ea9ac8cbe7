/* OVH's shop: a cart from its making to the unpaid order. Nothing in here costs money. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/scope.h"
#include "cache.h"
#include "ovh.h"

enum { ITEMS_MAX = 50, LABELS_MAX = 30, CART_ID_MAX = 64 };

static const char *cart_path(const struct ovh *ovh, const char *cart, const char *rest)
{
    return arena_printf(ovh->arena, "/order/cart/%s%s", http_escape(ovh->arena, cart), rest);
}

struct err ovh_carts(const struct ovh *ovh, const char *description, struct ovh_names *ret)
{
    return ovh_names(ovh,
                     arena_printf(ovh->arena, "/order/cart?description=%s",
                                  http_escape(ovh->arena, description)),
                     ret);
}

struct err ovh_cart_get(const struct ovh *ovh, const char *cart, struct ovh_cart *ret)
{
    json_auto_t *answer = NULL;

    *ret = (struct ovh_cart){.state = OVH_CART_GONE};
    struct err e = ovh_call(ovh, "GET", cart_path(ovh, cart, ""), NULL, &answer);
    if (ovh_absent(e)) {
        return OK;
    }
    TRY(e);
    const json_t *read_only = json_object_get(answer, "readOnly");
    const json_t *items = json_object_get(answer, "items");
    if (!json_is_boolean(read_only)) {
        return transient("OVH did not tell the state of a cart");
    }
    ret->state = json_is_true(read_only) ? OVH_CART_VALIDATED : OVH_CART_OPEN;
    ret->item = json_array_size(items) == 1 ? json_integer_value(json_array_get(items, 0)) : 0;
    return OK;
}

struct err ovh_cart_new(const struct ovh *ovh, const char *description, const char **ret)
{
    json_auto_t *answer = NULL;
    time_t until = (time_t)(clock_unix_us() / 1000000) + OVH_CART_DAYS * 86400;
    struct tm tm;
    char expire[40];

    if (!gmtime_r(&until, &tm) ||
        strftime(expire, sizeof expire, "%Y-%m-%dT%H:%M:%S+00:00", &tm) == 0) {
        abort();
    }
    json_t *body = json_pack("{s:s, s:s, s:s}", "ovhSubsidiary", ovh->settings->subsidiary,
                             "description", description, "expire", expire);
    TRY(ovh_call(ovh, "POST", "/order/cart", body, &answer));
    const char *cart = json_string_value(json_object_get(answer, "cartId"));
    if (!cart || !cart[0] || strlen(cart) > CART_ID_MAX) {
        return unknown("OVH named no cart");
    }
    *ret = arena_strdup(ovh->arena, cart);
    return ovh_do(ovh, "POST", cart_path(ovh, cart, "/assign"), NULL);
}

struct err ovh_cart_drop(const struct ovh *ovh, const char *cart)
{
    struct err e = ovh_do(ovh, "DELETE", cart_path(ovh, cart, ""), NULL);

    return ovh_absent(e) ? OK : e;
}

struct err ovh_cart_empty(const struct ovh *ovh, const char *cart)
{
    struct ovh_ids items;

    TRY(ovh_ids(ovh, cart_path(ovh, cart, "/item"), &items));
    for (size_t i = 0; i < items.n && i < ITEMS_MAX; i++) {
        const char *rest = arena_printf(ovh->arena, "/item/%lld", (long long)items.id[i]);
        struct err e = ovh_do(ovh, "DELETE", cart_path(ovh, cart, rest), NULL);
        if (failed(e) && !ovh_absent(e)) {
            return e;
        }
    }
    return OK;
}

static bool allows(const json_t *allowed, const char *value)
{
    for (size_t i = 0; i < json_array_size(allowed); i++) {
        const char *one = json_string_value(json_array_get(allowed, i));
        if (one && strcmp(one, value) == 0) {
            return true;
        }
    }
    return json_array_size(allowed) == 0; /* none listed: anything goes */
}

/* What to answer for a label; NULL: nothing (optional, or no answer fits). */
static const char *value_for(const struct ovh *ovh, const char *label, const json_t *allowed,
                             const struct ovh_names *datacenters)
{
    if (strcmp(label, "vps_os") == 0) {
        return allows(allowed, ovh->settings->os) ? ovh->settings->os : NULL;
    }
    if (strcmp(label, "vps_datacenter") == 0) {
        for (size_t i = 0; i < datacenters->n; i++) {
            if (allows(allowed, datacenters->name[i])) {
                return datacenters->name[i];
            }
        }
        return NULL;
    }
    return json_array_size(allowed) == 1 ? json_string_value(json_array_get(allowed, 0)) : NULL;
}

struct err ovh_cart_offers(const struct ovh *ovh, const char *cart, struct ovh_names *ret)
{
    json_auto_t *answer = NULL;

    TRY(ovh_call(ovh, "GET", cart_path(ovh, cart, "/vps"), NULL, &answer));
    size_t n = json_array_size(answer);
    const char **name = arena_alloc(ovh->arena, (n + 1) * sizeof *name);
    *ret = (struct ovh_names){.name = name};
    for (size_t i = 0; i < n; i++) {
        const char *plan =
            json_string_value(json_object_get(json_array_get(answer, i), "planCode"));
        if (plan) {
            name[ret->n++] = arena_strdup(ovh->arena, plan);
        }
    }
    return ret->n > 0 ? OK : transient("OVH did not tell what it sells");
}

static const char *labels_key(const struct ovh *ovh, const char *plan)
{
    return arena_printf(ovh->arena, "labels %s", plan);
}

/* The labels of a plan's configuration: the same for each cart, so remembered for a while. */
static struct err labels_of(const struct ovh *ovh, const char *path, const char *plan, json_t **ret,
                            bool *ret_fresh)
{
    const char *known = cache_find(ovh, labels_key(ovh, plan));

    *ret = known ? json_loads(known, 0, NULL) : NULL;
    *ret_fresh = !*ret;
    if (*ret) {
        return OK;
    }
    TRY(ovh_call(ovh, "GET", arena_printf(ovh->arena, "%s/requiredConfiguration", path), NULL,
                 ret));
    if (!json_is_array(*ret) || json_array_size(*ret) > LABELS_MAX) {
        return transient("OVH did not tell how to configure the server");
    }
    return OK;
}

/* Only what has served to configure a server: an answer that is nonsense must not last. */
static void keep_labels(const struct ovh *ovh, const char *plan, const json_t *labels)
{
    char *text = json_dumps(labels, JSON_COMPACT);

    cache_keep(ovh, labels_key(ovh, plan), text ? text : "",
               BELIEVE_CATALOG * ovh->settings->remember_s);
    free(text);
}

/* Refused because of labels that were only remembered? Then they are asked for again by the next run. */
static struct err with_labels(struct err e)
{
    if (e.kind == ERR_PERMANENT && cache_forget("labels ")) {
        e.kind = ERR_TRANSIENT;
    }
    return e;
}

/* Answers every label that must have a value, and the two that decide what we get. */
static struct err configure(const struct ovh *ovh, const char *path, const char *plan,
                            const struct ovh_names *datacenters, const char **ret_datacenter)
{
    json_auto_t *labels = NULL;
    bool fresh = false;

    TRY(labels_of(ovh, path, plan, &labels, &fresh));
    for (size_t i = 0; i < json_array_size(labels); i++) {
        const json_t *row = json_array_get(labels, i);
        const char *label = json_string_value(json_object_get(row, "label"));
        if (!label) {
            return transient("OVH did not tell how to configure the server");
        }
        bool ours = strcmp(label, "vps_os") == 0 || strcmp(label, "vps_datacenter") == 0;
        if (!ours && !json_is_true(json_object_get(row, "required"))) {
            continue;
        }
        const char *value =
            value_for(ovh, label, json_object_get(row, "allowedValues"), datacenters);
        if (!value) {
            return permanent("OVH offers no value of ours for '%.60s'", label);
        }
        if (strcmp(label, "vps_datacenter") == 0) {
            *ret_datacenter = arena_strdup(ovh->arena, value);
        }
        TRY(ovh_do(ovh, "POST", arena_printf(ovh->arena, "%s/configuration", path),
                   json_pack("{s:s, s:s}", "label", label, "value", value)));
    }
    if (!*ret_datacenter) {
        return permanent("OVH does not let us choose the datacenter");
    }
    if (fresh) {
        keep_labels(ovh, plan, labels);
    }
    return OK;
}

struct err ovh_cart_fill(const struct ovh *ovh, const char *cart, const char *plan,
                         const struct ovh_names *datacenters, struct ovh_item *ret)
{
    json_auto_t *answer = NULL;
    json_t *body = json_pack("{s:s, s:s, s:s, s:i}", "planCode", plan, "duration", "P1M",
                             "pricingMode", "default", "quantity", 1);

    *ret = (struct ovh_item){0};
    struct err e = ovh_call(ovh, "POST", cart_path(ovh, cart, "/vps"), body, &answer);
    if (e.kind == ERR_PERMANENT) {
        (void)cache_forget("stock ");
    }
    TRY(e);
    ret->id = json_integer_value(json_object_get(answer, "itemId"));
    if (ret->id <= 0) {
        return unknown("OVH named no item of the cart");
    }
    const char *rest = arena_printf(ovh->arena, "/item/%lld", (long long)ret->id);
    return with_labels(
        configure(ovh, cart_path(ovh, cart, rest), plan, datacenters, &ret->datacenter));
}

struct err ovh_cart_price(const struct ovh *ovh, const char *cart, int64_t *ret_cents)
{
    json_auto_t *answer = NULL;

    TRY(with_labels(ovh_call(ovh, "GET", cart_path(ovh, cart, "/checkout"), NULL, &answer)));
    const json_t *value =
        json_object_get(json_object_get(json_object_get(answer, "prices"), "withTax"), "value");
    double dollars = json_number_value(value);
    if (!json_is_number(value) || !(dollars >= 0 && dollars < 1e6)) {
        return transient("OVH did not tell the price");
    }
    *ret_cents = llround(ceil(dollars * 100 - 1e-6));
    return OK;
}

struct err ovh_cart_check_out(const struct ovh *ovh, const char *cart, int64_t *ret_order)
{
    json_auto_t *answer = NULL;
    json_t *body = json_pack("{s:b, s:b}", "autoPayWithPreferredPaymentMethod", 0,
                             "waiveRetractationPeriod", 0);

    struct err e = ovh_call(ovh, "POST", cart_path(ovh, cart, "/checkout"), body, &answer);
    if (e.kind == ERR_PERMANENT) {
        (void)cache_forget("stock ");
    }
    TRY(e);
    *ret_order = json_integer_value(json_object_get(answer, "orderId"));
    return *ret_order > 0 ? OK : unknown("OVH named no order");
}
