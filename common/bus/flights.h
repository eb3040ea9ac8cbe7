/*
 * The outbox rows that are on their way to Kafka, and the failed ones that wait for their next try. One
 * thread's; a fixed number.
 */
#pragma once

#include "base/buf.h"
#include "bus/producer.h"

enum { FLIGHTS = 300, FLIGHT_IDS_CEILING = 8 * 1024 };

struct flights {
    struct flight all[FLIGHTS];
};

enum flights_which { FLIGHTS_ALL, FLIGHTS_DELIVERED };

/* Their ids as a PostgreSQL array, "{1,2,3}"; the count is returned. */
int flights_ids(const struct flights *flights, enum flights_which which, struct buf *ret);

struct flight *flights_free(struct flights *flights); /* one to use; NULL when all are in use */

/* How many have not been reported; `ret_late`: one has been waited for too long (5 s). */
int flights_under_way(const struct flights *flights, bool *ret_late);

/* Lets go of the delivered, if their rows were deleted, and of the failed whose pause (1 s) is over. The
 * number of newly failed ones is returned. */
int flights_settle(struct flights *flights, bool deleted);
