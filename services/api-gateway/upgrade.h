/* A user's wish for the newer OpenClaw. */
#pragma once

#include "reply.h"
#include "request.h"

struct err upgrade_request(struct request *request, struct reply *reply) MUST_CHECK;
