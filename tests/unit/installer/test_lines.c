/* Lines of the setup's log: whole, valid, without secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <string.h>

#include "base/utf8.h"
#include "lines.h"

static const char token[] = "0123456789abcdef0123456789abcdef";
static const char key[] = "sk-or-v1-AbC_123-xyz";

static struct arena *arena;
static struct secrets secrets;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    secrets = (struct secrets){0};
    secrets_add(&secrets, token);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static const char *shown(const char *text)
{
    return line_shown(text, strlen(text), &secrets, arena);
}

static void a_line_ends_with_its_line_break(void **state)
{
    (void)state;
    assert_int_equal(line_length("ab\ncd\n", 6, false), 3);
    assert_int_equal(line_length("\n", 1, false), 1);
}

static void half_a_line_waits_for_its_other_half(void **state)
{
    (void)state;
    assert_int_equal(line_length("half", 4, false), 0);
    assert_int_equal(line_length("", 0, false), 0);
    assert_int_equal(line_length("half", 4, true), 4);
}

static void an_endless_line_is_taken_as_it_is(void **state)
{
    static char endless[20000];

    (void)state;
    memset(endless, 'x', sizeof endless);
    assert_int_equal(line_length(endless, sizeof endless, false), sizeof endless);
    assert_int_equal(strlen(line_shown(endless, sizeof endless, &secrets, arena)), LINE_SHOWN_MAX);
}

static void an_ordinary_line_is_shown_as_it_is(void **state)
{
    (void)state;
    assert_string_equal(shown("added 330 packages in 28s\r\n"), "added 330 packages in 28s");
    assert_string_equal(shown("\n"), "");
}

static void a_known_secret_is_never_shown(void **state)
{
    (void)state;
    assert_string_equal(shown("token=0123456789abcdef0123456789abcdef;"), "token=***;");
    assert_string_equal(shown("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
                        "******");
}

static void what_looks_like_a_key_is_never_shown(void **state)
{
    (void)state;
    assert_string_equal(shown("using sk-or-v1-AbC_123-xyz now"), "using *** now");
    assert_string_equal(shown("sk-or-"), "***");
    assert_string_equal(shown("\"sk-or-a\",'sk-or-b'"), "\"***\",'***'");
    assert_null(strstr(shown(key), "AbC"));
}

static void a_secret_at_the_cut_is_gone_altogether(void **state)
{
    char line[LINE_SHOWN_MAX + sizeof token + 10];

    (void)state;
    memset(line, 'x', LINE_SHOWN_MAX - 10);
    memcpy(line + LINE_SHOWN_MAX - 10, token, sizeof token);
    assert_null(strstr(shown(line), "0123"));
}

static void control_characters_and_bad_bytes_become_question_marks(void **state)
{
    static const char bytes[] = "a\0b\x1b[1m\xff\xc3(\tz\n";
    const char *line = line_shown(bytes, sizeof bytes - 1, &secrets, arena);

    (void)state;
    assert_string_equal(line, "a?b?[1m?\?( z");
}

static void a_long_line_is_cut_between_characters(void **state)
{
    char line[1000] = "x";

    (void)state;
    for (int i = 1; i < 999; i += 2) {
        line[i] = '\xc3';
        line[i + 1] = '\xa4';
    }
    line[999] = '\0';
    const char *cut = shown(line);
    assert_true(strlen(cut) <= LINE_SHOWN_MAX);
    assert_true(utf8_valid(cut, strlen(cut)));
}

static void a_short_text_is_no_secret(void **state)
{
    struct secrets few = {0};

    (void)state;
    secrets_add(&few, "");
    secrets_add(&few, NULL);
    secrets_add(&few, "a");
    assert_int_equal(few.n, 0);
}

static void a_step_has_a_name_and_a_sentence(void **state)
{
    const char *step = NULL, *sentence = NULL;

    (void)state;
    assert_true(line_is_step("== node: Installing Node.js: 24", arena, &step, &sentence));
    assert_string_equal(step, "node");
    assert_string_equal(sentence, "Installing Node.js: 24");
}

static void other_lines_are_no_steps(void **state)
{
    static const char *const lines[] = {
        "", "==", "== ", "== node", "== node:", "== node:  ", "== : x", "==node: x", " == node: x"};
    const char *step, *sentence;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_false(line_is_step(lines[i], arena, &step, &sentence));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_ends_with_its_line_break),
        TEST(half_a_line_waits_for_its_other_half),
        TEST(an_endless_line_is_taken_as_it_is),
        TEST(an_ordinary_line_is_shown_as_it_is),
        TEST(a_known_secret_is_never_shown),
        TEST(what_looks_like_a_key_is_never_shown),
        TEST(a_secret_at_the_cut_is_gone_altogether),
        TEST(control_characters_and_bad_bytes_become_question_marks),
        TEST(a_long_line_is_cut_between_characters),
        TEST(a_short_text_is_no_secret),
        TEST(a_step_has_a_name_and_a_sentence),
        TEST(other_lines_are_no_steps),
    };

    return cmocka_run_group_tests_name("log lines", tests, NULL, NULL);
}
