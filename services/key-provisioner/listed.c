/* What the list of keys says, and what is done with those it shows. */
#include "listed.h"

#include <string.h>

/* Every key of that name, and whether `keep` is one of them. */
struct err listed_all(const struct openrouter *at, const char *name, const char *keep,
                      struct openrouter_keys *ret, bool *ret_kept)
{
    *ret_kept = false;
    TRY(openrouter_keys_named(at, name, ret));
    for (size_t i = 0; i < ret->n; i++) {
        *ret_kept = *ret_kept || strcmp(ret->key[i].hash, keep) == 0;
    }
    return OK;
}

struct err listed_delete_but(const struct openrouter *at, const struct openrouter_keys *keys,
                             const char *keep)
{
    for (size_t i = 0; i < keys->n; i++) {
        if (strcmp(keys->key[i].hash, keep) != 0) {
            TRY(openrouter_key_delete(at, keys->key[i].hash));
        }
    }
    return OK;
}

/* Those that requests with an unknown outcome have made: neither the one that is kept nor the one before. */
size_t listed_strangers(const struct job *job, const struct openrouter_keys *keys, const char *keep)
{
    const char *before = note(job, "hash");
    size_t n = 0;

    for (size_t i = 0; i < keys->n; i++) {
        const char *hash = keys->key[i].hash;
        n += strcmp(hash, keep) != 0 && (!before || strcmp(hash, before) != 0);
    }
    return n;
}

/* There is no saying what the last key has spent, and that it is gone, by a list that does not show it: a list in pages
 * can miss one, when another is deleted meanwhile. In any state: an operator may have set the row back. */
struct err listed_missed_none(const struct job *job, const struct openrouter *at,
                              const struct openrouter_keys *keys)
{
    const char *known[] = {note(job, "hash"), note(job, "made")};

    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        const char *hash = known[k];
        bool there = false;
        for (size_t i = 0; hash && i < keys->n; i++) {
            hash = strcmp(keys->key[i].hash, hash) == 0 ? NULL : hash;
        }
        if (hash) {
            TRY(openrouter_key_exists(at, hash, &there));
        }
        if (there) {
            return transient("OpenRouter's list does not show the key there is");
        }
    }
    return OK;
}
