/* The lines of the setup log that the user may read. */
#pragma once

#include "reply.h"
#include "request.h"

struct err logs_read(struct request *request, struct reply *reply) MUST_CHECK;
