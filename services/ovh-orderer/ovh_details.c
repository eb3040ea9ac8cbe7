/* What an order at OVH consists of, and the server that comes of it: order, details, operations, resource. */
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "listing.h"
#include "ovh.h"

enum { DETAILS_MAX = 60, OPERATIONS_MAX = 20, SERVICE_NAME_MAX = 100 };

static const char *order_path(const struct ovh *ovh, int64_t order, const char *rest)
{
    return arena_printf(ovh->arena, "/me/order/%lld%s", (long long)order, rest);
}

static const char *operations_path(const struct ovh *ovh, int64_t order, int64_t detail)
{
    return order_path(ovh, order,
                      arena_printf(ovh->arena, "/details/%lld/operations", (long long)detail));
}

/* Is this detail a server of the plan (and not one of the free options that come with it)? NULL: of any plan. */
static bool is_server(const json_t *extension, const char *plan)
{
    const json_t *order = json_object_get(extension, "order");
    const json_t *its_plan = json_object_get(order, "plan");
    const char *code = json_string_value(json_object_get(its_plan, "code"));
    const char *product =
        json_string_value(json_object_get(json_object_get(its_plan, "product"), "name"));

    return code && product && (!plan || strcmp(code, plan) == 0) &&
           strcmp(product, "virtualPrivateServer") == 0;
}

/* Of an order's details always the same stands for the machine itself (its month): that one is read first. */
static bool begin_with(const struct ovh *ovh, const char *key, struct ovh_ids *all)
{
    const char *known = cache_find(ovh, key);
    size_t place = known ? strtoul(known, NULL, 10) : 0;
    int64_t *id = arena_alloc(ovh->arena, (all->n + 1) * sizeof *id);

    if (place == 0 || place >= all->n) {
        return false;
    }
    id[0] = all->id[place];
    memcpy(id + 1, all->id, place * sizeof *id);
    memcpy(id + 1 + place, all->id + place + 1, (all->n - place - 1) * sizeof *id);
    all->id = id;
    return true;
}

static void remember_place(const struct ovh *ovh, const char *key, const struct ovh_ids *all,
                           int64_t id)
{
    for (size_t i = 0; i < all->n; i++) {
        if (all->id[i] == id) {
            cache_keep(ovh, key, arena_printf(ovh->arena, "%zu", i),
                       BELIEVE_CATALOG * ovh->settings->remember_s);
        }
    }
}

/* A name that may stand in a path and be shown: letters, digits, dots and hyphens. */
static bool service_name_valid(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= SERVICE_NAME_MAX && name[0] != '.' && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == len;
}

/* `ret_begun`: something is done about it. */
static struct err look_at(const struct ovh *ovh, int64_t order, int64_t detail, bool *ret_begun,
                          const char **ret)
{
    const char *path = operations_path(ovh, order, detail);
    struct ovh_ids all;

    *ret = NULL;
    *ret_begun = false;
    struct err e = ovh_ids(ovh, path, &all);
    if (ovh_absent(e)) {
        return OK;
    }
    TRY(e);
    *ret_begun = all.n > 0;
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
        listing_known(name);
        return OK;
    }
    return OK;
}

struct err ovh_delivered(const struct ovh *ovh, int64_t order, int64_t detail, const char **ret)
{
    bool begun = false;

    return look_at(ovh, order, detail, &begun, ret);
}

/* Of the details that look like a server only one becomes it. Once that is known of the plan, it is enough to see it begin. */
struct err ovh_order_servers(const struct ovh *ovh, int64_t order, const char *plan,
                             struct ovh_servers *ret)
{
    const char *key = arena_printf(ovh->arena, "detail %s", plan ? plan : "");
    int64_t *id = arena_alloc(ovh->arena, DETAILS_MAX * sizeof *id);
    struct ovh_ids listed = {0}, all;
    bool begun = false, done = false;

    *ret = (struct ovh_servers){.details = {.id = id}};
    struct err e = ovh_ids(ovh, order_path(ovh, order, "/details"), &listed);
    if (ovh_absent(e)) {
        return OK;
    }
    TRY(e);
    all = listed;
    bool known = begin_with(ovh, key, &all);
    ret->whole = true;
    for (size_t i = 0; i < all.n && i < DETAILS_MAX && !done; i++) {
        const char *rest =
            arena_printf(ovh->arena, "/details/%lld/extension", (long long)all.id[i]);
        json_auto_t *extension = NULL;
        e = ovh_call(ovh, "GET", order_path(ovh, order, rest), NULL, &extension);
        if (ovh_absent(e)) {
            ret->whole = false;
            continue;
        }
        TRY(e);
        if (is_server(extension, plan)) {
            TRY(look_at(ovh, order, all.id[i], &begun, &ret->name));
            id[ret->details.n++] = all.id[i];
            done = ret->name || (begun && known && i == 0);
        }
    }
    if (ret->name) {
        remember_place(ovh, key, &listed, id[ret->details.n - 1]);
    }
    return OK;
}
