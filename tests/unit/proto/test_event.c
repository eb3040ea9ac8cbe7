/* The codec: round trips, and one clear line for each kind of bad input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

#define ID "018f0000-0000-7000-8000-000000000001"

static struct arena *arena;

static int begin(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void every_event_comes_back_as_it_was_said(void **state)
{
    int n;
    const struct event *const *all = event_all(&n);

    (void)state;
    assert_int_equal(n, 21);
    for (int i = 0; i < n; i++) {
        void *said = arena_alloc(arena, all[i]->size), *heard = arena_alloc(arena, all[i]->size);
        for (int f = 0; f < all[i]->n; f++) {
            void *at = (char *)said + all[i]->fields[f].offset;
            if (all[i]->fields[f].kind == EVENT_int) {
                *(int64_t *)at = 9007199254740993 + f;
            } else {
                *(const char **)at =
                    all[i]->fields[f].kind == EVENT_id ? ID : "h\xc3\xa9llo \"x\"\n";
            }
        }
        const char *bytes = event_encode(all[i], arena, said);
        struct err e = event_decode(all[i], arena, bytes, strlen(bytes), heard);
        assert_string_equal(e.text, "");
        assert_string_equal(event_encode(all[i], arena, heard), bytes);
        assert_ptr_equal(event_find(all[i]->type), all[i]);
    }
}

static void bad_input_is_one_clear_line(void **state)
{
    static const struct {
        const char *bytes, *says;
    } cases[] = {
        {"",                                                           "server.ready: empty"                       },
        {"<html>",                                                     "server.ready: not JSON"                    },
        {"[]",                                                         "server.ready: not a JSON object"           },
        {"{}",                                                         "server.ready: 'deploymentId' is missing"   },
        {"{\"deploymentId\":7}",                                       "server.ready: 'deploymentId' is not a UUID"},
        {"{\"deploymentId\":\"x\"}",                                   "server.ready: 'deploymentId' is not a UUID"},
        {"{\"deploymentId\":\"" ID "\",\"generation\":\"1\"}",
         "server.ready: 'generation' is not a whole number"                                                        },
        {"{\"deploymentId\":\"" ID "\",\"generation\":1.5}",
         "server.ready: 'generation' is not a whole number"                                                        },
        {"{\"deploymentId\":\"" ID "\",\"generation\":1}",             "server.ready: 'ip' is missing"             },
        {"{\"deploymentId\":\"" ID "\",\"generation\":1,\"ip\":null}",
         "server.ready: 'ip' is missing"                                                                           },
        {"{\"deploymentId\":\"" ID "\",\"generation\":1,\"ip\":5}",
         "server.ready: 'ip' is not a text"                                                                        },
        {"{\"deploymentId\":\"" ID "\",\"deploymentId\":\"" ID "\"}",  "server.ready: not JSON"                    },
        {"{\"deploymentId\":\"\xff\"}",                                "server.ready: not JSON"                    },
    };
    struct server_ready heard;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err e =
            event_decode(&server_ready, arena, cases[i].bytes, strlen(cases[i].bytes), &heard);
        assert_int_equal(e.kind, ERR_PERMANENT);
        assert_memory_equal(e.text, cases[i].says, strlen(cases[i].says));
    }
}

static void unknown_fields_are_ignored(void **state)
{
    const char bytes[] = "{\"deploymentId\":\"" ID "\",\"generation\":1,\"new\":{\"x\":[1]}}";
    struct deployment_destroyed heard;

    (void)state;
    assert_int_equal(
        event_decode(&deployment_destroyed, arena, bytes, sizeof bytes - 1, &heard).kind, ERR_NONE);
    assert_string_equal(heard.deployment_id, ID);
}

static void what_is_too_long_is_refused(void **state)
{
    struct server_ready heard;
    char *bytes = malloc(EVENT_CEILING + 10);

    (void)state;
    memset(bytes, ' ', EVENT_CEILING + 10);
    assert_string_equal(event_decode(&server_ready, arena, bytes, EVENT_CEILING + 1, &heard).text,
                        "server.ready: too large");
    int n = snprintf(bytes, EVENT_CEILING,
                     "{\"deploymentId\":\"" ID "\",\"generation\":1,\"ip\":\"%02000d\"}", 7);
    assert_string_equal(event_decode(&server_ready, arena, bytes, (size_t)n, &heard).text,
                        "server.ready: 'ip' is too long");
    free(bytes);
}

static void the_published_document_is_what_the_code_says(void **state)
{
    char *now = NULL, *file;
    size_t now_len = 0, len;
    FILE *out = open_memstream(&now, &now_len), *in = fopen("proto/asyncapi.yaml", "re");

    (void)state;
    event_print_asyncapi(out);
    (void)fclose(out);
    assert_non_null(in);
    file = calloc(1, now_len + 2);
    len = fread(file, 1, now_len + 1, in);
    (void)fclose(in);
    assert_int_equal(len, now_len); /* else: build/bin/clawctl asyncapi > proto/asyncapi.yaml */
    assert_string_equal(file, now);
    free(file);
    free(now);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_event_comes_back_as_it_was_said),
        TEST(bad_input_is_one_clear_line),
        TEST(unknown_fields_are_ignored),
        TEST(what_is_too_long_is_refused),
        TEST(the_published_document_is_what_the_code_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
