/* Settings that cannot work stop the start with one line that names them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings.h"

static char script[] = "/tmp/test-setup-XXXXXX";

static void write_script(const char *text)
{
    FILE *file = fopen(script, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int make_script(void **state)
{
    (void)state;
    int fd = mkstemp(script);
    return fd < 0 ? -1 : close(fd);
}

static int remove_script(void **state)
{
    (void)state;
    return unlink(script);
}

static int set_up(void **state)
{
    (void)state;
    conf = (struct installer_conf){.machine_user = "debian",
                                   .machine_ssh_port = 22,
                                   .setup_script = script,
                                   .setup_values = "",
                                   .openclaw_version = "2026.9.6",
                                   .openclaw_model = "openrouter/google/x",
                                   .dashboard_origin = "https://example.com:8443",
                                   .setup_skills = "agentwallet",
                                   .setup_poll_s = 1,
                                   .connect_poll_s = 3,
                                   .openers = 8};
    write_script("#!/bin/bash\nexit 0\n");
    return 0;
}

static void good_settings_are_taken_and_the_script_is_read(void **state)
{
    (void)state;
    struct err e = installer_prepare();

    assert_string_equal(e.text, "");
    assert_int_equal(conf.script_len, strlen("#!/bin/bash\nexit 0\n"));
    assert_memory_equal(conf.script, "#!/bin/bash", 11);
}

static void more_values_are_whole_lines_from_a_file(void **state)
{
    (void)state;
    write_script("#!/bin/bash\nNODE_MIRROR='https://mirror.example'\n");
    conf.setup_values = script;
    assert_int_equal(installer_prepare().kind, ERR_NONE);
    assert_non_null(strstr(conf.values, "\nNODE_MIRROR='https://mirror.example'\n"));
    write_script("#!/bin/bash\nNODE_MIRROR='cut off");
    assert_int_equal(installer_prepare().kind, ERR_PERMANENT);
    conf.setup_values = "/nonexistent/values";
    assert_string_equal(installer_prepare().text,
                        "SETUP_VALUES: cannot open '/nonexistent/values'");
}

static void skills_may_be_empty(void **state)
{
    (void)state;
    conf.setup_skills = "";
    assert_int_equal(installer_prepare().kind, ERR_NONE);
}

static void values_that_a_shell_could_misread_are_refused(void **state)
{
    (void)state;
    conf.openclaw_version = "1; reboot";
    assert_string_equal(installer_prepare().text, "OPENCLAW_VERSION must not hold ';'");
    conf.openclaw_version = "1";
    conf.machine_user = "de bian";
    assert_string_equal(installer_prepare().text, "MACHINE_USER must not hold '?'");
    conf.machine_user = "debian";
    conf.dashboard_origin = "https://example.com';";
    assert_string_equal(installer_prepare().text, "DASHBOARD_ORIGIN must not hold '''");
    conf.dashboard_origin = "example.com";
    assert_string_equal(installer_prepare().text,
                        "DASHBOARD_ORIGIN must begin with http:// or https://");
}

static void pauses_and_ports_have_limits(void **state)
{
    (void)state;
    conf.setup_poll_s = 0;
    assert_string_equal(installer_prepare().text,
                        "SETUP_POLL_S must be more than 0 and at most 60");
    conf.setup_poll_s = 1;
    conf.machine_ssh_port = 70000;
    assert_string_equal(installer_prepare().text, "MACHINE_SSH_PORT must be from 1 to 65535");
    conf.machine_ssh_port = 22;
    conf.openers = 0;
    assert_string_equal(installer_prepare().text, "OPENERS must be from 1 to 64");
}

static void a_script_that_is_missing_or_none_is_named(void **state)
{
    (void)state;
    write_script("<html>");
    assert_int_equal(installer_prepare().kind, ERR_PERMANENT);
    conf.setup_script = "/nonexistent/setup.sh";
    assert_string_equal(installer_prepare().text,
                        "SETUP_SCRIPT: cannot open '/nonexistent/setup.sh'");
    conf.setup_script = "/tmp";
    assert_string_equal(installer_prepare().text, "SETUP_SCRIPT: '/tmp' is not readable");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(good_settings_are_taken_and_the_script_is_read),
        TEST(skills_may_be_empty),
        TEST(values_that_a_shell_could_misread_are_refused),
        TEST(pauses_and_ports_have_limits),
        TEST(a_script_that_is_missing_or_none_is_named),
        TEST(more_values_are_whole_lines_from_a_file),
    };

    return cmocka_run_group_tests_name("settings", tests, make_script, remove_script);
}
