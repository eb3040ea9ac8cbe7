/* The two clocks: one for deadlines (never jumps), one for people (UTC). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

int64_t clock_ms(void);      /* monotonic milliseconds, for deadlines and durations */
int64_t clock_unix_us(void); /* microseconds since 1970, for stamps                 */

/* "2026-05-18T14:02:11.123456Z" into `ret`, at least 28 bytes. */
void clock_format(int64_t unix_us, char *ret);

/* "2026-05-18T14:02:11+00:00", with any offset, "Z" or a fraction: seconds since 1970. False: no date (or NULL). */
bool clock_parse(const char *text, int64_t *ret_unix);
