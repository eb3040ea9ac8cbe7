/* Clocks on clock_gettime. */
#include "clock.h"

#include <stdio.h>
#include <time.h>

int64_t clock_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_unix_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void clock_format(int64_t unix_us, char *ret)
{
    time_t s = (time_t)(unix_us / 1000000);
    struct tm tm;
    char day[24];

    (void)gmtime_r(&s, &tm);
    (void)strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(ret, 28, "%.19s.%06uZ", day, (unsigned)(unix_us % 1000000) % 1000000U);
}
