/* A stack of connections under one lock; who finds none waits until its deadline. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "db/internal.h"

struct db_pool {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    struct db **free;
    int n_free, size;
};

struct db_pool *db_pool_new(const char *url, const char *application, const char *schema, int size)
{
    struct db_pool *pool = calloc(1, sizeof *pool);
    pthread_condattr_t attr;

    if (!pool || !(pool->free = calloc((size_t)size, sizeof *pool->free))) {
        abort();
    }
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&pool->freed, &attr);
    (void)pthread_condattr_destroy(&attr);
    pool->size = size;
    for (int i = 0; i < size; i++) {
        pool->free[pool->n_free++] = db_new(url, application, schema);
    }
    return pool;
}

void db_pool_free(struct db_pool *pool)
{
    if (!pool) {
        return;
    }
    for (int i = 0; i < pool->n_free; i++) {
        db_free(pool->free[i]);
    }
    (void)pthread_mutex_destroy(&pool->lock);
    (void)pthread_cond_destroy(&pool->freed);
    free(pool->free);
    free(pool);
}

/* The server has spoken to a connection at rest: it has ended it, in a restart for example. */
static bool was_ended(const struct db *db)
{
    struct pollfd p = {.fd = db->conn ? PQsocket(db->conn) : -1, .events = POLLIN};

    return p.fd >= 0 && poll(&p, 1, 0) > 0;
}

struct err db_pool_take(struct db_pool *pool, int deadline_ms, struct db **ret)
{
    struct timespec until;
    int waited = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += deadline_ms / 1000;
    until.tv_nsec += (long)(deadline_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&pool->lock);
    while (pool->n_free == 0 && waited != ETIMEDOUT) {
        waited = pthread_cond_timedwait(&pool->freed, &pool->lock, &until);
    }
    *ret = pool->n_free > 0 ? pool->free[--pool->n_free] : NULL;
    (void)pthread_mutex_unlock(&pool->lock);
    if (!*ret) {
        return transient("all %d database connections are in use", pool->size);
    }
    if (was_ended(*ret)) { /* long ago perhaps: that must not be the next caller's error */
        db_drop(*ret);
    }
    struct err e = db_ready(*ret);
    if (failed(e)) {
        db_pool_give(pool, *ret);
        *ret = NULL;
    }
    return e;
}

void db_pool_give(struct db_pool *pool, struct db *db)
{
    db_rollback(db);
    (void)pthread_mutex_lock(&pool->lock);
    pool->free[pool->n_free++] = db;
    (void)pthread_cond_signal(&pool->freed);
    (void)pthread_mutex_unlock(&pool->lock);
}
