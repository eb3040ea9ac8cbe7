/*
 * The openers: a few threads that make links into OpenClaw, and where it makes none approve a browser, while people wait for
 * them. They are apart from the runner's workers, so no link ever waits behind installations; any number of installers share the
 * work.
 *
 * One thread keeps the books: it hears that somebody asked (and looks every two seconds all the same), claims rows of table
 * `openings` for idle openers, renews the claims while they are at it, and writes the answers. A claim that is not renewed
 * lapses within seconds, and another process makes the link in what is left of the time.
 */
#pragma once

#include "service/service.h"

struct err openings_start(struct service_context *context) MUST_CHECK;
/* Lets those under way end, as long as there is time; the rest is given back. False: threads still hang. */
bool openings_stop(struct service_context *context);
