/* WebSocket frames: what a server may send in whatever pieces, and every way of breaking the protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <string.h>

#include "http/frame.h"

enum { LIMIT = 1000 };

/* A string literal's bytes, '\0' among them. */
#define BYTES(literal) literal, sizeof(literal) - 1

/* clang-format off */
static const struct {
    const char *why, *bytes;
    size_t len;
    enum frame_kind kind;
    const char *text; /* of a text or ping */
    int close_code;
} cases[] = {
    {"text",                        BYTES("\x81\x02hi"),                           FRAME_TEXT,  "hi", 0},
    {"empty text",                  BYTES("\x81\x00"),                             FRAME_TEXT,  "", 0},
    {"two fragments",               BYTES("\x01\x02he\x80\x03llo"),                FRAME_TEXT,  "hello", 0},
    {"fragments, one of them empty", BYTES("\x01\x00\x00\x02hi\x80\x00"),          FRAME_TEXT,  "hi", 0},
    {"a character in two fragments", BYTES("\x01\x01\xc3\x80\x01\xa9"),            FRAME_TEXT,  "\xc3\xa9", 0},
    {"ping between fragments",      BYTES("\x01\x02he\x89\x01!"),                  FRAME_PING,  "!", 0},
    {"pong nobody asked for",       BYTES("\x8a\x01?\x81\x02hi"),                  FRAME_TEXT,  "hi", 0},
    {"long way of a short length",  BYTES("\x81\x7e\x00\x02hi"),                   FRAME_TEXT,  "hi", 0},
    {"longest way of it",           BYTES("\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x02hi"), FRAME_TEXT, "hi", 0},
    {"close with a code",           BYTES("\x88\x02\x03\xf0"),                     FRAME_CLOSE, "", 1008},
    {"close with a reason",         BYTES("\x88\x05\x03\xf0""bye"),                FRAME_CLOSE, "", 1008},
    {"close without a code",        BYTES("\x88\x00"),                             FRAME_CLOSE, "", 1005},
    {"nothing",                     BYTES(""),                                     FRAME_MORE,  "", 0},
    {"half a header",               BYTES("\x81"),                                 FRAME_MORE,  "", 0},
    {"half a length",               BYTES("\x81\x7e\x00"),                         FRAME_MORE,  "", 0},
    {"half a text",                 BYTES("\x81\x02h"),                            FRAME_MORE,  "", 0},
    {"first fragment",              BYTES("\x01\x02hi"),                           FRAME_MORE,  "", 0},
    {"masked",                      BYTES("\x81\x82""abcdhi"),                     FRAME_BAD,   "", 0},
    {"reserved bit",                BYTES("\xc1\x02hi"),                           FRAME_BAD,   "", 0},
    {"binary",                      BYTES("\x82\x02hi"),                           FRAME_BAD,   "", 0},
    {"unknown opcode",              BYTES("\x83\x02hi"),                           FRAME_BAD,   "", 0},
    {"unknown control opcode",      BYTES("\x8b\x00"),                             FRAME_BAD,   "", 0},
    {"continuation of nothing",     BYTES("\x80\x02hi"),                           FRAME_BAD,   "", 0},
    {"text within a text",          BYTES("\x01\x02hi\x81\x02hi"),                 FRAME_BAD,   "", 0},
    {"ping in fragments",           BYTES("\x09\x01!"),                            FRAME_BAD,   "", 0},
    {"long ping",                   BYTES("\x89\x7e\x00\x80"),                     FRAME_BAD,   "", 0},
    {"close with half a code",      BYTES("\x88\x01\x03"),                         FRAME_BAD,   "", 0},
    {"no UTF-8",                    BYTES("\x81\x02\xff\xfe"),                     FRAME_BAD,   "", 0},
    {"a NUL",                       BYTES("\x81\x02h\0"),                          FRAME_BAD,   "", 0},
    {"announces more than the limit", BYTES("\x81\x7e\x03\xe9"),                   FRAME_BAD,   "", 0},
    {"announces 2^63",              BYTES("\x81\x7f\x80\0\0\0\0\0\0\0"),           FRAME_BAD,   "", 0},
    {"announces 2^64 - 1",          BYTES("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"), FRAME_BAD, "", 0},
};
/* clang-format on */

