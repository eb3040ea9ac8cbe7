/*
 * A Kafka consumer whose reading position lives in PostgreSQL (position.h): on assignment it goes on where the stored
 * offset says. What it commits to Kafka is for lag tools, and for noticing a database that is older (epoch.h). One that is
 * fenced by its own ghost (a broker that was killed may have forgotten who joined last) joins anew; by a living twin, it
 * ends the process.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "bus/kafka.h"
#include "db/db.h"
#include "runner/move.h"

struct consumer;

/* Everything is borrowed; `db` is used from consumer_join and consumer_take, and `tell` called: see epoch.h. */
struct err consumer_new(const struct kafka_settings *kafka, const struct stage *stage,
                        struct db *db, const atomic_bool *stopping,
                        void (*tell)(void *context, bool older), void *context,
                        struct consumer **ret) MUST_CHECK;
/* Waits until the database is as new as the topics, then subscribes to those the stage hears. */
struct err consumer_join(struct consumer *consumer) MUST_CHECK;
void consumer_free(struct consumer *consumer); /* leaves the group; NULL is fine */

/* Waits until the database, which was away, is as new as the topics. */
void consumer_compare(struct consumer *consumer);

/* Waits at most a second for the first message; what else is there already comes along. The caller
 * destroys them. Partitions are assigned in here, which waits until the database says where to go on. */
int consumer_take(struct consumer *consumer, rd_kafka_message_t **messages, int most);

void consumer_commit(struct consumer *consumer, rd_kafka_message_t **messages, int n);

/* A long outage of the database must not look like a dead consumer. */
void consumer_alive(struct consumer *consumer);
bool consumer_ready(
    const struct consumer *consumer); /* has its partitions and polled within 10 s */
