/* One opening: the link arrives sealed for who asked, and whatever goes wrong is a sentence with a status. */
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

static const char *sealed(const char *owner, const char *name, const char *plain)
{
    const char *text = NULL;

    assert_int_equal(seal_close(seal, owner, name, plain, strlen(plain), o->arena, &text).kind,
                     ERR_NONE);
    return text;
}

static int set_up(void **state)
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

static int tear_down(void **state)
{
    (void)state;
    opening_free(o);
    box_key_free(reader);
    seal_free(seal);
    return 0;
}

/* It failed like that, in a sentence that holds `part` and no secret. */
static void assert_failed(int status, const char *part)
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

static struct err coded(struct err e, int code)
{
    e.code = code;
    return e;
}

static void the_link_arrives_sealed_for_who_asked(void **state)
{
    const char *plain;
    size_t len;

    (void)state;
    opening_make(o, seal);
    assert_non_null(o->sealed);
    assert_null(o->failure);
    assert_null(strstr(o->sealed, LINK_TOKEN));
    assert_int_equal(box_open(reader, OPENING, o->sealed, o->arena, &plain, &len).kind, ERR_NONE);
    assert_string_equal(plain, "bootstrapToken=" LINK_TOKEN "&bootstrapProfile=owner&token=" TOKEN);
    assert_int_equal(o->expires_at_ms, 1790000000000LL);
    assert_int_equal(box_open(reader, DEPLOYMENT, o->sealed, o->arena, &plain, &len).kind,
                     ERR_PERMANENT);
}

static void without_a_link_the_gateways_token_goes_and_says_so(void **state)
{
    const char *plain;
    size_t len;

    (void)state;
    world.by_token = true;
    o->noted = "before";
    opening_make(o, seal);
    assert_null(o->failure);
    assert_string_equal(world.noted, "before");
    assert_string_equal(o->waiting, "one two");
    assert_string_equal(o->why, "it says nothing");
    assert_int_equal(box_open(reader, OPENING, o->sealed, o->arena, &plain, &len).kind, ERR_NONE);
    assert_string_equal(plain, "token=" TOKEN);
    assert_int_equal(world.approvals, 0);
}

static void with_a_link_nothing_is_to_be_approved(void **state)
{
    (void)state;
    opening_make(o, seal);
    assert_null(o->waiting);
    assert_string_equal(world.noted, "nothing");
}

static void an_approval_goes_to_the_machine_with_who_waited_and_tells_nothing(void **state)
{
    (void)state;
    o->approves = true;
    o->noted = "one two";
    opening_make(o, seal);
    assert_null(o->failure);
    assert_null(o->sealed);
    assert_null(o->waiting);
    assert_string_equal(world.noted, "one two");
    assert_string_equal(world.pin, "ssh-ed25519 SHA256:abc");
    assert_int_equal(world.approvals, 1);
    assert_int_equal(world.calls, 0);
    assert_string_equal(o->why, "");
    world.known = true;
    opening_make(o, seal);
    assert_null(o->failure);
    assert_string_not_equal(o->why, "");
}

static void without_a_noting_nobody_is_approved(void **state)
{
    (void)state;
    o->approves = true;
    assert_failed(409, "Press Reconnect.");
    o->noted = "";
    o->ready = false;
    assert_failed(409, "READY");
    assert_int_equal(world.approvals, 0);
    o->ready = true;
    opening_make(o, seal);
    assert_int_equal(world.approvals, 1); /* nobody waited is a noting, too */
}

static void the_machine_is_the_one_that_was_pinned(void **state)
{
    (void)state;
    opening_make(o, seal);
    assert_string_equal(world.ip, "192.0.2.7");
    assert_string_equal(world.pin, "ssh-ed25519 SHA256:abc");
    assert_string_equal(world.key, "-----BEGIN");
    assert_in_range(world.within_ms, 10000, 19000);
}

static void nothing_is_made_for_nobody(void **state)
{
    (void)state;
    o->deadline = clock_ms() + 1000;
    assert_failed(504, "took too long");
    assert_int_equal(world.calls, 0);
}

