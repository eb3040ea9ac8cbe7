/*
 * Reading parts of the event topics once, from here to there: no group, nothing stored. For looking whether the
 * database is as new as the topics, and for bringing it up to date from them.
 */
#pragma once

#include <stdatomic.h>

#include "base/arena.h"
#include "base/scope.h"
#include "bus/kafka.h"

typedef rd_kafka_topic_partition_list_t kafka_places; /* an offset in each partition */

static inline void kafka_places_free_p(kafka_places **places)
{
    if (*places) {
        rd_kafka_topic_partition_list_destroy(*places);
    }
}
#define PLACES SCOPED(kafka_places_free_p) kafka_places

/* A place in every partition of the event topics (not dead-letters): RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_END
 * (behind the last message of now), or the first message not older than that many milliseconds since 1970. */
struct err kafka_places_at(rd_kafka_t *rk, int64_t when, kafka_places **ret) MUST_CHECK;

/* That of a partition; `otherwise` when there is none. */
int64_t kafka_place(const kafka_places *places, const char *topic, int partition,
                    int64_t otherwise);

/* The id of the cluster, asked for just now or by kafka_places_at. */
struct err kafka_cluster(rd_kafka_t *rk, char *ret, size_t size) MUST_CHECK;

/* A handle for kafka_read; it joins no group. */
struct err kafka_reader_new(const struct kafka_settings *kafka, rd_kafka_t **ret) MUST_CHECK;
void kafka_reader_free(rd_kafka_t *reader); /* NULL is fine */

static inline void kafka_reader_free_p(rd_kafka_t **reader)
{
    kafka_reader_free(*reader);
}

/* The value of a message's header in the arena; NULL when there is none. */
const char *kafka_header(rd_kafka_message_t *message, const char *name, struct arena *arena);

typedef struct err kafka_takes(void *context, rd_kafka_message_t *message);

/* Gives every message from `from` to just before `to`; only partitions that are in both. Ends early, with
 * ERR_TRANSIENT, when nothing comes for half a minute or `stopping` (may be NULL) is set. */
struct err kafka_read(rd_kafka_t *reader, const kafka_places *from, const kafka_places *to,
                      kafka_takes *take, void *context, const atomic_bool *stopping) MUST_CHECK;
