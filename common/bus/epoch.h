/*
 * Is this database as new as what was done with it? One that was restored from a backup is not: its rows are older than
 * the world, and acting on them could buy what is bought already. The topics know:
 *
 * - Our group's offsets in Kafka are committed after the database's commit. One beyond the stored offset means that
 *   this service has done more than this database knows.
 * - An event is published after the transaction that said it. One in the topics whose seq is beyond its deployment's
 *   means the same; only what no stage has read yet need be looked at.
 *
 * Until that is looked at nothing is claimed and nothing applied: at the start, at every assignment, and when the
 * database was away, for it may come back as another. The price: a worker that starts, or whose database was away, while
 * Kafka is away does nothing until it is back, not even what needs no event. Work that waits is late; work on old rows
 * is money.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "bus/kafka.h"
#include "db/db.h"

enum { CLUSTER_SIZE = 101 };

struct epoch {
    rd_kafka_t *rk; /* a consumer of the group, or any reader */
    bool
        reads; /* this service stores offsets; of one that does not only the events are looked at */
    const struct kafka_settings *kafka;
    struct db *db; /* with the service's own search path */
    const atomic_bool *stopping;
    /* Called whenever it was looked at: may rows be worked on? */
    void (*tell)(void *context, bool older);
    void *context;
    char cluster[CLUSTER_SIZE]; /* out: Kafka's id */
};

/* One look. `ret_older`: the database is. */
struct err epoch_look(struct epoch *epoch, bool *ret_older) MUST_CHECK;

/* Looks until the database is as new as the topics, saying at once and every 30 s when it is not. False: told to stop. */
bool epoch_await(struct epoch *epoch);
