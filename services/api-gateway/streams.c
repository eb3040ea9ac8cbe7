/* The places for streams, who sits on them, and waking them. */
#include "streams.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/metrics.h"

enum { MOST = 256, PER_USER = 8, LOOK_S = 1 };

struct stream {
    bool used, woken, end;
    int probes; /* comments to write now: only writing shows that a client is gone, often the second time */
    int64_t since;
    char deployment[ID_SIZE], user[ID_SIZE];
    pthread_cond_t changed;
};

static struct {
    pthread_mutex_t lock;
    bool closing;
    int most;
    struct stream all[MOST];
} streams = {.lock = PTHREAD_MUTEX_INITIALIZER};

void streams_open(int most)
{
    pthread_condattr_t attributes;

    if (pthread_condattr_init(&attributes) != 0 ||
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0) {
        abort();
    }
    for (int i = 0; i < MOST; i++) {
        if (pthread_cond_init(&streams.all[i].changed, &attributes) != 0) {
            abort();
        }
    }
    pthread_condattr_destroy(&attributes);
    streams.most = most < MOST ? most : MOST;
}

void streams_wake(const char *deployment_id)
{
    pthread_mutex_lock(&streams.lock);
    for (int i = 0; i < streams.most; i++) {
        struct stream *stream = &streams.all[i];
        if (stream->used && strcasecmp(stream->deployment, deployment_id) == 0) {
            stream->woken = true;
            pthread_cond_signal(&stream->changed);
        }
    }
    pthread_mutex_unlock(&streams.lock);
}

void streams_close(void)
{
    pthread_mutex_lock(&streams.lock);
    streams.closing = true;
    for (int i = 0; i < streams.most; i++) {
        pthread_cond_signal(&streams.all[i].changed);
    }
    pthread_mutex_unlock(&streams.lock);
}

/* Asks the user's eldest stream to end when there are as many as one user may have. */
static void make_room_for(const char *user)
{
    struct stream *eldest = NULL;
    int n = 0;

    for (int i = 0; i < streams.most; i++) {
        struct stream *stream = &streams.all[i];
        if (stream->used && !stream->end && strcmp(stream->user, user) == 0) {
            n++;
            eldest = !eldest || stream->since < eldest->since ? stream : eldest;
        }
    }
    if (n >= PER_USER) {
        eldest->end = true;
        pthread_cond_signal(&eldest->changed);
    }
}

/* All are taken: find out which of them nobody listens to any more, for the next one who asks. */
static void probe_all(void)
{
    for (int i = 0; i < streams.most; i++) {
        streams.all[i].probes = 2;
        streams.all[i].woken = true;
        pthread_cond_signal(&streams.all[i].changed);
    }
}

struct stream *streams_enter(const struct request *request)
{
    struct stream *free_one = NULL;

    pthread_mutex_lock(&streams.lock);
    make_room_for(request->visitor.user_id);
    for (int i = 0; i < streams.most && !free_one && !streams.closing; i++) {
        free_one = streams.all[i].used ? NULL : &streams.all[i];
    }
    if (free_one) {
        free_one->used = true;
        free_one->woken = free_one->end = false;
        free_one->probes = 0;
        free_one->since = clock_ms();
        (void)snprintf(free_one->deployment, ID_SIZE, "%s", request->id);
        (void)snprintf(free_one->user, ID_SIZE, "%s", request->visitor.user_id);
        METRIC_ADD(streams_open, 1);
    } else {
        probe_all();
    }
    pthread_mutex_unlock(&streams.lock);
    return free_one;
}

void streams_leave(struct stream *stream)
{
    pthread_mutex_lock(&streams.lock);
    stream->used = false;
    METRIC_ADD(streams_open, -1);
    pthread_mutex_unlock(&streams.lock);
}

bool streams_rest(struct stream *stream, bool *ret_probe)
{
    struct timespec until;
    int error = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_S;
    pthread_mutex_lock(&streams.lock);
    while (!stream->woken && !stream->end && !streams.closing && error == 0) {
        error = pthread_cond_timedwait(&stream->changed, &streams.lock, &until);
    }
    stream->woken = false;
    *ret_probe = stream->probes > 0;
    stream->probes -= *ret_probe;
    bool go_on = !stream->end && !streams.closing;
    pthread_mutex_unlock(&streams.lock);
    return go_on;
}
