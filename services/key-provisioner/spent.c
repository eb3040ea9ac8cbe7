/* The note "spent": "<hash>=<micro> <hash>=<micro> ", one entry for each key that has spent anything. */
#include "spent.h"

#include <stdlib.h>
#include <string.h>

/* What is noted of that key; -1: nothing. `ret_at`, `ret_len`: its entry in the text. */
static int64_t entry(const char *text, const char *hash, const char **ret_at, size_t *ret_len)
{
    size_t len = strlen(hash);

    for (const char *at = text; *at; at += strcspn(at, " "), at += *at == ' ') {
        if (strncmp(at, hash, len) == 0 && at[len] == '=') {
            *ret_at = at;
            *ret_len = strcspn(at, " ");
            return strtoll(at + len + 1, NULL, 10);
        }
    }
    return -1;
}

static int64_t sum(const char *text)
{
    int64_t all = 0;

    for (const char *at = strchr(text, '='); at; at = strchr(at + 1, '=')) {
        all += strtoll(at + 1, NULL, 10);
    }
    return all;
}

/* The text without that key's entry. */
static const char *without(struct arena *arena, const char *text, const char *at, size_t len)
{
    const char *rest = at + len + (at[len] == ' ');

    return arena_printf(arena, "%.*s%s", (int)(at - text), text, rest);
}

struct err spent_told(const struct openrouter_keys *keys, const char *keep)
{
    for (size_t i = 0; i < keys->n; i++) {
        if (keys->key[i].spent_micro < 0 && strcmp(keys->key[i].hash, keep) != 0) {
            return transient("OpenRouter lists a key without its usage");
        }
    }
    return OK;
}

bool spent_add(struct arena *arena, const char **text, const struct openrouter_key *key)
{
    const char *at = NULL;
    size_t len = 0;

    if (key->spent_micro <= 0) {
        return false;
    }
    int64_t noted = entry(*text, key->hash, &at, &len);
    if (noted < key->spent_micro) {
        *text = at ? without(arena, *text, at, len) : *text;
        *text = arena_printf(arena, "%s%s=%lld ", *text, key->hash, (long long)key->spent_micro);
    }
    return noted < 0;
}

/* The sweep notes what a surplus key has spent, and leaves the sum to the next key. */
bool spent_note(struct job *job, const struct openrouter_keys *keys, const char *keep)
{
    const char *was = note(job, "spent") ? note(job, "spent") : "", *text = was;
    bool fresh = false;

    for (size_t i = 0; i < keys->n; i++) {
        if (strcmp(keys->key[i].hash, keep) != 0) {
            fresh = spent_add(job->arena, &text, &keys->key[i]) || fresh;
        }
    }
    if (text != was) {
        note_set(job, "spent", text);
    }
    if (sum(text) > note_int(job, "spent_micro", 0)) {
        note_set_int(job, "spent_micro", sum(text));
    }
    return fresh;
}
