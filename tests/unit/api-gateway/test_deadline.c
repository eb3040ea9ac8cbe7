/* Who is awaited when a deployment is late, and the words for it. */
#include "world.h"

#include "deadline.h"

static void the_awaited_piece_is_the_one_after_the_last_that_is_done(void **state)
{
    static const char *const known[][3] = {
        {"PENDING",      "",                   "llm_key"     },
        {"PENDING",      "key.issued",         "server"      },
        {"ORDERING",     "key.issued",         "server"      },
        {"ORDERING",     "server.ordered",     "server"      },
        {"PROVISIONING", "server.ordered",     "server"      },
        {"PROVISIONING", "server.ready",       "installation"},
        {"INSTALLING",   "server.ready",       "installation"},
        {"INSTALLING",   "instance.installed", "watch"       },
 /* installed anew */
        {"PROVISIONING", "",                   "installation"},
        {"PROVISIONING", "instance.vacated",   "llm_key"     },
        {"PROVISIONING", "key.issued",         "server"      },
 /* set back by an operator */
        {"ORDERING",     "instance.installed", "server"      },
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_string_equal(deadline_piece(known[i][0], known[i][1]), known[i][2]);
    }
}

static void the_text_names_the_limit_and_what_is_awaited(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(
        deadline_text(arena, 1200, "installation", "Installing OpenClaw"),
        "Not ready after 20 minutes; it was still: Installing OpenClaw. We keep watching; a retry "
        "goes on from there.");
    assert_string_equal(deadline_text(arena, 60, "server", "Waiting. For OVH. "),
                        "Not ready after 1 minute; it was still: Waiting. For OVH. We keep "
                        "watching; a retry goes on from there.");
    assert_string_equal(
        deadline_text(arena, 90, "llm_key", NULL),
        "Not ready after 90 seconds; it was still: Creating your OpenRouter key. We keep watching; "
        "a retry goes on from there.");
    arena_free(arena);
}

static void the_text_is_whole_however_long_the_message(void **state)
{
    struct arena *arena = arena_new();
    char message[400];

    (void)state;
    for (size_t len = 0; len < sizeof message; len++) {
        memset(message, 'a', len);
        message[len] = '\0';
        const char *text = deadline_text(arena, 30 * 24 * 3600, "watch", message);
        assert_true(strlen(text) < 225);
        assert_non_null(strstr(text, "goes on from there."));
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_awaited_piece_is_the_one_after_the_last_that_is_done),
        TEST(the_text_names_the_limit_and_what_is_awaited),
        TEST(the_text_is_whole_however_long_the_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
