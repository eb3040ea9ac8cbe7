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

/* One outbox row on its way. Lives until it is reported: the callback writes here. */
struct flight {
    char id[24]; /* of the outbox row */
    bool used, reported, delivered;
    int64_t sent_ms, again_ms; /* again: when a failed one may be read anew */
};

struct err producer_new(const struct kafka_settings *kafka, struct producer **ret) MUST_CHECK;
void producer_free(struct producer *producer); /* drops what is on its way; NULL is fine */

/* Asks the broker, for at most two seconds: does it answer, and are all topics there? */
bool producer_knows_topics(struct producer *producer);

/* True: librdkafka gave the handle up and a new one was made; what was on its way never reports. */
bool producer_renewed(struct producer *producer);

/* Sends row `i` (columns id, event_id, topic, key, type, payload, at). A refusal is reported at once. */
void producer_send(struct producer *producer, const struct rows *rows, int i,
                   struct flight *flight);

/* Serves reports, waiting for the first at most that long. */
void producer_poll(struct producer *producer, int ms);
