/*
 * Memory that lives exactly as long as one piece of work.
 *
 * One arena per worker thread (or per request), reset after each job. Nothing taken from it is
 * ever freed by itself. Running out of memory ends the process: leases make a crash ordinary.
 */
#pragma once

#include <stddef.h>

#include "err.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is fine */

/* Forget everything in it; keeps one block for next time. Memory is wiped: secrets pass through here. */
void arena_reset(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned for any type; never NULL */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF(2, 3);
