/* Deployments of the one who asks: make one, look at them. */
#pragma once

#include "body.h"
#include "db/db.h"
#include "event.h"

extern const struct field deploy_fields[];

struct err deployments_deploy(struct request *request, struct reply *reply) MUST_CHECK;
struct err deployments_list(struct request *request, struct reply *reply) MUST_CHECK;
struct err deployments_get(struct request *request, struct reply *reply) MUST_CHECK;

/* For decisions.c. The answer is the deployment as this transaction sees it; 404 when it is not this user's. */
struct err deployments_show(struct db *db, const struct request *request, struct reply *reply,
                            const char *id, int status) MUST_CHECK;

/* Says an event: into the timeline, and into the outbox numbered as there. */
struct err deployments_say(struct db *db, const struct request *request, const char *id,
                           const struct event *event, const void *fields) MUST_CHECK;

struct err deployments_not_found(const struct request *request, struct reply *reply) MUST_CHECK;

/* An Idempotency-Key: 1 to 200 printable ASCII characters. */
bool idempotency_key_valid(const char *key);

/* What a person may call a deployment: something to see, no control characters. */
bool name_valid(const char *name);
