/* Only ids are taken out of the list; a list with anything odd about a browser is none. */
#include "devices.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { ID_LEAST = 8 };

static const char browser[] = "openclaw-control-ui", person[] = "operator";
static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

static struct err senseless(const char *why)
{
    struct err e = permanent("what OpenClaw answered is no list of devices: %s", why);

    e.code = DEVICES_SENSELESS;
    return e;
}

static bool is(const json_t *value, const char *text)
{
    return json_is_string(value) && json_string_length(value) == strlen(text) &&
           strcmp(json_string_value(value), text) == 0;
}

/* It becomes a word of a command: nothing but plain characters, and no option. */
static bool is_id(const json_t *value)
{
    const char *id = json_string_value(value);
    size_t len = json_string_length(value);

    return id && len >= ID_LEAST && len <= REQUEST_ID_MOST && id[0] != '-' &&
           strspn(id, plain) == len;
}

/* The access of a person's page and no other. */
static bool wants_in_as_operator(const json_t *request)
{
    const json_t *roles = json_object_get(request, "roles"), *role;
    size_t i;

    if (!is(json_object_get(request, "role"), person) || (roles && !json_is_array(roles))) {
        return false;
    }
    json_array_foreach(roles, i, role)
    {
        if (!is(role, person)) {
            return false;
        }
    }
    return true;
}

static struct err take(const json_t *request, struct arena *arena, struct devices *ret)
{
    const json_t *id = json_object_get(request, "requestId");

    if (!json_is_object(request)) {
        return senseless("a request is no object");
    }
    if (!is(json_object_get(request, "clientId"), browser)) {
        return OK; /* a machine or a phone of the owner's, which is not ours to let in */
    }
    if (!is_id(id) || !wants_in_as_operator(request)) {
        return senseless("a browser's request is odd");
    }
    for (size_t i = 0; i < ret->n; i++) {
        if (strcmp(ret->ids[i], json_string_value(id)) == 0) {
            return senseless("a request is there twice");
        }
    }
    if (ret->n == DEVICES_MOST) {
        return senseless("too many browsers wait");
    }
    ret->ids[ret->n++] = arena_strdup(arena, json_string_value(id));
    return OK;
}

/* Only to be compared with the same machine's words, so nothing has to be true of it. */
static int64_t last_seen(const json_t *paired)
{
    const json_t *device;
    int64_t last = 0;
    size_t i;

    json_array_foreach(paired, i, device)
    {
        int64_t seen = json_integer_value(json_object_get(device, "lastSeenAtMs"));
        if (is(json_object_get(device, "clientId"), browser) && seen > last) {
            last = seen;
        }
    }
    return last;
}

struct err devices_read(const char *text, size_t len, struct arena *arena, struct devices *ret)
{
    json_auto_t *list = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *pending = json_object_get(list, "pending"), *request;
    const json_t *paired = json_object_get(list, "paired");
    size_t i;

    *ret = (struct devices){.seen_ms = last_seen(paired)};
    if (!json_is_array(pending) || !json_is_array(paired)) {
        return senseless("it has none");
    }
    json_array_foreach(pending, i, request)
    {
        TRY(take(request, arena, ret));
    }
    return OK;
}

const char *devices_noted(const struct devices *devices, struct arena *arena)
{
    const char *words = arena_printf(arena, "@%" PRId64, devices->seen_ms);

    for (size_t i = 0; i < devices->n; i++) {
        words = arena_printf(arena, "%s %s", words, devices->ids[i]);
    }
    return words;
}

bool devices_seen_since(const struct devices *devices, const char *noted)
{
    return noted[0] == '@' && devices->seen_ms > strtoll(noted + 1, NULL, 10);
}

bool devices_has_noted(const char *noted, const char *id)
{
    size_t len = strlen(id);

    for (;;) {
        size_t n = strcspn(noted, " ");
        if (n == len && strncmp(noted, id, n) == 0) {
            return true;
        }
        if (!noted[n]) {
            return false;
        }
        noted += n + 1;
    }
}

struct err devices_choose(const struct devices *waiting, const char *noted, const char **ret_id)
{
    size_t fresh = 0;

    *ret_id = NULL;
    for (size_t i = 0; i < waiting->n; i++) {
        if (!devices_has_noted(noted, waiting->ids[i])) {
            *ret_id = waiting->ids[i];
            fresh++;
        }
    }
    if (fresh == 0) {
        return NOT_YET;
    }
    if (waiting->n > 1) {
        struct err e = permanent("%zu browsers wait, %zu of them new", waiting->n, fresh);
        *ret_id = NULL;
        e.code = DEVICES_SEVERAL;
        return e;
    }
    return OK;
}
