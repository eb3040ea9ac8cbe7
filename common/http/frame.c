/* The two bytes that begin a frame say everything about its shape; each rule they can break is a line here. */
#include "http/frame.h"

#include <assert.h>

#include "base/utf8.h"

enum {
    FIN = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0f,
    MASKED = 0x80,
    LENGTH = 0x7f,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    OPCODE_CONTINUATION = 0,
    CONTROL = 0x8, /* this bit of an opcode: about the connection, between fragments too */
    CONTROL_LONGEST = 125,
    NO_CLOSE_CODE = 1005,
};

/* One frame whose header is complete. */
struct head {
    int opcode;
    bool fin;
    size_t size; /* of the header */
    uint64_t len;
};

void frame_reader_init(struct frame_reader *reader, size_t limit)
{
    *reader = (struct frame_reader){0};
    buf_init(&reader->in, limit);
    buf_init(&reader->text, limit);
}

void frame_reader_release(struct frame_reader *reader)
{
    buf_release(&reader->in);
    buf_release(&reader->text);
}

void frame_feed(struct frame_reader *reader, const char *bytes, size_t len)
{
    (void)buf_put(&reader->in, bytes, len);
}

static uint64_t number(const unsigned char *at, size_t bytes)
{
    uint64_t n = 0;

    for (size_t i = 0; i < bytes; i++) {
        n = n << 8 | at[i];
    }
    return n;
}

/* FRAME_TEXT stands for "the header is there". */
static enum frame_kind read_head(const struct frame_reader *reader, struct head *ret)
{
    const unsigned char *at = (const unsigned char *)reader->in.at + reader->at;
    size_t there = reader->in.len - reader->at;

    if (there < 2) {
        return FRAME_MORE;
    }
    size_t extra = (at[1] & LENGTH) == LENGTH_16 ? 2 : (at[1] & LENGTH) == LENGTH_64 ? 8 : 0;
    if ((at[0] & RESERVED) || (at[1] & MASKED)) {
        return FRAME_BAD;
    }
    if (there < 2 + extra) {
        return FRAME_MORE;
    }
    *ret = (struct head){.opcode = at[0] & OPCODE,
                         .fin = at[0] & FIN,
                         .size = 2 + extra,
                         .len = extra ? number(at + 2, extra) : at[1] & LENGTH};
    /* So that nobody waits for what would not be taken. */
    return ret->len > reader->in.ceiling ? FRAME_BAD : FRAME_TEXT;
}

static bool allowed(const struct frame_reader *reader, const struct head *head)
{
    if (head->opcode & CONTROL) {
        return head->fin && head->len <= CONTROL_LONGEST && head->opcode <= FRAME_OPCODE_PONG;
    }
    if (head->opcode == OPCODE_CONTINUATION) {
        return reader->in_message;
    }
    return head->opcode == FRAME_OPCODE_TEXT && !reader->in_message;
}

static enum frame_kind closed(const char *payload, size_t len, struct frame *ret)
{
    if (len == 1) {
        return FRAME_BAD;
    }
    ret->close_code = len == 0 ? NO_CLOSE_CODE : (int)number((const unsigned char *)payload, 2);
    return FRAME_CLOSE;
}

static enum frame_kind part_of_text(struct frame_reader *reader, const struct head *head,
                                    const char *payload, struct frame *ret)
{
    if (!reader->in_message) {
        buf_clear(&reader->text);
    }
    if (!buf_put(&reader->text, payload, head->len)) {
        return FRAME_BAD;
    }
    reader->in_message = !head->fin;
    if (!head->fin) {
        return FRAME_MORE;
    }
    if (!utf8_valid(reader->text.at, reader->text.len)) {
        return FRAME_BAD;
    }
    ret->payload = reader->text.at;
    ret->len = reader->text.len;
    return FRAME_TEXT;
}

enum frame_kind frame_next(struct frame_reader *reader, struct frame *ret)
{
    for (;;) {
        struct head head = {0};
        enum frame_kind kind = read_head(reader, &head);
        if (kind == FRAME_MORE) {
            return reader->in.failed ? FRAME_BAD : FRAME_MORE;
        }
        if (kind == FRAME_BAD || !allowed(reader, &head)) {
            return FRAME_BAD;
        }
        if (reader->in.len - reader->at < head.size + head.len) {
            return reader->in.failed ? FRAME_BAD : FRAME_MORE;
        }
        const char *payload = reader->in.at + reader->at + head.size;
        reader->at += head.size + head.len;
        *ret = (struct frame){.payload = payload, .len = head.len};
        switch (head.opcode) {
        case FRAME_OPCODE_PING:
            return FRAME_PING;
        case FRAME_OPCODE_CLOSE:
            return closed(payload, head.len, ret);
        case FRAME_OPCODE_PONG:
            continue; /* nobody asked */
        default:
            kind = part_of_text(reader, &head, payload, ret);
            if (kind != FRAME_MORE) {
                return kind;
            }
        }
    }
}

void frame_write(struct buf *out, int opcode, const char *payload, size_t len,
                 const unsigned char mask[4])
{
    assert(len <= UINT16_MAX);
    unsigned char head[4] = {(unsigned char)(FIN | opcode), (unsigned char)(MASKED | len)};
    size_t size = 2;
    if (len > CONTROL_LONGEST) {
        head[1] = MASKED | LENGTH_16;
        head[2] = (unsigned char)(len >> 8);
        head[3] = (unsigned char)len;
        size = 4;
    }
    (void)buf_put(out, head, size);
    (void)buf_put(out, mask, 4);
    for (size_t i = 0; i < len; i++) {
        char byte = (char)((unsigned char)payload[i] ^ mask[i % 4]);
        (void)buf_put(out, &byte, 1);
    }
}