static void what_is_not_there_to_be_opened_is_not_tried(void **state)
{
    (void)state;
    o->ready = false;
    assert_failed(409, "READY");
    o->ready = true;
    o->installed = false;
    assert_failed(409, "not installed");
    o->installed = true;
    o->ip = "";
    assert_failed(409, "not installed");
    o->ip = "192.0.2.7; reboot";
    assert_failed(409, "not installed");
    assert_int_equal(world.calls, 0);
}

static void lost_secrets_are_said_to_be_lost(void **state)
{
    const char *key = o->ssh_key;

    (void)state;
    o->ssh_key = "";
    assert_failed(502, "lost");
    o->ssh_key = key;
    o->gateway_token = sealed(OPENING, SECRET_GATEWAY_TOKEN, TOKEN); /* somebody else's */
    assert_failed(502, "lost");
    o->gateway_token = sealed(DEPLOYMENT, SECRET_GATEWAY_TOKEN, TOKEN);
    o->host_key = "";
    assert_failed(502, "lost");
    assert_int_equal(world.calls, 0);
}

static void each_failure_has_its_own_sentence(void **state)
{
    const struct {
        struct err e;
        int status;
        const char *part;
    } failures[] = {
        {transient("192.0.2.7:22: no connection"), 504,                   "does not answer"    },
        {unknown("waiting for a command"),         504,                   "took too long"      },
        {coded(permanent("key changed"),           SSH_HOST_KEY_CHANGED), 502,                   "host key changed"},
        {coded(transient("refused"),                                        SSH_AUTH_REFUSED),                                    502, "refuses our SSH key"},
        {coded(permanent("Gateway is not running."),                   LINK_NOT_RUNNING),                                        502,                    "does not run"},
        {coded(permanent("No dashboard here."),                                     LINK_REFUSED),     502,       "No dashboard here."},
        {coded(permanent("is no link"),LINK_SENSELESS),     502,"no link"},
        {permanent("no algorithm in common"),            502,                            "can not be reached"                                         },
    };

    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        world.fails = failures[i].e;
        assert_failed(failures[i].status, failures[i].part);
        assert_string_equal(o->why, failures[i].e.text);
    }
}

static void so_has_each_refusal_of_an_approval(void **state)
{
    const struct {
        struct err e;
        int status;
        const char *part;
    } failures[] = {
        {coded(permanent("no browser came"),       DEVICES_NOBODY),  409,                      "No new browser"},
        {coded(permanent("2 wait"),                                        DEVICES_SEVERAL),                                409, "More than one"},
        {coded(permanent("no list"),                         DEVICES_SENSELESS),                                         502,                                        "does not tell"},
        {coded(permanent("it does not"),                                     DEVICES_REFUSED),502,"does not let"},
        {coded(unknown("OpenClaw did not answer"),LINK_LATE),    504,                                "took too long"},
        {transient("192.0.2.7:22: no connection"), 504,                    "does not answer"                                     },
    };

    (void)state;
    o->approves = true;
    o->noted = "";
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        world.fails = failures[i].e;
        assert_failed(failures[i].status, failures[i].part);
    }
}

static void a_reader_that_is_none_gets_nothing(void **state)
{
    (void)state;
    o->reader = "AAAA";
    assert_failed(502, "The machine");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_link_arrives_sealed_for_who_asked),
        TEST(without_a_link_the_gateways_token_goes_and_says_so),
        TEST(with_a_link_nothing_is_to_be_approved),
        TEST(an_approval_goes_to_the_machine_with_who_waited_and_tells_nothing),
        TEST(without_a_noting_nobody_is_approved),
        TEST(the_machine_is_the_one_that_was_pinned),
        TEST(nothing_is_made_for_nobody),
        TEST(what_is_not_there_to_be_opened_is_not_tried),
        TEST(lost_secrets_are_said_to_be_lost),
        TEST(each_failure_has_its_own_sentence),
        TEST(so_has_each_refusal_of_an_approval),
        TEST(a_reader_that_is_none_gets_nothing),
    };

    return cmocka_run_group_tests_name("openings", tests, NULL, NULL);
}
