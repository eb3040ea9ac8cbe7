/*
 * What the tests of an opening stand on: a machine that answers as `world` says, and an opening of it that is ready. The
 * two functions defined here keep the real ones out of the program.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "machine.h"
#include "opening.h"
#include "runner/move.h"
#include "seal/box.h"
#include "ssh/ssh.h"

#define DEPLOYMENT "01900000-0000-7000-8000-000000000001"
#define OPENING "01900000-0000-7000-8000-000000000002"
#define TOKEN "feedfacefeedfacefeedfacefeedface"
#define LINK_TOKEN "b64url-token-0123456789"

static struct {
    struct err fails;
    bool by_token; /* OpenClaw makes no link */
    bool known;    /* and needs no approval */
    int calls, approvals, within_ms;
    char ip[40], pin[40], key[40], noted[40];
} world;

static struct seal *seal;
static struct box_key *reader;
static struct opening *o;

static void look(const struct machine *machine, const char *noted, int within_ms)
{
    world.within_ms = within_ms;
    (void)snprintf(world.ip, sizeof world.ip, "%s", machine->ip);
    (void)snprintf(world.pin, sizeof world.pin, "%s", machine->pin);
    (void)snprintf(world.key, sizeof world.key, "%s", machine->private_key);
    (void)snprintf(world.noted, sizeof world.noted, "%s", noted ? noted : "nothing");
}

/* These two win over those in the service's archive. */
struct err machine_mint(const struct machine *machine, const char *before, int within_ms,
                        struct arena *arena, struct link *ret)
{
    (void)arena;
    world.calls++;
    look(machine, before, within_ms);
    *ret = world.by_token ? (struct link){.noted = "one two", .why = "it says nothing"}
                          : (struct link){.token = LINK_TOKEN};
    ret->expires_at_ms = 1790000000000LL;
    return world.fails;
}

struct err machine_approve(const struct machine *machine, const char *noted, int within_ms,
                           struct arena *arena, bool *ret_known)
{
    (void)arena;
    *ret_known = world.known;
    world.approvals++;
    look(machine, noted, within_ms);
    return world.fails;
}

static inline const char *sealed(const char *owner, const char *name, const char *plain)
{
    const char *text = NULL;

    assert_int_equal(seal_close(seal, owner, name, plain, strlen(plain), o->arena, &text).kind,
                     ERR_NONE);
    return text;
}

static inline int set_up(void **state)
{
    (void)state;
    if (failed(seal_new("k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", &seal))) {
        return -1;
    }
    memset(&world, 0, sizeof world);
    reader = box_key_new();
    o = opening_new();
    (void)snprintf(o->id, ID_SIZE, "%s", OPENING);
    (void)snprintf(o->deployment_id, ID_SIZE, "%s", DEPLOYMENT);
    o->deadline = clock_ms() + 20000;
    o->ready = o->installed = true;
    o->ip = "192.0.2.7";
    o->host_key = "ssh-ed25519 SHA256:abc";
    o->ssh_key = sealed(DEPLOYMENT, SECRET_SSH_KEY, "-----BEGIN");
    o->gateway_token = sealed(DEPLOYMENT, SECRET_GATEWAY_TOKEN, TOKEN);
    o->reader = box_reader(reader, o->arena);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    opening_free(o);
    box_key_free(reader);
    seal_free(seal);
    return 0;
}

/* It failed like that, in a sentence that holds `part` and no secret. */
static inline void assert_failed(int status, const char *part)
{
    opening_make(o, seal);
    assert_null(o->sealed);
    assert_int_equal(o->status, status);
    if (!strstr(o->failure, part)) {
        fail_msg("'%s' does not say '%s'", o->failure, part);
    }
    assert_true(o->failure[0] >= 'A' && o->failure[0] <= 'Z');
    assert_true(strlen(o->failure) <= FAILURE_MOST);
    assert_null(strstr(o->failure, TOKEN));
    assert_null(strstr(o->why, TOKEN));
    assert_null(strstr(o->why, LINK_TOKEN));
}

static inline struct err coded(struct err e, int code)
{
    e.code = code;
    return e;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
