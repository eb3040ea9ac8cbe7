/* The timeline of one deployment: as a JSON list, and event by event for the stream. */
#pragma once

#include <jansson.h>

#include "db/db.h"
#include "reply.h"
#include "request.h"

/* The newest 1000 events, eldest first. */
struct err timeline_list(struct request *request, struct reply *reply) MUST_CHECK;

/* Columns of table `deployment_events e` that timeline_event needs. */
extern const char timeline_columns[];

/* The event in that row. */
json_t *timeline_event(const struct rows *rows, int row);
