/*
 * What every worker service hears. An operator who is to judge a message needs all of them at once, so here,
 * and only here, the tables of all services (their goals.c) meet.
 */
#pragma once

#include "runner/move.h"

struct listener {
    const char *service, *room,
        *piece;         /* "ovh-orderer", "server" (schema), "server" (for people) */
    struct stage stage; /* its goals; no moves */
};

enum { LISTENERS = 4 };
extern const struct listener listeners[LISTENERS];
