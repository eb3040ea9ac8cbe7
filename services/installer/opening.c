/* Making one link or one approval, and a sentence for everything that can come between. */
#include "opening.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
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
    case DEVICES_SENSELESS:
        fail(o, 502, "OpenClaw does not tell which browser waits to be let in. Press Reconnect.");
        return;
    case DEVICES_REFUSED:
        fail(o, 502, "OpenClaw does not let this browser in. Press Reconnect.");
        return;
    case DEVICES_NOBODY:
        fail(o, 409,
             "No new browser asked OpenClaw to be let in. If its page has not opened, press "
             "Reconnect.");
        return;
    case DEVICES_SEVERAL:
        fail(o, 409,
             "More than one browser waits to be let in, and nobody can tell which is yours. Close "
             "the others and press Reconnect.");
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

static struct err make(struct opening *o, const struct machine *machine, const char *token,
                       int within_ms)
{
    struct link link = {0};

    TRY(machine_mint(machine, o->noted, within_ms, o->arena, &link));
    const char *fragment = link_fragment(&link, token, o->arena);
    TRY(box_close(o->reader, o->id, fragment, strlen(fragment), o->arena, &o->sealed));
    o->expires_at_ms = link.expires_at_ms;
    if (!link.token) {
        o->waiting = link.noted;
        o->why = link.why;
    }
    return OK;
}

static struct err approve(struct opening *o, const struct machine *machine, int within_ms)
{
    bool known;

    TRY(machine_approve(machine, o->noted, within_ms, o->arena, &known));
    o->why = known ? "OpenClaw knew the browser" : "";
    return OK;
}

static void go(struct opening *o, const struct machine *machine, const char *token)
{
    int64_t left = o->deadline - clock_ms() - MARGIN_MS;
    struct err e = left <= 0     ? unknown("nobody waits any more")
                   : o->approves ? approve(o, machine, (int)left)
                                 : make(o, machine, token, (int)left);

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
    if (o->approves && !o->noted) {
        fail(o, 409, "No link that needs an approval was made lately. Press Reconnect.");
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
    go(o, &(struct machine){.ip = o->ip, .private_key = key, .pin = o->host_key}, token);
}

void opening_report(const struct opening *o, int64_t began)
{
    int64_t ms = clock_ms() - began;

    metric_time(&metrics.open_seconds, ms * 1000);
    log_deployment(o->deployment_id);
    METRIC_ADD(openings_made, !o->failure);
    METRIC_ADD(openings_failed, o->failure != NULL);
    METRIC_ADD(openings_by_token, o->waiting != NULL);
    if (o->failure) {
        log_warn(o->approves ? "no browser approved" : "not opened", KV("status", o->status),
                 KV("told", o->failure), KV("why", o->why), KV("ms", ms));
    } else if (o->waiting) {
        log_warn("opened without a link", KV("why", o->why), KV("ms", ms));
    } else {
        log_info(!o->approves ? "opened"
                 : *o->why    ? "no approval needed"
                              : "browser approved",
                 KV("ms", ms));
    }
    log_deployment(NULL);
}
