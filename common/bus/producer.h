/*
 * An idempotent Kafka producer (acks=all) for the rows of an outbox: it keeps knowing the partitions of
 * every topic, so the first event is as quick as any, and is made anew when librdkafka gives it up.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "bus/kafka.h"
#include "db/db.h"

struct producer;

/* One row in flight. */
struct flight {
    const char *id; /* of the outbox row; borrowed from the rows */
    bool reported, delivered;
};

/* Everything is borrowed; once `stopping` is set, reports are waited for at most 3 s. */
struct err producer_new(const struct kafka_settings *kafka, const atomic_bool *stopping,
                        struct producer **ret) MUST_CHECK;
void producer_free(struct producer *producer); /* NULL is fine */

/* Asks Kafka for the partitions of every topic; false when it does not answer or one is missing. */
bool producer_knows_topics(struct producer *producer);

/* A producer that failed for good is replaced; what it had not delivered is still in the outbox. */
struct err producer_renew_if_dead(struct producer *producer) MUST_CHECK;

/* Sends the rows (id, event_id, topic, key, type, payload, at) and waits for a report on each, which
 * message.timeout.ms makes sure of. `flights`: as many as there are rows, all zero. */
void producer_send(struct producer *producer, const struct rows *rows, struct flight *flights);
