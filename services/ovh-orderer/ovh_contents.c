/* What OVH's orders, carts and machines say of themselves: by this a deployment finds its own again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cache.h"
#include "ovh.h"

enum { DETAILS_MAX = 60 };

static const char *text_of(const struct ovh *ovh, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? arena_strdup(ovh->arena, text) : NULL;
}

struct err ovh_order_price(const struct ovh *ovh, int64_t order, int64_t *ret_cents)
{
    json_auto_t *answer = NULL;

    TRY(ovh_call(ovh, "GET", arena_printf(ovh->arena, "/me/order/%lld", (long long)order), NULL,
                 &answer));
    const json_t *value = json_object_get(json_object_get(answer, "priceWithTax"), "value");
    double dollars = json_number_value(value);
    if (!json_is_number(value) || !(dollars >= 0 && dollars < 1e6)) {
        return transient("OVH did not tell the price of order %lld", (long long)order);
    }
    *ret_cents = llround(ceil(dollars * 100 - 1e-6));
    return OK;
}

static const char *configured(const struct ovh *ovh, const json_t *order, const char *label)
{
    const json_t *all = json_object_get(order, "configurations");

    for (size_t i = 0; i < json_array_size(all); i++) {
        const char *its_label = json_string_value(json_object_get(json_array_get(all, i), "label"));
        if (its_label && strcmp(its_label, label) == 0) {
            return text_of(ovh, json_array_get(all, i), "value");
        }
    }
    return NULL;
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* One more detail of an order; the free options that come with a server are none. */
static bool add_server(const struct ovh *ovh, const json_t *extension, struct ovh_contents *ret)
{
    const json_t *order = json_object_get(extension, "order");
    const json_t *plan = json_object_get(order, "plan");
    const char *product =
        json_string_value(json_object_get(json_object_get(plan, "product"), "name"));
    struct ovh_contents its = {
        .plan = text_of(ovh, plan, "code"),
        .datacenter = configured(ovh, order, "vps_datacenter"),
        .os = configured(ovh, order, "vps_os"),
    };

    if (!its.plan || !product || strcmp(product, "virtualPrivateServer") != 0) {
        return false;
    }
    if (ret->plan) {
        ret->one = ret->one && same(ret->plan, its.plan) && same(ret->datacenter, its.datacenter) &&
                   same(ret->os, its.os);
        return true;
    }
    ret->plan = its.plan;
    ret->datacenter = its.datacenter;
    ret->os = its.os;
    ret->one = true;
    return true;
}

/* What an order holds never changes, and takes a call for each detail: it is asked for until it was shown in full. */
static void keep(const struct ovh *ovh, const char *key, const struct ovh_contents *its)
{
    json_auto_t *details = json_array();

    for (size_t i = 0; i < its->details.n; i++) {
        (void)json_array_append_new(details, json_integer(its->details.id[i]));
    }
    json_auto_t *all = json_pack("{s:b, s:s?, s:s?, s:s?, s:O}", "one", its->one, "plan", its->plan,
                                 "datacenter", its->datacenter, "os", its->os, "details", details);
    char *text = json_dumps(all, JSON_COMPACT);
    if (!text) {
        abort();
    }
    cache_keep(ovh, key, text, BELIEVE_MADE * ovh->settings->remember_s);
    free(text);
}

static bool kept(const struct ovh *ovh, const char *key, int64_t *id, struct ovh_contents *ret)
{
    const char *text = cache_find(ovh, key);
    json_auto_t *all = text ? json_loads(text, 0, NULL) : NULL;
    const json_t *details = json_object_get(all, "details");

    if (!all) {
        return false;
    }
    ret->known = true;
    ret->one = json_is_true(json_object_get(all, "one"));
    ret->plan = text_of(ovh, all, "plan");
    ret->datacenter = text_of(ovh, all, "datacenter");
    ret->os = text_of(ovh, all, "os");
    for (size_t i = 0; i < json_array_size(details); i++) {
        id[ret->details.n++] = json_integer_value(json_array_get(details, i));
    }
    return true;
}

