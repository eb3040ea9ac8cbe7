/* One look at a machine from outside: the only file that talks to machines over HTTPS. */
#pragma once

#include "origin.h"
#include "verdict.h"

struct look {
    const char *url;                  /* "https://address[:port]/" */
    const char *ca_file;              /* trust only this; "" = the system's authorities */
    const struct origins *dashboards; /* who must be able to frame the page */
};

/*
 * Can a person use OpenClaw there? Healthy means: the certificate is valid, the page and /readyz say 200, the page may be
 * framed by our dashboard and not by everybody, and its WebSocket opens for the page itself. The first of these that does
 * not hold is told. At most 24 s, whatever the machine does; every look makes new connections, so that the certificate
 * is verified each time.
 */
struct probe probe_look(struct http *http, const struct look *look, struct arena *arena);