static void check(size_t i, size_t piece)
{
    struct frame_reader reader;
    struct frame frame = {0};
    enum frame_kind kind = FRAME_MORE;

    frame_reader_init(&reader, LIMIT);
    if (cases[i].len == 0) {
        kind = frame_next(&reader, &frame);
    }
    for (size_t at = 0; at < cases[i].len && kind == FRAME_MORE; at += piece) {
        size_t left = cases[i].len - at;
        frame_feed(&reader, cases[i].bytes + at, left < piece ? left : piece);
        kind = frame_next(&reader, &frame);
    }
    if (kind != cases[i].kind || frame.close_code != cases[i].close_code) {
        fail_msg("%s in pieces of %zu: %d, code %d", cases[i].why, piece, (int)kind,
                 frame.close_code);
    }
    if (kind == FRAME_TEXT || kind == FRAME_PING) {
        assert_int_equal(frame.len, strlen(cases[i].text));
        assert_memory_equal(frame.payload, cases[i].text, frame.len);
    }
    frame_reader_release(&reader);
}

static void each_sequence_of_bytes_has_its_meaning_in_whatever_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(i, 1);
        check(i, 3);
        check(i, LIMIT);
    }
}

static void several_messages_come_one_after_the_other(void **state)
{
    (void)state;
    struct frame_reader reader;
    struct frame frame;

    frame_reader_init(&reader, LIMIT);
    frame_feed(&reader, BYTES("\x81\x01"
                              "a\x81\x01"
                              "b\x88\x00"));
    assert_int_equal(frame_next(&reader, &frame), FRAME_TEXT);
    assert_string_equal(frame.payload, "a");
    assert_int_equal(frame_next(&reader, &frame), FRAME_TEXT);
    assert_string_equal(frame.payload, "b");
    assert_int_equal(frame_next(&reader, &frame), FRAME_CLOSE);
    assert_int_equal(frame_next(&reader, &frame), FRAME_MORE);
    frame_reader_release(&reader);
}

static void small_messages_for_ever_end_at_the_limit(void **state)
{
    (void)state;
    struct frame_reader reader;
    struct frame frame;
    enum frame_kind kind = FRAME_TEXT;
    int n = 0;

    frame_reader_init(&reader, LIMIT);
    for (; kind == FRAME_TEXT && n < 2 * LIMIT; n++) {
        frame_feed(&reader, BYTES("\x81\x02hi"));
        kind = frame_next(&reader, &frame);
    }
    assert_int_equal(kind, FRAME_BAD);
    assert_in_range(n, LIMIT / 4, LIMIT / 4 + 2);
    frame_reader_release(&reader);
}

static void fragments_for_ever_end_at_the_limit(void **state)
{
    (void)state;
    struct frame_reader reader;
    struct frame frame;
    enum frame_kind kind = FRAME_MORE;

    frame_reader_init(&reader, LIMIT);
    frame_feed(&reader, BYTES("\x01\x00"));
    for (int i = 0; kind == FRAME_MORE && i < 2 * LIMIT; i++) {
        frame_feed(&reader, BYTES("\x00\x00"));
        kind = frame_next(&reader, &frame);
    }
    assert_int_equal(kind, FRAME_BAD);
    frame_reader_release(&reader);
}

static void what_is_sent_is_masked_and_says_how_long_it_is(void **state)
{
    (void)state;
    static const unsigned char mask[4] = {1, 2, 3, 4};
    char long_text[300];
    struct buf out;

    buf_init(&out, 2 * LIMIT);
    frame_write(&out, FRAME_OPCODE_TEXT, "abcde", 5, mask);
    assert_int_equal(out.len, 11);
    assert_memory_equal(out.at, "\x81\x85\x01\x02\x03\x04\x60\x60\x60\x60\x64", 11);

    buf_clear(&out);
    memset(long_text, 0, sizeof long_text);
    frame_write(&out, FRAME_OPCODE_TEXT, long_text, sizeof long_text, mask);
    assert_int_equal(out.len, 8 + 300);
    assert_memory_equal(out.at, "\x81\xfe\x01\x2c\x01\x02\x03\x04\x01\x02", 10);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sequence_of_bytes_has_its_meaning_in_whatever_pieces),
        cmocka_unit_test(several_messages_come_one_after_the_other),
        cmocka_unit_test(small_messages_for_ever_end_at_the_limit),
        cmocka_unit_test(fragments_for_ever_end_at_the_limit),
        cmocka_unit_test(what_is_sent_is_masked_and_says_how_long_it_is),
    };

    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
