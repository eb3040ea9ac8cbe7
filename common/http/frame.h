/*
 * WebSocket frames (RFC 6455, section 5): reads what a server sends, writes what a client sends. Pure, no I/O.
 *
 * What a server sends is hostile until it is read: lengths it announces reserve nothing, and all its bytes together
 * stay below the reader's limit.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum frame_kind {
    FRAME_MORE,  /* no whole message yet */
    FRAME_TEXT,  /* a whole text message, put together from its fragments */
    FRAME_PING,  /* wants the same payload back */
    FRAME_CLOSE, /* the end, with close_code (1005: none was given) */
    FRAME_BAD,   /* against the protocol, binary, no UTF-8, or more than the limit: hang up */
};

struct frame {
    const char *payload; /* '\0'-terminated after a text; good until the next call */
    size_t len;
    int close_code;
};

struct frame_reader {
    struct buf in, text;
    size_t at; /* up to here the bytes of `in` are read */
    bool in_message;
};

void frame_reader_init(struct frame_reader *reader, size_t limit);
void frame_reader_release(struct frame_reader *reader);

/* Bytes that came in. Past the limit frame_next() says FRAME_BAD once what fitted is read. */
void frame_feed(struct frame_reader *reader, const char *bytes, size_t len);
enum frame_kind frame_next(struct frame_reader *reader, struct frame *ret);

enum {
    FRAME_OPCODE_TEXT = 1,
    FRAME_OPCODE_CLOSE = 8,
    FRAME_OPCODE_PING = 9,
    FRAME_OPCODE_PONG = 10
};

/* Appends one whole frame of at most 65,535 bytes, masked as a client must. */
void frame_write(struct buf *out, int opcode, const char *payload, size_t len,
                 const unsigned char mask[4]);
