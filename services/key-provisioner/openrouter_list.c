/* OpenRouter's list of keys: pages of 100, newest first, ended by an empty one. Read whole or not at all. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/scope.h"
#include "openrouter.h"

SCOPED_CLEANUP(struct arena *, arena_free);

enum {
    PAGES_MAX = 1000,     /* 100 000 keys               */
    LISTING_MS = 45000,   /* all pages, within a lease  */
    SWEEPING_MS = 300000, /* all pages, within a sweep  */
    SHIFT_MAX = 1000,     /* rows by which the pages may shift between two calls */
};

/* What is looked for, and what was found so far. */
struct search {
    const char *text;
    bool prefix;
    size_t most;
    struct openrouter_key *key;
    size_t n, room;
};

static struct err broken(const char *what)
{
    return transient("OpenRouter's answer %s", what);
}

static bool wanted(const struct search *s, const char *name)
{
    return s->prefix ? strncmp(name, s->text, strlen(s->text)) == 0 : strcmp(name, s->text) == 0;
}

static int64_t micro(const json_t *dollars, int64_t otherwise)
{
    double value = json_number_value(dollars);

    return json_is_number(dollars) && value >= 0 && value < 1e9 ? llround(value * 1e6) : otherwise;
}

/* The list shifts while it is read, and what ended a page begins the next: NULL when that key is a new one. */
static struct openrouter_key *seen_before(const struct search *s, const char *hash)
{
    for (size_t i = 0; i < s->n && i < SHIFT_MAX; i++) {
        struct openrouter_key *key = &s->key[s->n - 1 - i];
        if (strcmp(key->hash, hash) == 0) {
            return key;
        }
    }
    return NULL;
}

static struct openrouter_key *one_more(const struct openrouter *at, struct search *s)
{
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 16;
        struct openrouter_key *bigger = arena_alloc(at->arena, room * sizeof *bigger);
        if (s->n > 0) {
            memcpy(bigger, s->key, s->n * sizeof *bigger);
        }
        s->key = bigger;
        s->room = room;
    }
    return &s->key[s->n++];
}

/* What was seen last of a key holds. */
static struct err keep(const struct openrouter *at, struct search *s, const json_t *key)
{
    const char *hash = json_string_value(json_object_get(key, "hash"));
    struct openrouter_key *k = seen_before(s, hash);

    if (!k && s->n == s->most) {
        return permanent("OpenRouter has more than %zu keys named %s; an operator must look",
                         s->most, s->text);
    }
    k = k ? k : one_more(at, s);
    k->hash = arena_strdup(at->arena, hash);
    k->name = arena_strdup(at->arena, json_string_value(json_object_get(key, "name")));
    k->disabled = json_is_true(json_object_get(key, "disabled"));
    k->spent_micro = micro(json_object_get(key, "usage"), -1);
    k->left_micro = micro(json_object_get(key, "limit_remaining"), -1);
    if (!clock_parse(json_string_value(json_object_get(key, "created_at")), &k->created)) {
        k->created = 0;
    }
    return OK;
}

/* How many rows the page had and its first hash, to notice a list that never ends. */
static struct err read_page(const struct openrouter *at, const json_t *page, struct search *s,
                            size_t *ret_rows, const char **ret_first)
{
    const json_t *data = json_object_get(page, "data");

    if (!json_is_array(data)) {
        return broken("has no list of keys");
    }
    *ret_rows = json_array_size(data);
    for (size_t i = 0; i < *ret_rows; i++) {
        const json_t *key = json_array_get(data, i);
        const char *name = json_string_value(json_object_get(key, "name"));
        const char *hash = json_string_value(json_object_get(key, "hash"));
        if (!name || !openrouter_hash_valid(hash)) {
            return broken("lists a key without name or hash");
        }
        if (i == 0) {
            *ret_first = arena_strdup(at->arena, hash);
        }
        if (wanted(s, name)) {
            TRY(keep(at, s, key));
        }
    }
    return OK;
}

static struct err all_pages(const struct openrouter *at, struct search *s, int within_ms,
                            struct openrouter_keys *ret)
{
    SCOPED(arena_free_p) struct arena *scratch = arena_new(); /* hundreds of pages are not kept */
    struct openrouter paging = *at;
    int64_t deadline = clock_ms() + within_ms;
    const char *before = "";
    size_t offset = 0;

    *ret = (struct openrouter_keys){0};
    paging.arena = scratch;
    for (int i = 0; i < PAGES_MAX; i++) {
        json_auto_t *page = NULL;
        const char *first = "";
        size_t rows = 0;

        if (clock_ms() > deadline) {
            return transient("OpenRouter took too long to list its keys");
        }
        arena_reset(scratch);
        TRY(openrouter_call(&paging, "GET",
                            arena_printf(scratch, "/keys?offset=%zu&include_disabled=true", offset),
                            NULL, &page));
        TRY(read_page(at, page, s, &rows, &first));
        if (rows == 0) {
            *ret = (struct openrouter_keys){.key = s->key, .n = s->n, .seen = offset};
            return OK;
        }
        if (strcmp(first, before) == 0) {
            return broken("repeats the same page of keys");
        }
        before = first;
        offset += rows;
    }
    return permanent("OpenRouter lists more than %zu keys; an operator must look", offset);
}

struct err openrouter_keys_named(const struct openrouter *at, const char *name,
                                 struct openrouter_keys *ret)
{
    struct search s = {.text = name, .most = OPENROUTER_NAMESAKES_MAX};

    return all_pages(at, &s, LISTING_MS, ret);
}

struct err openrouter_keys_marked(const struct openrouter *at, const char *prefix,
                                  struct openrouter_keys *ret)
{
    struct search s = {.text = prefix, .prefix = true, .most = SIZE_MAX};

    return all_pages(at, &s, SWEEPING_MS, ret);
}
