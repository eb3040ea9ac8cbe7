/*
 * A pretend OpenRouter for these tests: what is expected to be asked, in order, and what is answered.
 * Defining openrouter_http() here keeps the real one out of the program.
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

#include "events.h"
#include "key-provisioner/moves.h"
#include "key-provisioner/openrouter.h"
#include "key-provisioner/settings.h"

struct exchange {
    const char *method, *path;
    int status;
    const char *body;
    enum err_kind fails;
    const char *sends; /* a part of the request's body, or NULL */
};

#define WORLD_URL "https://openrouter.test/api/v1"
#define TEST_ID "01934d3a-0000-7000-8000-0000abcd1234"
#define NAME "openclaw-0000abcd1234"

static struct {
    const struct exchange *script;
    size_t n, at;
} world;

struct err openrouter_http(struct http *http, const struct http_request *request, struct arena *at,
                           struct http_response *ret)
{
    (void)http;
    *ret = (struct http_response){.body = "", .content_type = "", .request_id = ""};
    assert_memory_equal(request->url, WORLD_URL, strlen(WORLD_URL));
    const char *path = request->url + strlen(WORLD_URL);
    if (world.at == world.n) {
        fail_msg("not expected: %s %s", request->method, path);
    }
    const struct exchange *x = &world.script[world.at++];
    assert_string_equal(request->method, x->method);
    assert_string_equal(path, x->path);
    assert_string_equal(request->headers[0], "Authorization: Bearer management");
    assert_int_equal(request->once, strcmp(x->method, "GET") != 0);
    if (x->sends) {
        assert_non_null(request->body);
        assert_non_null(strstr(request->body, x->sends));
    }
    if (x->fails != ERR_NONE) {
        return (struct err){.kind = x->fails, .code = 52, .text = "broken"};
    }
    ret->status = x->status;
    ret->body = arena_strdup(at, x->body);
    ret->body_len = strlen(ret->body);
    return OK;
}

static struct key_settings test_settings = {
    .url = WORLD_URL, .management_key = "management", .limit_usd = 10, .unknown_wait_s = 60};
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

#define WILL(...)                                                                                  \
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

static inline void start_again(void)
{
    (void)tear_down(NULL);
    (void)set_up(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#define PAGE(offset) "/keys?offset=" offset "&include_disabled=true"
#define EMPTY "{\"data\":[]}"
