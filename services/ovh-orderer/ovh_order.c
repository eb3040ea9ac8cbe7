/* OVH's orders: finding them, their status, paying, and the server that comes of one. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ovh.h"

enum { DETAILS_MAX = 60, OPERATIONS_MAX = 20, SERVICE_NAME_MAX = 100 };

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

struct err ovh_orders_max(const struct ovh *ovh, int64_t *ret)
{
    struct ovh_ids all;

    TRY(ovh_ids(ovh, "/me/order", &all));
    *ret = 0;
    for (size_t i = 0; i < all.n; i++) {
        *ret = all.id[i] > *ret ? all.id[i] : *ret;
    }
    return OK;
}

struct err ovh_order_date(const struct ovh *ovh, int64_t order, int64_t *ret)
{
    json_auto_t *answer = NULL;

    TRY(ovh_call(ovh, "GET", order_path(ovh, order, ""), NULL, &answer));
    if (!clock_parse(json_string_value(json_object_get(answer, "date")), ret)) {
        return transient("OVH did not tell the date of order %lld", (long long)order);
    }
    return OK;
}

static bool configured(const json_t *order, const char *label, const char *value)
{
    const json_t *all = json_object_get(order, "configurations");

    for (size_t i = 0; i < json_array_size(all); i++) {
        const char *its_label = json_string_value(json_object_get(json_array_get(all, i), "label"));
        const char *its_value = json_string_value(json_object_get(json_array_get(all, i), "value"));
        if (its_label && its_value && strcmp(its_label, label) == 0) {
            return strcmp(its_value, value) == 0;
        }
    }
    return false;
}

/* Is this detail a server of the plan (and not one of the free options that come with it)? */
static bool is_server(const struct ovh *ovh, const json_t *extension, const char *plan,
                      const char *datacenter)
{
    const json_t *order = json_object_get(extension, "order");
    const json_t *its_plan = json_object_get(order, "plan");
    const char *code = json_string_value(json_object_get(its_plan, "code"));
    const char *product =
        json_string_value(json_object_get(json_object_get(its_plan, "product"), "name"));

    if (!code || !product || strcmp(code, plan) != 0 ||
        strcmp(product, "virtualPrivateServer") != 0) {
        return false;
    }
    return !datacenter || (configured(order, "vps_datacenter", datacenter) &&
                           configured(order, "vps_os", ovh->settings->os));
}

struct err ovh_order_servers(const struct ovh *ovh, int64_t order, const char *plan,
                             const char *datacenter, struct ovh_ids *ret, bool *ret_any_details)
{
    struct ovh_ids all = {0};
    int64_t *id = arena_alloc(ovh->arena, DETAILS_MAX * sizeof *id);
    size_t n = 0;

    *ret = (struct ovh_ids){0};
    struct err e = ovh_ids(ovh, order_path(ovh, order, "/details"), &all);
    *ret_any_details = !failed(e) && all.n > 0;
    if (ovh_absent(e)) {
        return OK;
    }
    TRY(e);
    for (size_t i = 0; i < all.n && i < DETAILS_MAX; i++) {
        const char *rest =
            arena_printf(ovh->arena, "/details/%lld/extension", (long long)all.id[i]);
        json_auto_t *extension = NULL;
        e = ovh_call(ovh, "GET", order_path(ovh, order, rest), NULL, &extension);
        if (ovh_absent(e)) {
            continue;
        }
        TRY(e);
        if (is_server(ovh, extension, plan, datacenter)) {
            id[n++] = all.id[i];
        }
    }
    *ret = (struct ovh_ids){.id = id, .n = n};
    return OK;
}

struct err ovh_payment_method(const struct ovh *ovh, int64_t *ret)
{
    struct ovh_ids all;

    TRY(ovh_ids(ovh, "/me/payment/method?default=true", &all));
    *ret = all.n > 0 ? all.id[0] : 0;
    return OK;
}

struct err ovh_order_pay(const struct ovh *ovh, int64_t order, int64_t method)
{
    return ovh_do(ovh, "POST", order_path(ovh, order, "/pay"),
                  json_pack("{s:{s:I}}", "paymentMethod", "id", (json_int_t)method));
}

/* A name that may stand in a path and be shown: letters, digits, dots and hyphens. */
static bool service_name_valid(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= SERVICE_NAME_MAX && name[0] != '.' && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == len;
}

struct err ovh_delivered(const struct ovh *ovh, int64_t order, int64_t detail, const char **ret)
{
    const char *path = order_path(
        ovh, order, arena_printf(ovh->arena, "/details/%lld/operations", (long long)detail));
    struct ovh_ids all;

    *ret = NULL;
    struct err e = ovh_ids(ovh, path, &all);
    if (ovh_absent(e)) {
        return OK;
    }
    TRY(e);
    for (size_t i = 0; i < all.n && i < OPERATIONS_MAX; i++) {
        json_auto_t *operation = NULL;
        e = ovh_call(ovh, "GET", arena_printf(ovh->arena, "%s/%lld", path, (long long)all.id[i]),
                     NULL, &operation);
        if (ovh_absent(e)) {
            continue;
        }
        TRY(e);
        const char *name =
            json_string_value(json_object_get(json_object_get(operation, "resource"), "name"));
        if (!name || !name[0] || strcmp(name, "*") == 0) {
            continue;
        }
        if (!service_name_valid(name)) {
            return transient("OVH delivered order %lld under a name that can not be one",
                             (long long)order);
        }
        *ret = arena_strdup(ovh->arena, name);
        return OK;
    }
    return OK;
}
