/* OVH's lists: bare arrays of ids or names, never in pages. */
#include <string.h>

#include "ovh.h"

enum { LIST_MAX = 500000 };

static struct err list(const struct ovh *ovh, const char *path, json_t **ret)
{
    TRY(ovh_call(ovh, "GET", path, NULL, ret));
    if (!json_is_array(*ret) || json_array_size(*ret) > LIST_MAX) {
        json_decref(*ret);
        *ret = NULL;
        return transient("OVH answered with something that is no list");
    }
    return OK;
}

struct err ovh_ids(const struct ovh *ovh, const char *path, struct ovh_ids *ret)
{
    json_auto_t *all = NULL;

    TRY(list(ovh, path, &all));
    size_t n = json_array_size(all);
    int64_t *id = arena_alloc(ovh->arena, (n + 1) * sizeof *id);
    for (size_t i = 0; i < n; i++) {
        if (!json_is_integer(json_array_get(all, i))) {
            return transient("OVH answered with a list that holds no numbers");
        }
        id[i] = json_integer_value(json_array_get(all, i));
    }
    *ret = (struct ovh_ids){.id = id, .n = n};
    return OK;
}

struct err ovh_names(const struct ovh *ovh, const char *path, struct ovh_names *ret)
{
    json_auto_t *all = NULL;

    TRY(list(ovh, path, &all));
    size_t n = json_array_size(all);
    const char **name = arena_alloc(ovh->arena, (n + 1) * sizeof *name);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(all, i));
        if (!text) {
            return transient("OVH answered with a list that holds no names");
        }
        name[i] = arena_strdup(ovh->arena, text);
    }
    *ret = (struct ovh_names){.name = name, .n = n};
    return OK;
}

bool ovh_names_hold(const struct ovh_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (strcmp(names->name[i], name) == 0) {
            return true;
        }
    }
    return false;
}

const char *ovh_next(const char **list, struct arena *arena)
{
    const char *start = *list + strspn(*list, ", ");
    size_t len = strcspn(start, ", ");

    *list = start + len;
    return len > 0 ? arena_strndup(arena, start, len) : NULL;
}
