/* The watch over a pretend machine. */
#include "world.h"

static void the_table_holds_together(void **state)
{
    (void)state;
    struct err e = stage_check(&monitor_stage);

    assert_string_equal(e.text, "");
    assert_int_equal(e.kind, ERR_NONE);
}

static void a_healthy_machine_is_ready_at_its_address(void **state)
{
    struct work *work = *state;
    struct err e = monitor_await_ready(&work->job);

    assert_int_equal(e.kind, ERR_NONE);
    assert_string_equal(machine.asked, "https://192.0.2.7/");
    assert_ptr_equal(work->job.said, &instance_ready);
    assert_string_equal(((const struct instance_ready *)work->job.said_fields)->url,
                        "https://192.0.2.7/");
}

static void another_port_shows_in_the_address(void **state)
{
    struct work *work = *state;

    conf.machine_https_port = 8443;
    assert_int_equal(monitor_await_ready(&work->job).kind, ERR_NONE);
    assert_string_equal(machine.asked, "https://192.0.2.7:8443/");
}

static void an_ipv6_address_is_bracketed(void **state)
{
    struct work *work = *state;

    (void)json_object_set_new(work->notes, "ip", json_string("2001:db8::7"));
    assert_int_equal(monitor_await_ready(&work->job).kind, ERR_NONE);
    assert_string_equal(machine.asked, "https://[2001:db8::7]/");
}

static void what_is_no_address_is_never_asked(void **state)
{
    struct work *work = *state;
    static const char *const bad[] = {"", "example.com", "192.0.2.7/x", "user@192.0.2.7",
                                      "999.1.1.1"};

    machine.asked[0] = '\0';
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)json_object_set_new(work->notes, "ip", json_string(bad[i]));
        assert_int_equal(monitor_await_ready(&work->job).kind, ERR_PERMANENT);
    }
    (void)json_object_del(work->notes, "ip");
    assert_int_equal(monitor_await_ready(&work->job).kind, ERR_PERMANENT);
    assert_string_equal(machine.asked, "");
}

static void first_looks_are_quick_and_then_as_the_setting_says(void **state)
{
    struct work *work = *state;

    look_down("OpenClaw does not run yet");
    work->job.age_s = 0;
    assert_int_equal(monitor_await_ready(&work->job).kind, ERR_NOT_YET);
    assert_true(work->job.wait_s > 0 && work->job.wait_s <= 0.1);
    work->job.age_s = 100;
    assert_int_equal(monitor_await_ready(&work->job).kind, ERR_NOT_YET);
    assert_true(work->job.wait_s == 2);
}

static void a_long_wait_tells_its_reason_once(void **state)
{
    struct work *work = *state;

    look_down("It has no TLS certificate yet");
    work->job.age_s = 1;
    assert_int_equal(monitor_await_ready(&work->job).kind, ERR_NOT_YET);
    assert_null(work->job.message);
    work->job.age_s = 5;
    struct err e = monitor_await_ready(&work->job);
    assert_string_equal(e.text, "It has no TLS certificate yet");
    assert_string_equal(work->job.message, "Waiting for OpenClaw: It has no TLS certificate yet");
    work->job.message = NULL;
    assert_int_equal(monitor_await_ready(&work->job).kind, ERR_NOT_YET);
    assert_null(work->job.message);
}

static void a_healthy_machine_is_looked_at_again_at_the_ordinary_pace(void **state)
{
    struct work *work = *state;

    assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
    assert_true(work->job.wait_s >= 54 && work->job.wait_s <= 66);
    assert_int_equal(json_object_size(work->job.patch), 0);
}

static void three_bad_looks_in_a_row_are_unhealthy(void **state)
{
    struct work *work = *state;

    look_down("OpenClaw does not run");
    assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
    assert_true(work->job.wait_s == 5);
    assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
    assert_null(work->job.said);
    assert_int_equal(monitor_watch(&work->job).kind, ERR_NONE);
    assert_ptr_equal(work->job.said, &instance_unhealthy);
    assert_string_equal(((const struct instance_unhealthy *)work->job.said_fields)->reason,
                        "OpenClaw does not run");
}

