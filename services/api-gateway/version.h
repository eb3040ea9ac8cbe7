/* Versions of OpenClaw: numbers with dots between them, perhaps with a suffix: "2026.9.6", "2026.9.6-beta.1". */
#pragma once

#include <stdbool.h>

/* Is `a` newer than `b`? A suffix comes before the version without it. What is no version is never newer. */
bool version_is_newer(const char *a, const char *b);

bool version_valid(const char *version);
