/* What an operator can set about watching, and what is refused at the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "settings.h"

static int set_up(void **state)
{
    (void)state;
    conf = (struct monitor_conf){.machine_https_port = 443,
                                 .machine_ca_file = "",
                                 .dashboard_origin = "https://dash.example http://127.0.0.1:9000",
                                 .probe_poll_s = 2,
                                 .watch_poll_s = 60,
                                 .recheck_s = 5};
    return 0;
}

static void every_dashboard_is_known_after_the_start(void **state)
{
    (void)state;
    assert_int_equal(monitor_prepare().kind, ERR_NONE);
    assert_int_equal(conf.dashboards.n, 2);
    assert_true(conf.dashboards.list[0].https);
    assert_int_equal(conf.dashboards.list[1].port, 9000);
}

static void settings_that_cannot_work_are_named(void **state)
{
    (void)state;
    assert_int_equal(monitor_prepare().kind, ERR_NONE);
    conf.machine_https_port = 0;
    assert_string_equal(monitor_prepare().text, "MACHINE_HTTPS_PORT must be from 1 to 65535");
    conf.machine_https_port = 443;
    conf.probe_poll_s = 0;
    assert_string_equal(monitor_prepare().text,
                        "PROBE_POLL_S must be more than 0 and at most 3600");
    conf.probe_poll_s = 2;
    conf.machine_ca_file = "/nonexistent/ca.pem";
    assert_string_equal(monitor_prepare().text,
                        "MACHINE_CA_FILE: cannot open '/nonexistent/ca.pem'");
    conf.machine_ca_file = "";
    conf.dashboard_origin = "https://dash.example/app";
    assert_string_equal(monitor_prepare().text,
                        "DASHBOARD_ORIGIN: 'https://dash.example/app' is no origin "
                        "(https://host or https://host:port)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_dashboard_is_known_after_the_start, set_up),
        cmocka_unit_test_setup(settings_that_cannot_work_are_named, set_up),
    };

    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
