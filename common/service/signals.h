/* The signals that end a process, and the one deadline everything has from then on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * SIGTERM and SIGINT become something to wait for; SIGPIPE is nothing. Before any other thread is started.
 * What has not ended `within_ms` after the signal ends with the process: _exit(0) and one log line.
 */
struct err signals_watch(int within_ms) MUST_CHECK;

/* Waits that long; true as soon as the process was told to stop. */
bool told_to_stop(int within_ms);

/* How much time is left for an orderly end, at least 0. */
int stop_left_ms(void);
