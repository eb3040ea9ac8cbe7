/* What every Kafka client of this product shares: settings, topics, a conf for librdkafka. */
#pragma once

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/err.h"

struct kafka_settings {
    const char *service; /* client and group name */
    const char *bootstrap;
    const char *instance; /* static group membership: unique per copy, stable over its restarts */
};

enum { KAFKA_PARTITIONS = 12 };

/* "deployments", "keys", "servers", "instances", "dead-letters"; NULL-terminated. */
extern const char *const kafka_topics[];

/* A conf with the product's settings and the environment's KAFKA_* (KAFKA_SASL_USERNAME ->
 * sasl.username, KAFKA_SASL_PASSWORD_FILE reads a file), in that order; a setting that a guarantee rests on is
 * refused. Owned by the caller until rd_kafka_new takes it. */
struct err kafka_conf(const struct kafka_settings *settings, bool producer,
                      rd_kafka_conf_t **ret) MUST_CHECK;

/* Makes the topics that are missing (12 partitions; from 3 replicas on, a message is on 2 before it counts). */
struct err kafka_make_topics(const struct kafka_settings *settings, int replicas) MUST_CHECK;
