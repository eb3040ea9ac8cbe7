/* What a user decides about a deployment that exists. */
#pragma once

#include "reply.h"
#include "request.h"

struct err decisions_destroy(struct request *request, struct reply *reply) MUST_CHECK;
struct err decisions_retry(struct request *request, struct reply *reply) MUST_CHECK;
struct err decisions_reinstall(struct request *request, struct reply *reply) MUST_CHECK;

/* The status in which the piece that gave up does its work; `was`: the status before the ERROR. */
const char *decisions_status_of(const char *piece, const char *was);
