/*
 * Server-sent events: the timeline of one deployment, pushed to its owner's browser.
 *
 * A stream reads the database whenever the listener hears of its deployment, at least once a second. It
 * ends after the event that says DESTROYED, when the session or the client is gone, and at shutdown.
 */
#pragma once

#include "reply.h"
#include "request.h"

/* Serves one; returns when it has ended. */
struct err stream_serve(struct request *request, struct reply *reply) MUST_CHECK;
