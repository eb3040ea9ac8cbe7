/*
 * Who waits at OpenClaw's door, as `openclaw devices list --json` prints it, read with care: the machine belongs to its
 * user, so anything may come. Pure: no I/O. Errors never quote an id.
 *
 * {"pending":[{"requestId":"<uuid>","deviceId":"…","clientId":"openclaw-control-ui","role":"operator","roles":["operator"],
 *  "remoteIp":"…","ts":…},…],"paired":[{"deviceId":"…","clientId":"openclaw-control-ui","lastSeenAtMs":…},…]}
 *
 * A request comes from a browser that has shown the gateway's token: nobody gets to wait without it, and it is told to the
 * deployment's owner alone. So a request is its owner's, or of somebody who has stolen the token. The latter may wait for an
 * approval for as long as he likes; therefore who waited before the owner's browser was sent there is never approved, and nobody
 * is while two wait. The address a request came from decides nothing: a browser may reach the machine by another one than the
 * dashboard, and a thief may share it. What is approved is named by its exact id.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum { DEVICES_MOST = 16, REQUEST_ID_MOST = 64 };

/* Codes of errors: this is no list; nobody new waits; several wait; OpenClaw does not approve it. */
enum {
    DEVICES_SENSELESS = 2011,
    DEVICES_NOBODY = 2012,
    DEVICES_SEVERAL = 2013,
    DEVICES_REFUSED = 2014
};

/* The requests of browsers: ids of letters, digits, '-' and '_' that begin with no '-', each once. */
struct devices {
    const char *ids[DEVICES_MOST];
    size_t n;
    int64_t
        seen_ms; /* when a browser that was let in before last came, by the machine's clock; 0 never */
};

struct err devices_read(const char *text, size_t len, struct arena *arena,
                        struct devices *ret) MUST_CHECK;

/* What is to be known of them later: their ids, and '@' with `seen_ms`, separated by blanks. */
const char *devices_noted(const struct devices *devices, struct arena *arena);
bool devices_has_noted(const char *noted, const char *id);
/* A browser that needs no approval has come since. */
bool devices_seen_since(const struct devices *devices, const char *noted);

/*
 * The one that may be approved: it waits alone and is not among the `noted`. ERR_NOT_YET: nobody new waits. ERR_PERMANENT with
 * code DEVICES_SEVERAL: it can not be told which one is the owner's.
 */
struct err devices_choose(const struct devices *waiting, const char *noted,
                          const char **ret_id) MUST_CHECK;
