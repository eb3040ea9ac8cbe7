/* One opening: the link arrives sealed for who asked, and whatever goes wrong is a sentence with a status. */
#include "opening_world.h"

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

static void a_reader_that_is_none_gets_nothing(void **state)
{
    (void)state;
    o->reader = "AAAA";
    assert_failed(502, "The machine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_link_arrives_sealed_for_who_asked),
        TEST(the_machine_is_the_one_that_was_pinned),
        TEST(nothing_is_made_for_nobody),
        TEST(what_is_not_there_to_be_opened_is_not_tried),
        TEST(lost_secrets_are_said_to_be_lost),
        TEST(each_failure_has_its_own_sentence),
        TEST(a_reader_that_is_none_gets_nothing),
    };

    return cmocka_run_group_tests_name("openings", tests, NULL, NULL);
}
