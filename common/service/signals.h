/* SIGTERM and SIGINT are not handled but waited for: the main thread asks whether it was told to stop. */
#pragma once

#include <stdbool.h>

void signals_block(void); /* before any thread is made; also ignores SIGPIPE */

/* True when a signal to end came within that time. */
bool told_to_stop(int within_ms);
