/* A message for one reader: it opens for that reader, about that matter, unchanged, and for nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "seal/box.h"

#define PLAIN "bootstrapToken=abc"

static struct arena *arena;
static struct box_key *reader;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    reader = box_key_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    box_key_free(reader);
    arena_free(arena);
    return 0;
}

static const char *closed(const char *about)
{
    const char *box = NULL;
    struct err e = box_close(box_reader(reader, arena), about, PLAIN, strlen(PLAIN), arena, &box);

    assert_int_equal(e.kind, ERR_NONE);
    return box;
}

static struct err opened(const struct box_key *key, const char *about, const char *box)
{
    const char *plain = NULL;
    size_t len = 0;
    struct err e = box_open(key, about, box, arena, &plain, &len);

    if (!failed(e)) {
        assert_int_equal(len, strlen(PLAIN));
        assert_string_equal(plain, PLAIN);
    } else {
        assert_int_equal(len, 0);
        assert_string_equal(plain, "");
    }
    return e;
}

static void a_box_opens_for_its_reader(void **state)
{
    (void)state;
    const char *box = closed("a");
    assert_int_equal(opened(reader, "a", box).kind, ERR_NONE);
    assert_null(strstr(box, PLAIN));
    assert_string_not_equal(box, closed("a"));
}

static void nobody_else_opens_it(void **state)
{
    (void)state;
    struct box_key *other = box_key_new();
    struct err e = opened(other, "a", closed("a"));
    box_key_free(other);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_string_equal(e.text, "the message does not open: it is for another reader or damaged");
}

static void it_does_not_open_in_another_place(void **state)
{
    (void)state;
    assert_int_equal(opened(reader, "b", closed("a")).kind, ERR_PERMANENT);
    assert_int_equal(opened(reader, "", closed("a")).kind, ERR_PERMANENT);
}

static void no_byte_of_it_can_be_changed(void **state)
{
    const char *box = closed("a");
    char *copy = arena_strdup(arena, box);

    (void)state;
    for (size_t i = 0; box[i]; i++) {
        copy[i] = box[i] == 'A' ? 'B' : 'A';
        assert_int_equal(opened(reader, "a", copy).kind, ERR_PERMANENT);
        copy[i] = '\0';
        assert_int_equal(opened(reader, "a", copy).kind, ERR_PERMANENT);
        copy[i] = box[i];
    }
    assert_int_equal(opened(reader, "a", copy).kind, ERR_NONE);
}

static void what_is_no_public_key_gets_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "AAAA",
        "not base64!",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* all zero: everybody would know the secret */
    };
    const char *box = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = box_close(bad[i], "a", PLAIN, strlen(PLAIN), arena, &box);
        assert_int_equal(e.kind, ERR_PERMANENT);
        assert_string_equal(box, "");
    }
}

static void an_empty_message_is_one(void **state)
{
    const char *box = NULL, *plain = NULL;
    size_t len = 1;

    (void)state;
    assert_int_equal(box_close(box_reader(reader, arena), "a", "", 0, arena, &box).kind, ERR_NONE);
    assert_int_equal(box_open(reader, "a", box, arena, &plain, &len).kind, ERR_NONE);
    assert_int_equal(len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_box_opens_for_its_reader),         TEST(nobody_else_opens_it),
        TEST(it_does_not_open_in_another_place),  TEST(no_byte_of_it_can_be_changed),
        TEST(what_is_no_public_key_gets_nothing), TEST(an_empty_message_is_one),
    };

    return cmocka_run_group_tests_name("box", tests, NULL, NULL);
}