static void a_good_look_in_between_forgives_the_bad_ones(void **state)
{
    struct work *work = *state;

    look_down("OpenClaw does not run");
    assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
    assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
    look_healthy();
    assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
    look_down("OpenClaw does not run");
    assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
    assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
    assert_null(work->job.said);
}

static void our_own_trouble_is_not_the_machines(void **state)
{
    struct work *work = *state;

    machine.says =
        (struct probe){VERDICT_OURS, "The health check cannot read its certificate authorities"};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
    }
    assert_null(work->job.said);
}

static void two_good_looks_in_a_row_are_a_recovery(void **state)
{
    struct work *work = *state;

    assert_int_equal(monitor_await_recovery(&work->job).kind, ERR_NOT_YET);
    look_down("OpenClaw does not run");
    assert_int_equal(monitor_await_recovery(&work->job).kind, ERR_NOT_YET);
    look_healthy();
    assert_int_equal(monitor_await_recovery(&work->job).kind, ERR_NOT_YET);
    assert_null(work->job.said);
    assert_int_equal(monitor_await_recovery(&work->job).kind, ERR_NONE);
    assert_ptr_equal(work->job.said, &instance_recovered);
}

static void a_machine_that_stays_down_is_looked_at_ever_more_rarely(void **state)
{
    struct work *work = *state;

    look_down("OpenClaw does not run");
    assert_int_equal(monitor_await_recovery(&work->job).kind, ERR_NOT_YET);
    assert_true(work->job.wait_s >= 4.5 && work->job.wait_s <= 5.5);
    work->job.age_s = 86400;
    assert_int_equal(monitor_await_recovery(&work->job).kind, ERR_NOT_YET);
    assert_true(work->job.wait_s >= 54 && work->job.wait_s <= 66);
}

static void an_installation_is_remembered_with_its_address(void **state)
{
    struct work *work = *state;
    struct instance_installed event = {.ip = "192.0.2.9", .version = "1"};

    assert_ptr_equal(monitor_goals[0].hears, &instance_installed);
    monitor_goals[0].remember(&event, work->notes);
    assert_string_equal(note(&work->job, "ip"), "192.0.2.9");
}

static void after_a_restart_and_an_upgrade_it_is_looked_at_at_once(void **state)
{
    (void)state;
    const struct event *const hurry[] = {&instance_restarted, &instance_upgraded};

    for (size_t i = 0; i < sizeof hurry / sizeof hurry[0]; i++) {
        bool heard = false;
        for (int j = 0; j < MONITOR_GOALS; j++) {
            heard = heard ||
                    (monitor_goals[j].hears == hurry[i] && monitor_goals[j].effect == EFFECT_NUDGE);
        }
        assert_true(heard);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_table_holds_together),
        TEST(a_healthy_machine_is_ready_at_its_address),
        TEST(another_port_shows_in_the_address),
        TEST(an_ipv6_address_is_bracketed),
        TEST(what_is_no_address_is_never_asked),
        TEST(first_looks_are_quick_and_then_as_the_setting_says),
        TEST(a_long_wait_tells_its_reason_once),
        TEST(a_healthy_machine_is_looked_at_again_at_the_ordinary_pace),
        TEST(three_bad_looks_in_a_row_are_unhealthy),
        TEST(a_good_look_in_between_forgives_the_bad_ones),
        TEST(our_own_trouble_is_not_the_machines),
        TEST(two_good_looks_in_a_row_are_a_recovery),
        TEST(a_machine_that_stays_down_is_looked_at_ever_more_rarely),
        TEST(an_installation_is_remembered_with_its_address),
        TEST(after_a_restart_and_an_upgrade_it_is_looked_at_at_once),
    };

    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
