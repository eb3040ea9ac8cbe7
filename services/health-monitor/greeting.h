/*
 * How OpenClaw greets a page over its WebSocket, and what each way of not greeting says. Pure: no I/O.
 *
 * The gateway begins with {"type":"event","event":"connect.challenge",...}; only when the page asks to connect does it look
 * whether the page's origin is among its allowed ones. So the look asks, without any credential: the refusal that follows
 * is the right one as long as it is not for the origin.
 */
#pragma once

#include "http/websocket.h"
#include "verdict.h"

extern const char greeting_connect[];

/* `answer` of a connection that was made; greeting_connect was said. */
struct probe verdict_of_greeting(const struct websocket_answer *answer, struct arena *arena);