/* The servers among an order's details. */
static struct err read_details(const struct ovh *ovh, int64_t order, int64_t *id,
                               struct ovh_contents *ret, bool *ret_in_full)
{
    const char *path = arena_printf(ovh->arena, "/me/order/%lld/details", (long long)order);
    struct ovh_ids all = {0};
    bool missing = false;

    *ret_in_full = false;
    struct err e = ovh_ids(ovh, path, &all);
    if (ovh_absent(e)) {
        return OK;
    }
    TRY(e);
    for (size_t i = 0; i < all.n && i < DETAILS_MAX; i++) {
        json_auto_t *extension = NULL;
        e = ovh_call(ovh, "GET",
                     arena_printf(ovh->arena, "%s/%lld/extension", path, (long long)all.id[i]),
                     NULL, &extension);
        if (ovh_absent(e)) {
            missing = true;
            continue;
        }
        TRY(e);
        if (add_server(ovh, extension, ret)) {
            id[ret->details.n++] = all.id[i];
        }
    }
    *ret_in_full = !missing && all.n <= DETAILS_MAX;
    ret->known = ret->plan || (all.n > 0 && !missing);
    return OK;
}

struct err ovh_order_contents(const struct ovh *ovh, int64_t order, struct ovh_contents *ret)
{
    const char *key = arena_printf(ovh->arena, "order %lld holds", (long long)order);
    int64_t *id = arena_alloc(ovh->arena, DETAILS_MAX * sizeof *id);
    bool in_full = false;

    *ret = (struct ovh_contents){.details = {.id = id}};
    if (kept(ovh, key, id, ret)) {
        return OK;
    }
    TRY(read_details(ovh, order, id, ret, &in_full));
    if (in_full && ret->plan && ret->datacenter && ret->os) { /* else it may show more later */
        keep(ovh, key, ret);
    }
    return OK;
}

/* A cart's item keeps each answer of its configuration under an id of its own. */
static struct err cart_answer(const struct ovh *ovh, const char *item, const char *label,
                              const char **ret)
{
    json_auto_t *answer = NULL;
    struct ovh_ids all;

    TRY(ovh_ids(ovh, arena_printf(ovh->arena, "%s/configuration?label=%s", item, label), &all));
    if (all.n == 0) {
        return OK;
    }
    TRY(ovh_call(ovh, "GET",
                 arena_printf(ovh->arena, "%s/configuration/%lld", item, (long long)all.id[0]),
                 NULL, &answer));
    *ret = text_of(ovh, answer, "value");
    return OK;
}

static struct err cart_contents(const struct ovh *ovh, const char *cart, struct ovh_contents *ret)
{
    const char *path = arena_printf(ovh->arena, "/order/cart/%s", http_escape(ovh->arena, cart));
    json_auto_t *answer = NULL;
    json_auto_t *shown = NULL;
    int64_t expires = 0;

    TRY(ovh_call(ovh, "GET", path, NULL, &answer));
    if (clock_parse(json_string_value(json_object_get(answer, "expire")), &expires)) {
        ret->made = expires - OVH_CART_DAYS * INT64_C(86400);
    }
    const json_t *items = json_object_get(answer, "items");
    if (json_array_size(items) != 1 || !json_is_integer(json_array_get(items, 0))) {
        return OK;
    }
    const char *item = arena_printf(ovh->arena, "%s/item/%lld", path,
                                    (long long)json_integer_value(json_array_get(items, 0)));
    TRY(ovh_call(ovh, "GET", item, NULL, &shown));
    ret->plan = text_of(ovh, json_object_get(shown, "settings"), "planCode");
    TRY(cart_answer(ovh, item, "vps_datacenter", &ret->datacenter));
    ret->one = ret->known = ret->plan != NULL;
    return OK;
}

struct err ovh_cart_contents(const struct ovh *ovh, const char *cart, struct ovh_contents *ret)
{
    *ret = (struct ovh_contents){0};
    struct err e = cart_contents(ovh, cart, ret);

    return e.kind == ERR_PERMANENT ? OK : e; /* a checked-out cart may not show what was in it */
}
