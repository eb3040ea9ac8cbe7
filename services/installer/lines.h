/* Lines of the setup's log on their way to the user: cut, made valid, secrets out. Pure: no I/O. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum { SECRETS_MAX = 4, LINE_SHOWN_MAX = 480 };

/* What must never be shown. Texts shorter than 8 bytes are no secrets. */
struct secrets {
    const char *text[SECRETS_MAX];
    int n;
};

void secrets_add(struct secrets *secrets, const char *text); /* NULL is fine */

/*
 * Bytes of the first complete line, its '\n' included; 0 when there is none yet. With `last`, and when no
 * '\n' comes in 16 KiB, what is there counts as a line.
 */
size_t line_length(const char *bytes, size_t len, bool last);

/* The line as it may be shown: valid UTF-8, no control characters, no secret, at most LINE_SHOWN_MAX bytes. */
const char *line_shown(const char *bytes, size_t len, const struct secrets *secrets,
                       struct arena *arena);

/* "== step: sentence" -> both, in the arena. False for any other line. */
bool line_is_step(const char *line, struct arena *arena, const char **ret_step,
                  const char **ret_sentence);
