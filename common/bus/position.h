/*
 * The reading position of a partition, which lives in PostgreSQL (table offsets). Stored past the end, or for another
 * cluster, means the topic was made anew; stored before the beginning, that messages expired unread. Each is logged as
 * an error, and reading starts at the beginning.
 */
#pragma once

#include <librdkafka/rdkafka.h>

#include "base/err.h"
#include "bus/epoch.h"
#include "db/db.h"

struct position {
    struct db *db;           /* borrowed */
    const char *cluster;     /* the one that is read; borrowed */
    char told[CLUSTER_SIZE]; /* the cluster that was said to be another one */
};

/* Sets p->offset; makes the row of a partition that is read for the first time. */
struct err position_find(struct position *position, rd_kafka_t *rk,
                         rd_kafka_topic_partition_t *p) MUST_CHECK;
