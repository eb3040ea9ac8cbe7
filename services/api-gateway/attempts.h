/*
 * Counts attempts by key within a window of time, in a table of fixed size: the oldest entry of a full
 * row makes room. Each copy of the gateway counts for itself.
 */
#pragma once

#include <stdint.h>

enum { ATTEMPTS_WINDOW_S = 300 };

/* Counts one attempt. 0: go on; else seconds until the window ends, and nothing was counted. */
int attempts_take(const char *key, int limit, int64_t now_ms);

/* The attempts so far were all right: forget them. */
void attempts_forget(const char *key);

/* One attempt was all right. */
void attempts_give_back(const char *key);
