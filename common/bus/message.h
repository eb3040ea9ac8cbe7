/* From a Kafka message to what apply_message() is told: pure, so hostile bytes can be tried without a broker. */
#pragma once

#include "bus/kafka.h"
#include "runner/move.h"

struct message {
    const char *topic, *key, *type; /* '\0'-terminated; NULL when absent */
    const char *bytes;
    size_t len;
};

/*
 * JSON for apply_message() (migrations/0004_runner.sql), in the arena. Events this stage does not hear become
 * {"effect":"none"}, what cannot be read {"effect":"dead"} with its reason. `texts` is stage_texts().
 */
const char *message_plan(const struct stage *stage, const char *texts, const char *service,
                         const char *owner, const struct message *message, struct arena *arena);

/* The plan that puts a message away with `reason`, which the database gave. */
const char *message_grave(const char *service, const char *owner, const struct message *message,
                          const char *reason, struct arena *arena);
