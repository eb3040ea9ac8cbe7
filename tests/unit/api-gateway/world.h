/* What the gateway's unit tests share: cmocka, and a request that no network brought. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reply.h"
#include "request.h"

#define TEST(name) cmocka_unit_test(name)
#define TEST_IN_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static struct mg_request_info info;
static struct request request;
static struct reply reply;

static inline int set_up(void **state)
{
    (void)state;
    info = (struct mg_request_info){.request_method = "POST", .local_uri = "/"};
    request = (struct request){.info = &info, .arena = arena_new()};
    reply = (struct reply){0};
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    json_decref(request.body);
    arena_free(request.arena);
    return 0;
}

/* The problem's detail says that. */
static inline void assert_detail(int status, const char *part)
{
    assert_int_equal(reply.status, status);
    assert_string_equal(reply.type, "application/problem+json");
    json_t *problem = json_loadb(reply.body, reply.len, 0, NULL);
    assert_non_null(problem);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    assert_non_null(detail);
    if (!strstr(detail, part)) {
        fail_msg("'%s' does not say '%s'", detail, part);
    }
    json_decref(problem);
}
