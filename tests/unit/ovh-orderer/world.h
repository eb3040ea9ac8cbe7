/*
 * A pretend OVH for these tests: a table of what is expected to be asked, in order, and what is answered.
 * Defining ovh_http() here keeps the real one out of the program.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "events.h"
#include "ovh-orderer/moves.h"

/* One expected request. `path` is all behind the endpoint; `fails` other than ERR_NONE: no answer, that error. */
struct exchange {
    const char *method, *path;
    int status;
    const char *body;
    enum err_kind fails;
    const char *sends; /* a part of the request's body, or NULL */
};

#define WORLD_ENDPOINT "https://ovh.test/1.0"
#define WORLD_TIME "1457018875"

static struct {
    const struct exchange *script;
    size_t n, at;
    int times_asked;      /* GET /auth/time */
    char headers[8][200]; /* of the last request */
    struct http_request last;
} world;

static inline struct err ovh_time_answer(struct http_response *ret)
{
    world.times_asked++;
    ret->status = 200;
    ret->body = WORLD_TIME;
    ret->body_len = strlen(WORLD_TIME);
    return OK;
}

struct err ovh_http(struct http *http, const struct http_request *request, struct arena *arena,
                    struct http_response *ret)
{
    (void)http;
    *ret = (struct http_response){.body = "", .content_type = "", .request_id = ""};
    assert_memory_equal(request->url, WORLD_ENDPOINT, strlen(WORLD_ENDPOINT));
    const char *path = request->url + strlen(WORLD_ENDPOINT);
    if (strcmp(path, "/auth/time") == 0) {
        return ovh_time_answer(ret);
    }
    if (world.at == world.n) {
        fail_msg("not expected: %s %s", request->method, path);
    }
    const struct exchange *x = &world.script[world.at++];
    assert_string_equal(request->method, x->method);
    assert_string_equal(path, x->path);
    assert_int_equal(request->once, strcmp(x->method, "GET") != 0);
    if (x->sends) {
        assert_non_null(request->body);
        assert_non_null(strstr(request->body, x->sends));
    }
    for (int i = 0; i < 8; i++) {
        world.headers[i][0] = '\0';
    }
    for (int i = 0; i < 8 && request->headers[i]; i++) {
        (void)snprintf(world.headers[i], sizeof world.headers[i], "%s", request->headers[i]);
    }
    world.last = *request;
    if (x->fails != ERR_NONE) {
        return (struct err){.kind = x->fails, .code = 52, .text = "broken"};
    }
    ret->status = x->status ? x->status : 200;
    ret->body = arena_strdup(arena, x->body ? x->body : "");
    ret->body_len = strlen(ret->body);
    return OK;
}

static struct orderer_settings test_settings = {
    .endpoint = WORLD_ENDPOINT,
    .app_key = "ak",
    .app_secret = "as",
    .consumer_key = "ck",
    .window_s = 60,
    .subsidiary = "US",
    .plans = "vps-a, vps-b",
    .datacenters = "",
    .os = "Debian 12",
    .price_limit = 20,
    .unknown_wait_s = 180,
    .ssh_key_type = "ecdsa",
    .stock_poll_s = 5,
    .stock_limit_s = 20,
    .delivery_poll_s = 10,
    .delivery_limit_s = 900,
    .rebuild_poll_s = 5,
    .rebuild_limit_s = 1200,
    .address_poll_s = 2,
    .address_limit_s = 300,
    .release_poll_s = 15,
    .wipe_limit_s = 1800,
    .late_poll_s = 60,
    .late_keep_s = 259200,
};

#define TEST_ID "01934d3a-0000-7000-8000-0000abcd1234"

static struct job job;
static struct arena *arena;
static struct seal *seal;
static json_t *notes;

static inline void world_says(const struct exchange *script, size_t n)
{
    world.script = script;
    world.n = n;
    world.at = 0;
}

#define OVH_WILL(...)                                                                              \
    do {                                                                                           \
        static const struct exchange script_[] = {__VA_ARGS__};                                    \
        world_says(script_, sizeof script_ / sizeof script_[0]);                                   \
    } while (0)

#define ASK(method_, path_, status_, body_)                                                        \
    {                                                                                              \
        .method = (method_), .path = (path_), .status = (status_), .body = (body_)                 \
    }
#define SEND(method_, path_, sends_, status_, body_)                                               \
    {                                                                                              \
        .method = (method_), .path = (path_), .sends = (sends_), .status = (status_),              \
        .body = (body_)                                                                            \
    }
#define BREAK(method_, path_, kind_)                                                               \
    {                                                                                              \
        .method = (method_), .path = (path_), .fails = (kind_)                                     \
    }

#define ALL_ASKED() assert_int_equal(world.at, world.n)

static inline int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    ovh_clock_forget();
    test_settings.plans = "vps-a, vps-b";
    test_settings.datacenters = "";
    test_settings.price_limit = 20;
    arena = arena_new();
    notes = json_object();
    job_init(&job, arena);
    job.id = TEST_ID;
    job.world = &test_settings;
    job.notes = notes;
    job.goal = GOAL_UP;
    assert_false(failed(seal_new("k:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", &seal)));
    job.seal = seal;
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    job_release(&job);
    json_decref(notes);
    seal_free(seal);
    arena_free(arena);
    return 0;
}

static inline struct ovh test_ovh(void)
{
    return (struct ovh){.arena = arena, .settings = &test_settings};
}

static inline void remember(const char *name, const char *text)
{
    (void)json_object_set_new(notes, name, json_string(text));
}

static inline void remember_int(const char *name, int64_t number)
{
    (void)json_object_set_new(notes, name, json_integer(number));
}

/* The next of a table of cases starts from here. */
static inline void start_again(void)
{
    (void)tear_down(NULL);
    (void)set_up(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
