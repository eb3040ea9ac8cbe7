/* A user's wish that a READY OpenClaw be restarted, or brought to the newer version. */
#pragma once

#include "reply.h"
#include "request.h"

struct err changes_restart(struct request *request, struct reply *reply) MUST_CHECK;
struct err changes_upgrade(struct request *request, struct reply *reply) MUST_CHECK;
