/*
 * The streams that are open. Each holds one of the web server's threads, so their number is limited, and
 * a user's eldest stream makes room for a newer one.
 */
#pragma once

#include <stdbool.h>

#include "request.h"

struct stream;

void streams_open(int most);

/* Any thread: something happened to that deployment. */
void streams_wake(const char *deployment_id);

/* Ends all streams and lets no new one begin. */
void streams_close(void);

/* A place for a stream of request->id and its visitor. NULL: all are taken, or the service stops. */
struct stream *streams_enter(const struct request *request);
void streams_leave(struct stream *stream);

/* Until woken or for one second. False when the stream has to end; `ret_probe`: write something now. */
bool streams_rest(struct stream *stream, bool *ret_probe);
