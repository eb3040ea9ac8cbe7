/*
 * A link into somebody's OpenClaw, made for this one request: it works once and for ten minutes, so it is never kept,
 * logged or told twice. The gateway asks for it in table `openings` and waits; an installer makes it on the machine.
 */
#pragma once

#include "reply.h"
#include "request.h"

/* Asked for by an earlier life of this process: nobody waits for those. */
struct err openings_forget(void) MUST_CHECK;

struct err openings_open(struct request *request, struct reply *reply) MUST_CHECK;
