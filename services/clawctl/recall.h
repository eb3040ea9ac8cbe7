/*
 * clawctl replay --from-log, in three files: recall.c asks whether it may be done and sums up, recall_log.c reads the
 * topics, recall_rows.c brings one deployment's rows up to date.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "bus/reader.h"
#include "db/db.h"

/* One event, as recall() takes it; `json` is malloc'ed. */
struct recall_event {
    char id[40];   /* the deployment's */
    int seq, rank; /* rank: order of events of the same place, by topic */
    int64_t offset;
    char *json;
};

struct recall_events {
    struct recall_event *all;
    int n;
    int unreadable; /* messages that are no events of ours; the first few were named */
};

void recall_events_release(struct recall_events *events);

/* Reads one partition number of the four topics (or all partitions: -1), sorted by deployment and seq. */
struct err recall_gather(rd_kafka_t *reader, const kafka_places *from, const kafka_places *to,
                         int partition, struct recall_events *ret) MUST_CHECK;

struct recall_sums {
    int deployments, changed, events, orphans, failures;
};

/* Applies the events [first, last) of one deployment in one transaction; says in one line what came of it. */
void recall_deployment(struct db *db, const struct recall_events *events, int first, int last,
                       bool dry_run, struct recall_sums *sums);
