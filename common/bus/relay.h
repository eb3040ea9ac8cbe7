/*
 * Outbox -> Kafka. Whoever inserts an outbox row (in the transaction of its cause) names its process as
 * owner with a 10 s lease and then wakes its relay. The relay publishes its own rows with an idempotent
 * producer (acks=all) and deletes a row on its successful delivery report; rows of a dead process are
 * taken over when their lease has run out. Order per key: a row waits while an older one of its key is
 * there. Delivery is at least once; consumers apply twice without harm.
 */
#pragma once

#include "base/err.h"
#include "bus/kafka.h"

struct bus_relay;

struct err relay_start(const struct kafka_settings *kafka, const char *database_url,
                       const char *schema, const char *owner, struct bus_relay **ret) MUST_CHECK;
void relay_wake(struct bus_relay *relay);        /* any thread; cheap */
bool relay_ready(const struct bus_relay *relay); /* Kafka's metadata was fetched */
/* Publishes what is there for at most 3 s, then ends; NULL is fine. */
void relay_stop(struct bus_relay *relay);
