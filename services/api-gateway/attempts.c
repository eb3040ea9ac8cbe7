/* A small hash table of counters under one lock. */
#include "attempts.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { ROWS_N = 512, COLUMNS = 8 };

struct entry {
    uint64_t key; /* hash; two keys that share one only share a limit */
    int64_t since_ms;
    int n; /* 0: free */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry table[ROWS_N][COLUMNS];
static uint64_t seed; /* so that nobody can choose keys that share a row */

static uint64_t hash(const char *key)
{
    if (seed == 0 && RAND_bytes((unsigned char *)&seed, sizeof seed) != 1) {
        abort();
    }
    uint64_t h = 0xcbf29ce484222325u ^ seed;
    for (; *key; key++) {
        h = (h ^ (unsigned char)*key) * 0x100000001b3u;
        h ^= h >> 29;
    }
    return h * 0x9e3779b97f4a7c15u;
}

static struct entry *find(uint64_t key)
{
    struct entry *row = table[(key >> 32) % ROWS_N];

    for (int i = 0; i < COLUMNS; i++) {
        if (row[i].n > 0 && row[i].key == key) {
            return &row[i];
        }
    }
    return NULL;
}

/* A free entry, else the oldest. */
static struct entry *claim(uint64_t key)
{
    struct entry *row = table[(key >> 32) % ROWS_N], *oldest = row;

    for (int i = 0; i < COLUMNS; i++) {
        if (row[i].n == 0) {
            return &row[i];
        }
        if (row[i].since_ms < oldest->since_ms) {
            oldest = &row[i];
        }
    }
    return oldest;
}

int attempts_take(const char *key, int limit, int64_t now_ms)
{
    int wait = 0;

    pthread_mutex_lock(&lock);
    uint64_t h = hash(key);
    struct entry *entry = find(h);
    if (!entry || now_ms - entry->since_ms >= ATTEMPTS_WINDOW_S * 1000) {
        entry = entry ? entry : claim(h);
        *entry = (struct entry){.key = h, .since_ms = now_ms};
    }
    if (entry->n >= limit) {
        wait = ATTEMPTS_WINDOW_S - (int)((now_ms - entry->since_ms) / 1000);
    } else {
        entry->n++;
    }
    pthread_mutex_unlock(&lock);
    return wait;
}

static void change(const char *key, bool all)
{
    pthread_mutex_lock(&lock);
    struct entry *entry = find(hash(key));
    if (entry) {
        entry->n = all ? 0 : entry->n - 1;
    }
    pthread_mutex_unlock(&lock);
}

void attempts_forget(const char *key)
{
    change(key, true);
}

void attempts_give_back(const char *key)
{
    change(key, false);
}
