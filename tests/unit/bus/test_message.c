/* From hostile bytes to what apply_message() is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/message.h"
#include "events.h"

#define ID "018f0000-0000-7000-8000-000000000001"

static void remember_address(const void *event, json_t *notes)
{
    const struct server_ready *e = event;

    (void)json_object_set_new(notes, "ip", json_string(e->ip));
    remember_anew(notes, e->anew);
}

static void remember_decision(const void *event, json_t *notes)
{
    remember_anew(notes, ((const struct deployment_reinstall_requested *)event)->generation);
}

static const struct goal_rule goals[] = {
    {.hears = &server_ready,
     .effect = EFFECT_START,
     .from = "new installed",
     .to = "new",
     .waits = "left",
     .forgets = "host_key offset",
     .remember = remember_address},
    {.hears = &deployment_reinstall_requested,
     .effect = EFFECT_LEAVE,
     .to = "left",
     .remember = remember_decision},
    {.hears = &deployment_restart_requested,
     .effect = EFFECT_STEP,
     .from = "installed",
     .to = "restarting"},
    {.hears = &deployment_retry_requested,       .effect = EFFECT_RETRY,                             .starts = true},
    {.hears = &deployment_destroy_requested,                            .effect = EFFECT_DOWN},
};
static const struct stage stage = {.piece = "installation",
                                   .gone = "gone",
                                   .goals = goals,
                                   .n_goals = sizeof goals / sizeof goals[0]};

static struct arena *arena;
static json_t *plan;

static int begin(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    json_decref(plan);
    plan = NULL;
    arena_free(arena);
    return 0;
}

static const char *effect_of(const char *topic, const char *type, const char *key,
                             const char *bytes, size_t len)
{
    struct message m = {.topic = topic, .type = type, .key = key, .bytes = bytes, .len = len};

    json_decref(plan);
    plan = json_loads(message_plan(&stage, "{}", "installer", "me", &m, arena), 0, NULL);
    assert_non_null(plan);
    return json_string_value(json_object_get(plan, "effect"));
}

static const char *reason(void)
{
    return json_string_value(json_object_get(json_object_get(plan, "dead"), "reason"));
}

static bool whole(void)
{
    return json_is_true(json_object_get(json_object_get(plan, "dead"), "whole"));
}

static void a_heard_event_names_its_effect_and_what_to_remember(void **state)
{
    const char bytes[] = "{\"deploymentId\":\"" ID
                         "\",\"generation\":2,\"ip\":\"127.0.0.9\",\"serviceName\":\"vps-1\"}";

    (void)state;
    assert_string_equal(effect_of("servers", "server.ready", ID, bytes, sizeof bytes - 1), "start");
    assert_string_equal(json_string_value(json_object_get(json_object_get(plan, "notes"), "ip")),
                        "127.0.0.9");
    assert_int_equal(json_integer_value(json_object_get(plan, "generation")), 2);
}

static const char *part(const char *name)
{
    char *text = json_dumps(json_object_get(plan, name), JSON_COMPACT | JSON_ENCODE_ANY);
    const char *copy = arena_strdup(arena, text ? text : "");

    free(text);
    return copy;
}

static void an_event_of_a_decision_to_install_anew_says_where_a_known_row_begins(void **state)
{
    const char ready[] = "{\"deploymentId\":\"" ID "\",\"generation\":3,\"ip\":\"127.0.0.9\","
                         "\"serviceName\":\"vps-1\",\"anew\":2}";
    const char leave[] = "{\"deploymentId\":\"" ID "\",\"generation\":3}";

    (void)state;
    assert_string_equal(effect_of("servers", "server.ready", ID, ready, sizeof ready - 1), "start");
    assert_string_equal(part("notes"), "{\"ip\":\"127.0.0.9\",\"anew\":2}");
    assert_string_equal(part("from"), "[\"new\",\"installed\"]");
    assert_string_equal(part("to"), "\"new\"");
    assert_string_equal(part("waits"), "\"left\"");
    assert_string_equal(part("forgets"), "[\"host_key\",\"offset\"]");
    assert_string_equal(
        effect_of("deployments", "deployment.reinstall-requested", ID, leave, sizeof leave - 1),
        "leave");
    assert_string_equal(part("notes"), "{\"anew\":3}");
    assert_string_equal(part("to"), "\"left\"");
    assert_string_equal(part("rests"), "true"); /* nothing is to be done there */
}

