/* The way in where OpenClaw makes no link: by the token, and the approval of that one browser. */
#include "opening_world.h"

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

static void so_has_each_refusal_of_an_approval(void **state)
{
    const struct {
        struct err e;
        int status;
        const char *part;
    } failures[] = {
        {coded(permanent("no browser came"), DEVICES_NOBODY),  409,                      "No new browser"},
        {coded(permanent("2 wait"),                                  DEVICES_SEVERAL),                          409, "More than one"},
        {coded(permanent("no list"),                   DEVICES_SENSELESS),                                   502,                                  "does not tell"},
        {coded(permanent("it does not"),                               DEVICES_REFUSED),502,"does not let"},
        {unknown("OpenClaw did not answer"),504,    "took too long"                         },
        {transient("192.0.2.7:22: no connection"), 504,                           "does not answer"                                },
    };

    (void)state;
    o->approves = true;
    o->noted = "";
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        world.fails = failures[i].e;
        assert_failed(failures[i].status, failures[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_link_the_gateways_token_goes_and_says_so),
        TEST(with_a_link_nothing_is_to_be_approved),
        TEST(an_approval_goes_to_the_machine_with_who_waited_and_tells_nothing),
        TEST(without_a_noting_nobody_is_approved),
        TEST(so_has_each_refusal_of_an_approval),
    };

    return cmocka_run_group_tests_name("approvals", tests, NULL, NULL);
}
