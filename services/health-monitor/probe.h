/* One look at a machine from outside: the only file that talks to machines over HTTPS. */
#pragma once

#include "verdict.h"

/*
 * Asks `url` (ends in '/') for the page and for /readyz, each on a fresh connection, so that the
 * certificate is checked each time; at most 16 s. Healthy means: certificate valid and both say 200.
 */
struct probe probe_look(struct http *http, const char *url, const char *ca_file,
                        struct arena *arena);
