/* A chain of blocks; the newest serves allocations, reset keeps the first. */
#include "arena.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 16 * 1024, ALIGN = 16 };

struct block {
    struct block *older;
    size_t size, used;
    _Alignas(16) char bytes[];
};

struct arena {
    struct block *newest;
};

static struct block *block_new(size_t size, struct block *older)
{
    struct block *b = malloc(sizeof *b + size);

    if (!b) {
        abort();
    }
    b->older = older;
    b->size = size;
    b->used = 0;
    return b;
}

struct arena *arena_new(void)
{
    struct arena *arena = malloc(sizeof *arena);

    if (!arena) {
        abort();
    }
    arena->newest = block_new(BLOCK_SIZE, NULL);
    return arena;
}

void arena_reset(struct arena *arena)
{
    struct block *b = arena->newest;

    while (b->older || b->size != BLOCK_SIZE) {
        struct block *older = b->older;
        OPENSSL_cleanse(b->bytes, b->used);
        free(b);
        if (!older) {
            older = block_new(BLOCK_SIZE, NULL);
        }
        b = older;
    }
    OPENSSL_cleanse(b->bytes, b->used);
    b->used = 0;
    arena->newest = b;
}

void arena_free(struct arena *arena)
{
    if (!arena) {
        return;
    }
    arena_reset(arena);
    free(arena->newest);
    free(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct block *b = arena->newest;

    if (size > SIZE_MAX / 2) {
        abort();
    }
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (b->size - b->used < size) {
        b = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE, b);
        arena->newest = b;
    }
    void *at = b->bytes + b->used;
    b->used += size;
    memset(at, 0, size);
    return at;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_alloc(arena, len + 1);

    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        abort();
    }
    char *text = arena_alloc(arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}
