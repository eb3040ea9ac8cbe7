/* What a machine is told to do, on a pretend connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "machine.h"
#include "settings.h"
#include "ssh/ssh.h"

static struct {
    int puts, starts;
} world;

struct err ssh_open(const struct ssh_target *target, struct arena *arena, struct ssh **ret,
                    const char **ret_pin)
{
    (void)target;
    (void)arena;
    *ret = NULL;
    *ret_pin = "";
    return OK;
}

void ssh_close(struct ssh *ssh)
{
    (void)ssh;
}

struct err ssh_run(struct ssh *ssh, const char *command, const char *input, size_t input_len,
                   int deadline_ms, size_t limit, struct arena *arena, struct ssh_result *ret)
{
    (void)ssh;
    (void)input;
    (void)input_len;
    (void)deadline_ms;
    (void)limit;
    (void)arena;
    world.starts += strstr(command, "setup.sh start") != NULL;
    *ret = (struct ssh_result){.output = ""};
    return OK;
}

struct err ssh_put(struct ssh *ssh, const char *path, int mode, const char *bytes, size_t len,
                   int deadline_ms, struct arena *arena)
{
    (void)ssh;
    (void)path;
    (void)mode;
    (void)bytes;
    (void)len;
    (void)deadline_ms;
    (void)arena;
    world.puts++;
    return OK;
}

const char *ssh_quote(struct arena *arena, const char *text)
{
    (void)arena;
    return text;
}

static struct err start(int64_t lease_ms)
{
    static const struct machine_setup setup = {
        .openrouter_key = "sk", .gateway_token = "t", .host_name = "", .run_id = "r-1"};
    struct arena *arena = arena_new();

    const struct job job = {.lease_ends_ms = clock_ms() + lease_ms};
    const struct machine machine = {.ip = "127.0.0.9", .private_key = "k", .job = &job};

    world.puts = world.starts = 0;
    struct err e = machine_start_setup(&machine, &setup, arena);
    arena_free(arena);
    return e;
}

static void a_setup_is_started_within_the_lease(void **state)
{
    (void)state;
    assert_int_equal(start(150000).kind, ERR_NONE);
    assert_int_equal(world.starts, 1);
}

/* Whoever has the row by then may have started another run. */
static void a_setup_that_the_lease_may_not_outlast_is_not_begun(void **state)
{
    (void)state;
    assert_int_equal(start(40000).kind, ERR_TRANSIENT);
    assert_int_equal(world.puts, 2);
    assert_int_equal(world.starts, 0);
}

int main(void)
{
    conf.machine_user = "debian";
    conf.values = "";
    conf.openclaw_version = conf.openclaw_model = conf.dashboard_origin = conf.setup_skills = "";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setup_is_started_within_the_lease),
        cmocka_unit_test(a_setup_that_the_lease_may_not_outlast_is_not_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
