/* Clocks on clock_gettime. */
#include "clock.h"

#include <stdio.h>
#include <string.h>
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

bool clock_parse(const char *text, int64_t *ret_unix)
{
    struct tm tm = {0};
    int hours = 0, minutes = 0, used = 0;
    char sign = '+';

    if (!text || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                        &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) != 6) {
        return false;
    }
    text += used;
    if (*text == '.') {
        text += 1 + strspn(text + 1, "0123456789");
    }
    if (strcmp(text, "Z") != 0 && sscanf(text, "%c%2d:%2d", &sign, &hours, &minutes) != 3) {
        return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *ret_unix = (int64_t)timegm(&tm) + (sign == '-' ? 1 : -1) * (hours * 3600 + minutes * 60);
    return true;
}
