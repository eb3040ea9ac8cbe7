/* UTF-8, for text that comes from outside: PostgreSQL and JSON take nothing else. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the well-formed character at `at` (1 to 4), 0 when there is none (NUL counts as none). */
size_t utf8_length(const char *at, size_t left);

bool utf8_valid(const char *text, size_t len);

/* Make `text` valid in place: each bad byte and each control character but \n and \t becomes '?'. */
void utf8_scrub(char *text, size_t len);
