/*
 * Kafka -> rows. Each message is applied in one transaction that also stores the consumer's next offset in
 * PostgreSQL; applying twice changes nothing. What is waiting is applied as one batch, never waited for.
 *
 * On assignment the stored offset is where reading goes on. Stored past the end means the topic was made
 * anew: logged as an error, and reading starts at its beginning. A message that cannot be applied goes to
 * `dead-letters` with topic, partition, offset and reason, and its partition goes on.
 */
#pragma once

#include "bus/kafka.h"
#include "runner/move.h"

struct bus_inbox;

/* `changed` is called after a commit that changed rows (wake the keeper); `dead` after dead letters
 * were put into the outbox (wake the relay); `older` when the database was compared with the topics: true when
 * nothing may be done with its rows; `held` says that it must be compared (again). Called from the inbox thread. */
struct inbox_hooks {
    void (*changed)(void *context);
    void (*dead)(void *context);
    void (*older)(void *context, bool older);
    bool (*held)(void *context);
    void *context;
};

struct err inbox_start(const struct kafka_settings *kafka, const char *database_url,
                       const struct stage *stage, const char *schema, const char *owner,
                       struct inbox_hooks hooks, struct bus_inbox **ret) MUST_CHECK;
bool inbox_ready(const struct bus_inbox *inbox); /* it has its partitions and polled within 10 s */
void inbox_stop(struct bus_inbox *inbox);        /* NULL is fine */
