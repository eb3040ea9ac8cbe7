/* Making one link, and a sentence for everything that can come between. */
#include "opening.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "machine.h"
#include "runner/move.h"
#include "seal/box.h"
#include "ssh/ssh.h"

enum { MARGIN_MS = 1500 }; /* for the answer's own way */

struct opening *opening_new(void)
{
    struct arena *arena = arena_new();
    struct opening *opening = arena_alloc(arena, sizeof *opening);

    opening->arena = arena;
    opening->ip = opening->host_key = opening->ssh_key = opening->gateway_token = "";
    opening->reader = opening->why = "";
    return opening;
}

void opening_free(struct opening *opening)
{
    if (opening) {
        arena_free(opening->arena);
    }
}

static void fail(struct opening *o, int status, const char *sentence)
{
    o->status = status;
    o->failure = sentence;
}

/* What a person can do about it decides which sentence it is. */
static void explain(struct opening *o, struct err e)
{
    o->why = arena_strdup(o->arena, e.text);
    switch (e.code) {
    case SSH_HOST_KEY_CHANGED:
        fail(o, 502,
             "The machine's SSH host key changed since we met it. It may be another machine, so "
             "nothing is sent to it.");
        return;
    case SSH_AUTH_REFUSED:
        fail(o, 502, "The machine does not let us in any more: it refuses our SSH key.");
        return;
    case LINK_NOT_RUNNING:
        fail(o, 502,
             "OpenClaw does not run on the machine at the moment. Restart it, or try again in a "
             "minute.");
        return;
    case LINK_REFUSED:
        fail(o, 502, arena_printf(o->arena, "OpenClaw gives no link into itself: %.150s", e.text));
        return;
    case LINK_SENSELESS:
        fail(o, 502,
             "OpenClaw on the machine answers something that is no link. Restart it, or try again "
             "in a minute.");
        return;
    default:
        break;
    }
    if (e.kind == ERR_UNKNOWN) {
        fail(o, 504, "OpenClaw took too long to answer. The machine may be busy; try again.");
    } else if (e.kind == ERR_TRANSIENT) {
        fail(o, 504, "The machine does not answer. It may be starting; try again in a minute.");
    } else {
        fail(o, 502, "The machine can not be reached with what we know of it.");
    }
}

/* A sealed secret of the deployment as text; NULL when it is absent or does not open. */
static const char *secret(struct opening *o, const struct seal *seal, const char *name,
                          const char *sealed)
{
    const char *plain;
    size_t len;

    if (!*sealed) {
        return NULL;
    }
    struct err e = seal_open(seal, o->deployment_id, name, sealed, o->arena, &plain, &len);
    if (failed(e)) {
        o->why = arena_strdup(o->arena, e.text);
        return NULL;
    }
    return plain; /* ends in '\0' */
}

static bool is_address(const char *ip)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, ip, address) == 1 || inet_pton(AF_INET6, ip, address) == 1;
}

static void make(struct opening *o, const struct machine *machine, const char *token)
{
    int64_t left = o->deadline - clock_ms() - MARGIN_MS;
    struct link link = {0};
    struct err e = left > 0 ? machine_mint(machine, (int)left, o->arena, &link)
                            : unknown("nobody waits any more");

    if (!failed(e)) {
        const char *fragment = link_fragment(&link, token, o->arena);
        o->expires_at_ms = link.expires_at_ms;
        e = box_close(o->reader, o->id, fragment, strlen(fragment), o->arena, &o->sealed);
    }
    if (failed(e)) {
        o->sealed = NULL;
        explain(o, e);
    }
}

void opening_make(struct opening *o, const struct seal *seal)
{
    if (!o->ready) {
        fail(o, 409, "Only a deployment that is READY can be opened.");
        return;
    }
    if (!o->installed || !is_address(o->ip)) {
        fail(o, 409, "OpenClaw is not installed on the machine at the moment.");
        return;
    }
    const char *key = secret(o, seal, SECRET_SSH_KEY, o->ssh_key);
    const char *token = secret(o, seal, SECRET_GATEWAY_TOKEN, o->gateway_token);
    if (!key || !token || !*o->host_key) {
        fail(o, 502,
             "What opens it was lost with a part of our database: it runs on, but not through "
             "here.");
        return;
    }
    make(o, &(struct machine){.ip = o->ip, .private_key = key, .pin = o->host_key}, token);
}
