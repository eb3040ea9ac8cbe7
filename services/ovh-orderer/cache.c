/* A small table of texts with a time each, under one lock. */
#include "cache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { ENTRIES = 256, KEY_SIZE = 200, VALUE_MAX = 32 * 1024 };

static struct {
    pthread_mutex_t lock;
    struct entry {
        char key[KEY_SIZE];
        char *value; /* NULL: a free place */
        int64_t until_ms;
        bool used;
    } entries[ENTRIES];
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void drop(struct entry *entry)
{
    free(entry->value);
    *entry = (struct entry){0};
}

/* The key's own place, else a free one, else that of what would be forgotten first. */
static int place_for(const char *key)
{
    int best = 0;

    for (int i = 0; i < ENTRIES; i++) {
        if (cache.entries[i].value && strcmp(cache.entries[i].key, key) == 0) {
            return i;
        }
        if (cache.entries[i].until_ms < cache.entries[best].until_ms) { /* a free one's is 0 */
            best = i;
        }
    }
    return best;
}

const char *cache_find(const struct ovh *ovh, const char *key)
{
    const char *found = NULL;
    int64_t now = clock_ms();

    (void)pthread_mutex_lock(&cache.lock);
    for (int i = 0; i < ENTRIES && !found; i++) {
        struct entry *one = &cache.entries[i];
        if (one->value && one->until_ms > now && strcmp(one->key, key) == 0) {
            one->used = true;
            found = arena_strdup(ovh->arena, one->value);
        }
    }
    (void)pthread_mutex_unlock(&cache.lock);
    return found;
}

void cache_keep(const struct ovh *ovh, const char *key, const char *value, double seconds)
{
    if (ovh->settings->remember_s <= 0 || seconds <= 0 || strlen(key) >= KEY_SIZE ||
        strlen(value) > VALUE_MAX) {
        return;
    }
    (void)pthread_mutex_lock(&cache.lock);
    int place = place_for(key);
    drop(&cache.entries[place]);
    (void)snprintf(cache.entries[place].key, KEY_SIZE, "%s", key);
    cache.entries[place].value = strdup(value);
    cache.entries[place].until_ms = clock_ms() + (int64_t)(seconds * 1000);
    if (!cache.entries[place].value) {
        abort();
    }
    (void)pthread_mutex_unlock(&cache.lock);
}

bool cache_forget(const char *prefix)
{
    bool used = false;

    (void)pthread_mutex_lock(&cache.lock);
    for (int i = 0; i < ENTRIES; i++) {
        struct entry *one = &cache.entries[i];
        if (one->value && strncmp(one->key, prefix, strlen(prefix)) == 0) {
            used = used || one->used;
            drop(one);
        }
    }
    (void)pthread_mutex_unlock(&cache.lock);
    return used;
}