static void a_decision_newer_than_its_event_is_refused(void **state)
{
    static const char *const bad[] = {"4", "-1"};
    char bytes[200];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int n = snprintf(bytes, sizeof bytes,
                         "{\"deploymentId\":\"" ID "\",\"generation\":3,\"ip\":\"127.0.0.9\","
                         "\"serviceName\":\"vps-1\",\"anew\":%s}",
                         bad[i]);
        assert_string_equal(effect_of("servers", "server.ready", ID, bytes, (size_t)n), "dead");
        assert_string_equal(reason(), "server.ready: 'anew' is out of range");
    }
}

static void only_where_nobody_would_say_it_again_a_retry_also_starts(void **state)
{
    const char bytes[] = "{\"deploymentId\":\"" ID "\",\"generation\":2}";

    (void)state;
    assert_string_equal(
        effect_of("deployments", "deployment.retry-requested", ID, bytes, sizeof bytes - 1),
        "retry");
    assert_true(json_is_true(json_object_get(plan, "starts")));
    (void)effect_of("deployments", "deployment.destroy-requested", ID, bytes, sizeof bytes - 1);
    assert_null(json_object_get(plan, "starts"));
}

static void an_event_for_others_changes_nothing_and_is_not_even_read(void **state)
{
    (void)state;
    assert_string_equal(effect_of("servers", "server.ordered", ID, "garbage", 7), "none");
}

static void what_cannot_be_read_is_dead_with_its_reason(void **state)
{
    const char good[] = "{\"deploymentId\":\"" ID "\",\"generation\":1}";
    const char zero[] = "{\"deploymentId\":\"" ID "\",\"generation\":0}";

    (void)state;
    assert_string_equal(effect_of("servers", NULL, ID, good, sizeof good - 1), "dead");
    assert_string_equal(reason(), "no ce_type header");
    assert_string_equal(effect_of("servers", "server.stolen", ID, good, sizeof good - 1), "dead");
    assert_string_equal(reason(), "unknown event type in this topic");
    assert_string_equal(effect_of("keys", "server.ready", ID, good, sizeof good - 1), "dead");
    assert_string_equal(
        effect_of("deployments", "deployment.destroy-requested", "other", good, sizeof good - 1),
        "dead");
    assert_string_equal(reason(),
                        "deployment.destroy-requested: the message key is not its deploymentId");
    assert_string_equal(
        effect_of("deployments", "deployment.destroy-requested", NULL, good, sizeof good - 1),
        "dead");
    assert_string_equal(
        effect_of("deployments", "deployment.destroy-requested", ID, zero, sizeof zero - 1),
        "dead");
    assert_string_equal(reason(), "deployment.destroy-requested: 'generation' is out of range");
    assert_string_equal(effect_of("servers", "server.ready", ID, NULL, 0), "dead");
    assert_string_equal(reason(), "server.ready: empty");
}

static void bytes_that_are_no_text_are_kept_readable(void **state)
{
    const char bytes[] = {'\xff', '\0', 'a', '\x01', '\xc3'};

    (void)state;
    assert_string_equal(effect_of("servers", "server.ready", ID, bytes, sizeof bytes), "dead");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(plan, "dead"), "payload")), "??a??");
    assert_false(whole());
}

static void it_is_told_whether_every_byte_was_kept(void **state)
{
    char large[16 * 1024 + 1];

    (void)state;
    (void)effect_of("servers", "server.stolen", ID, "{\"a\":\n1}", 8);
    assert_true(whole());
    (void)effect_of("servers", "server.stolen", ID, "{\"a\":\r1}", 8);
    assert_false(whole());
    (void)effect_of("servers", NULL, ID, "{}", 2);
    assert_false(whole());
    (void)effect_of("servers", "server.stolen", NULL, "{}", 2);
    assert_false(whole());
    (void)effect_of("servers", "server.stolen", ID, NULL, 0);
    assert_false(whole());
    memset(large, ' ', sizeof large);
    (void)effect_of("servers", "server.stolen", ID, large, sizeof large - 1);
    assert_true(whole());
    (void)effect_of("servers", "server.stolen", ID, large, sizeof large);
    assert_false(whole());
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_heard_event_names_its_effect_and_what_to_remember),
        TEST(an_event_of_a_decision_to_install_anew_says_where_a_known_row_begins),
        TEST(a_decision_newer_than_its_event_is_refused),
        TEST(only_where_nobody_would_say_it_again_a_retry_also_starts),
        TEST(an_event_for_others_changes_nothing_and_is_not_even_read),
        TEST(what_cannot_be_read_is_dead_with_its_reason),
        TEST(bytes_that_are_no_text_are_kept_readable),
        TEST(it_is_told_whether_every_byte_was_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
