/*
 * A pretend machine and a job on it (not every test uses every helper). The machine_* functions defined here win over the real ones in the
 * service's archive. One test binary includes it once.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "installer.h"
#include "machine.h"
#include "runner/stage.h"
#include "settings.h"

#define TEST_ID "01900000-0000-7000-8000-000000000001"
#define TEST_KEY "sk-or-v1-0123456789"
#define TEST_KEY_HASH "c8f2f3ea3dc121a87c192bd23a527960789d0ae173a71b83bc6aba71812edce4"
#define TEST_TOKEN "feedfacefeedfacefeedfacefeedface"

static struct {
    struct err fails; /* what every call comes back with */
    int calls;
    const char *pin_seen, *key_seen;
    struct machine_setup setup_seen;
    int64_t offset_seen;
    bool stay_seen;
    struct setup_answer answer;
    struct setup_result result;
    struct service_answer service;
    struct machine_upgrade upgrade_seen;
    const char *certificates; /* NULL: the machine has none */
} world;

static struct job job;
static json_t *notes, *sealed;

static struct err called(const struct machine *machine)
{
    world.calls++;
    world.pin_seen = machine->pin;
    world.key_seen = machine->private_key;
    return world.fails;
}

struct err machine_meet(const struct machine *machine, struct arena *arena, const char **ret_pin)
{
    (void)arena;
    *ret_pin = "ssh-ed25519 SHA256:abc";
    return called(machine);
}

struct err machine_certificates(const struct machine *machine, struct arena *arena,
                                const char **ret, size_t *ret_len)
{
    (void)arena;
    *ret = world.certificates ? world.certificates : "";
    *ret_len = strlen(*ret);
    return called(machine);
}

struct err machine_start_setup(const struct machine *machine, const struct machine_setup *setup,
                               struct arena *arena)
{
    (void)arena;
    world.setup_seen = *setup;
    return called(machine);
}

struct err machine_follow_setup(const struct machine *machine, int64_t offset, bool stay,
                                struct arena *arena, struct setup_answer *ret)
{
    (void)arena;
    world.offset_seen = offset;
    world.stay_seen = stay;
    *ret = world.answer;
    return called(machine);
}

struct err machine_read_result(const struct machine *machine, struct arena *arena,
                               struct setup_result *ret)
{
    (void)arena;
    *ret = world.result;
    if (!ret->skills_missing) {
        ret->skills_missing = "";
    }
    return called(machine);
}

struct err machine_restart(const struct machine *machine, struct arena *arena)
{
    (void)arena;
    return called(machine);
}

struct err machine_service(const struct machine *machine, bool stay, struct arena *arena,
                           struct service_answer *ret)
{
    (void)arena;
    world.stay_seen = stay;
    *ret = world.service;
    return called(machine);
}

struct err machine_start_upgrade(const struct machine *machine,
                                 const struct machine_upgrade *upgrade, struct arena *arena)
{
    (void)arena;
    world.upgrade_seen = *upgrade;
    return called(machine);
}

static void have_secret(const char *name, const char *plain)
{
    const char *text = NULL;
    struct err e = seal_close(job.seal, TEST_ID, name, plain, strlen(plain), job.arena, &text);

    assert_int_equal(e.kind, ERR_NONE);
    (void)json_object_set_new(sealed, name, json_string(text));
    free((void *)(uintptr_t)job.sealed);
    job.sealed = json_dumps(sealed, 0);
}

__attribute__((unused)) static void lose_secret(const char *name)
{
    (void)json_object_del(sealed, name);
    free((void *)(uintptr_t)job.sealed);
    job.sealed = json_dumps(sealed, 0);
}

/* The secret that the job keeps, opened. */
__attribute__((unused)) static const char *kept(const char *name)
{
    const char *text = NULL;
    size_t len = 0;

    assert_non_null(json_object_get(job.keep, name));
    assert_int_equal(job_secret(&job, name, &text, &len).kind, ERR_NONE);
    return arena_strndup(job.arena, text, len);
}

static int set_up(void **state)
{
    struct seal *seal = NULL;

    (void)state;
    if (failed(seal_new("k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", &seal))) {
        return -1;
    }
    conf = (struct installer_conf){
        .machine_user = "debian", .machine_ssh_port = 22, .setup_poll_s = 1, .connect_poll_s = 3};
    memset(&world, 0, sizeof world);
    job_init(&job, arena_new());
    job.id = TEST_ID;
    job.seal = seal;
    notes = json_pack("{s:s, s:s}", "ip", "192.0.2.7", "service_name", "vps-1.example.com");
    sealed = json_object();
    job.notes = notes;
    have_secret(SECRET_SSH_KEY, "-----BEGIN PRIVATE KEY-----");
    have_secret(SECRET_OPENROUTER_KEY, TEST_KEY);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    seal_free((struct seal *)(uintptr_t)job.seal);
    free((void *)(uintptr_t)job.sealed);
    json_decref(notes);
    json_decref(sealed);
    job_release(&job);
    arena_free(job.arena);
    return 0;
}

/* The change that the job is about has ended in this way. */
__attribute__((unused)) static void assert_over(const char *kind, bool worked)
{
    assert_non_null(job.change_over);
    assert_string_equal(job.change_over, kind);
    assert_int_equal(job.change_worked, worked);
    assert_null(note(&job, "change"));
}

/* What an event leaves in the notes of the row. */
__attribute__((unused)) static void heard(const struct event *type, const void *event)
{
    for (int i = 0; i < INSTALLER_GOALS; i++) {
        if (installer_goals[i].hears == type) {
            assert_int_equal(installer_goals[i].effect, EFFECT_STEP);
            installer_goals[i].remember(event, notes);
        }
    }
}

/* What settling would do between two actions: the patch becomes part of the notes. */
__attribute__((unused)) static void settled(void)
{
    const char *name;
    json_t *value;

    json_object_foreach(job.patch, name, value)
    {
        (void)json_object_set(notes, name, value);
    }
    (void)json_object_clear(job.patch);
    (void)json_array_clear(job.lines);
    job.wait_s = -1;
    job.message = NULL;
    job.go = NULL;
    job.change_over = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
