/* What OVH has in stock, and where. */
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "ovh.h"

enum { DATACENTERS_MAX = 64, DATACENTER_MAX = 64 };

/* Those of `found` that the settings want, in the settings' order. */
static struct ovh_names wanted_of(const struct ovh *ovh, const struct ovh_names *found)
{
    const char *list = ovh->settings->datacenters;
    const char **name = arena_alloc(ovh->arena, (DATACENTERS_MAX + 1) * sizeof *name);
    const char *one;
    size_t n = 0;

    if (strspn(list, ", ") == strlen(list)) {
        return *found;
    }
    while (n < DATACENTERS_MAX && (one = ovh_next(&list, ovh->arena))) {
        if (ovh_names_hold(found, one)) {
            name[n++] = one;
        }
    }
    return (struct ovh_names){.name = name, .n = n};
}

/* In OVH's own words. */
static struct err ask(const struct ovh *ovh, const char *plan, json_t **ret)
{
    const char *path = arena_printf(
        ovh->arena, "/vps/order/rule/datacenter?ovhSubsidiary=%s&planCode=%s",
        http_escape(ovh->arena, ovh->settings->subsidiary), http_escape(ovh->arena, plan));

    return ovh_call(ovh, "GET", path, NULL, ret);
}

static struct err read_stock(const struct ovh *ovh, const char *plan, const json_t *answer,
                             struct ovh_names *ret)
{
    const json_t *all = json_object_get(answer, "datacenters");

    if (!json_is_array(all)) {
        return transient("OVH did not tell where it has %s in stock", plan);
    }
    const char **name = arena_alloc(ovh->arena, (DATACENTERS_MAX + 1) * sizeof *name);
    *ret = (struct ovh_names){.name = name};
    for (size_t i = 0; i < json_array_size(all) && ret->n < DATACENTERS_MAX; i++) {
        const json_t *one = json_array_get(all, i);
        const char *where = json_string_value(json_object_get(one, "datacenter"));
        const char *status = json_string_value(json_object_get(one, "linuxStatus"));
        if (!status) {
            status = json_string_value(json_object_get(one, "status"));
        }
        if (where && strlen(where) <= DATACENTER_MAX && status &&
            strcmp(status, "available") == 0) {
            name[ret->n++] = arena_strdup(ovh->arena, where);
        }
    }
    return OK;
}

/* That there is none is believed only until a row that waits for it looks again. */
struct err ovh_stock(const struct ovh *ovh, const char *plan, struct ovh_names *ret)
{
    const struct orderer_settings *s = ovh->settings;
    const char *key = arena_printf(ovh->arena, "stock %s", plan), *known = cache_find(ovh, key);
    json_auto_t *answer = known ? json_loads(known, 0, NULL) : NULL;
    struct ovh_names found;

    if (!answer) {
        TRY(ask(ovh, plan, &answer));
        known = NULL;
    }
    TRY(read_stock(ovh, plan, answer, &found));
    if (!known) {
        double nothing_s = s->stock_poll_s * 0.9, stock_s = BELIEVE_STOCK * s->remember_s;
        char *text = json_dumps(answer, JSON_COMPACT);
        cache_keep(ovh, key, text ? text : "",
                   found.n > 0 || stock_s < nothing_s ? stock_s : nothing_s);
        free(text);
    }
    *ret = wanted_of(ovh, &found);
    return OK;
}
