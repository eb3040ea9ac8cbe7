/* A pretend machine and the watch over it: probe_look() below wins over the real one. One test binary includes it once. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "events.h"
#include "monitor.h"
#include "probe.h"
#include "runner/stage.h"
#include "settings.h"

static struct {
    struct probe says;
    char asked[200];
} machine;

struct probe probe_look(struct http *http, const struct look *look, struct arena *arena)
{
    (void)http;
    (void)arena;
    (void)snprintf(machine.asked, sizeof machine.asked, "%s", look->url);
    return machine.says;
}

struct work {
    struct job job;
    struct arena *arena;
    json_t *notes;
};

static void look_healthy(void)
{
    machine.says = (struct probe){VERDICT_HEALTHY, ""};
}

static void look_down(const char *text)
{
    machine.says = (struct probe){VERDICT_APP_DOWN, text};
}

static int set_up(void **state)
{
    static struct work work;

    conf = (struct monitor_conf){.machine_https_port = 443,
                                 .machine_ca_file = "",
                                 .probe_poll_s = 2,
                                 .watch_poll_s = 60,
                                 .recheck_s = 5};
    work.arena = arena_new();
    work.notes = json_pack("{s:s}", "ip", "192.0.2.7");
    job_init(&work.job, work.arena);
    work.job.id = "01900000-0000-7000-8000-000000000001";
    work.job.notes = work.notes;
    look_healthy();
    *state = &work;
    return 0;
}

static int tear_down(void **state)
{
    struct work *work = *state;

    job_release(&work->job);
    json_decref(work->notes);
    arena_free(work->arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
