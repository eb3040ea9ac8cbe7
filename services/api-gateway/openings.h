/*
 * A link into somebody's OpenClaw, made for this one request: it works once and for ten minutes, so it is never kept,
 * logged or told twice. The gateway asks for it in table `openings` and waits; an installer makes it on the machine.
 *
 * Where OpenClaw makes none, the link is its page with the gateway's token, and says that it needs an approval: the page waits at the
 * door, and the one browser that has come there since is let in by a second request. It tells nothing but that it was done. Only who
 * knows the token gets to the door, and it is told to the deployment's owner alone; when two wait, or nobody new does, none is
 * let in. Which one it is, is decided by the installer: see devices.h there.
 */
#pragma once

#include "reply.h"
#include "request.h"

/* Asked for by an earlier life of this process: nobody waits for those. */
struct err openings_forget(void) MUST_CHECK;

struct err openings_open(struct request *request, struct reply *reply) MUST_CHECK;
struct err openings_approve(struct request *request, struct reply *reply) MUST_CHECK;
