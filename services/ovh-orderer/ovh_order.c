/* OVH's orders: finding them, their status, paying. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cache.h"
#include "ovh.h"

static const char *order_path(const struct ovh *ovh, int64_t order, const char *rest)
{
    return arena_printf(ovh->arena, "/me/order/%lld%s", (long long)order, rest);
}

struct err ovh_order_status(const struct ovh *ovh, int64_t order, enum ovh_order_status *ret)
{
    static const struct {
        const char *text;
        enum ovh_order_status status;
    } known[] = {
        {"notPaid",            OVH_ORDER_NOT_PAID  },
        {"checking",           OVH_ORDER_CHECKING  },
        {"documentsRequested", OVH_ORDER_DOCUMENTS },
        {"delivering",         OVH_ORDER_DELIVERING},
        {"delivered",          OVH_ORDER_DELIVERED },
        {"cancelling",         OVH_ORDER_CANCELLED },
        {"cancelled",          OVH_ORDER_CANCELLED },
    };
    json_auto_t *answer = NULL;

    struct err e = ovh_call(ovh, "GET", order_path(ovh, order, "/status"), NULL, &answer);
    if (ovh_absent(e)) {
        *ret = OVH_ORDER_ABSENT;
        return OK;
    }
    TRY(e);
    if (!json_is_string(answer)) {
        return transient("OVH did not tell the status of order %lld", (long long)order);
    }
    *ret = OVH_ORDER_UNCLEAR;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(json_string_value(answer), known[i].text) == 0) {
            *ret = known[i].status;
        }
    }
    return OK;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The list takes no query in the US company: all of it, always. */
struct err ovh_orders_above(const struct ovh *ovh, int64_t floor, struct ovh_ids *ret)
{
    struct ovh_ids all;

    TRY(ovh_ids(ovh, "/me/order", &all));
    int64_t *id = arena_alloc(ovh->arena, (all.n + 1) * sizeof *id);
    size_t n = 0;
    for (size_t i = 0; i < all.n; i++) {
        if (all.id[i] > floor) {
            id[n++] = all.id[i];
        }
    }
    qsort(id, n, sizeof *id, by_value);
    *ret = (struct ovh_ids){.id = id, .n = n};
    return OK;
}

/* Ids only grow: what was the highest a moment ago is below all that come. */
struct err ovh_orders_max(const struct ovh *ovh, int64_t *ret)
{
    const char *known = cache_find(ovh, "orders max");
    struct ovh_ids all;

    if (known) {
        *ret = strtoll(known, NULL, 10);
        return OK;
    }
    TRY(ovh_ids(ovh, "/me/order", &all));
    *ret = 0;
    for (size_t i = 0; i < all.n; i++) {
        *ret = all.id[i] > *ret ? all.id[i] : *ret;
    }
    cache_keep(ovh, "orders max", arena_printf(ovh->arena, "%lld", (long long)*ret),
               BELIEVE_ORDERS * ovh->settings->remember_s);
    return OK;
}

struct err ovh_order_date(const struct ovh *ovh, int64_t order, int64_t *ret)
{
    const char *key = arena_printf(ovh->arena, "order %lld date", (long long)order);
    const char *known = cache_find(ovh, key);
    json_auto_t *answer = NULL;

    if (known) {
        *ret = strtoll(known, NULL, 10);
        return OK;
    }
    TRY(ovh_call(ovh, "GET", order_path(ovh, order, ""), NULL, &answer));
    if (!clock_parse(json_string_value(json_object_get(answer, "date")), ret)) {
        return transient("OVH did not tell the date of order %lld", (long long)order);
    }
    cache_keep(ovh, key, arena_printf(ovh->arena, "%lld", (long long)*ret),
               BELIEVE_MADE * ovh->settings->remember_s);
    return OK;
}

struct err ovh_payment_method(const struct ovh *ovh, int64_t *ret)
{
    const char *known = cache_find(ovh, "payment method");
    struct ovh_ids all;

    if (known) {
        *ret = strtoll(known, NULL, 10);
        return OK;
    }
    TRY(ovh_ids(ovh, "/me/payment/method?default=true", &all));
    *ret = all.n > 0 ? all.id[0] : 0;
    if (*ret > 0) {
        cache_keep(ovh, "payment method", arena_printf(ovh->arena, "%lld", (long long)*ret),
                   BELIEVE_METHOD * ovh->settings->remember_s);
    }
    return OK;
}

static struct err pay_with(const struct ovh *ovh, int64_t order, int64_t method)
{
    return ovh_do(ovh, "POST", order_path(ovh, order, "/pay"),
                  json_pack("{s:{s:I}}", "paymentMethod", "id", (json_int_t)method));
}

/* Refused with a method that was only remembered: the account may have another by now. */
struct err ovh_order_pay(const struct ovh *ovh, int64_t order, int64_t method)
{
    struct err e = pay_with(ovh, order, method);
    int64_t fresh = 0;

    if (e.kind != ERR_PERMANENT || !cache_forget("payment method")) {
        return e;
    }
    if (failed(ovh_payment_method(ovh, &fresh)) || fresh <= 0 || fresh == method) {
        return e;
    }
    return pay_with(ovh, order, fresh);
}
