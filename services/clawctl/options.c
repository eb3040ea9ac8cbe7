/* Reading options: a table says what there is, and whatever is wrong is told in one line. */
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum { SECOND_US = 1000000, NAME_MAX_BYTES = 40 };

struct err usage_error(const char *format, ...)
{
    struct err e = {.kind = ERR_PERMANENT, .code = USAGE};
    va_list args;

    va_start(args, format);
    (void)vsnprintf(e.text, sizeof e.text, format, args);
    va_end(args);
    return e;
}

struct err count_read(const char *text, int64_t most, int64_t *ret)
{
    char *end = NULL;

    if (*text < '0' || *text > '9' || strlen(text) > 18) {
        return usage_error("'%.60s' is not a number", text);
    }
    *ret = strtoll(text, &end, 10);
    if (*end != '\0' || *ret < 1 || *ret > most) {
        return usage_error("'%.60s' is not a number from 1 to %lld", text, (long long)most);
    }
    return OK;
}

/* "90s", "30m", "2h", "7d"; false when it is something else. */
static bool read_ago(const char *text, int64_t *ret_us)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {
        {'s', 1    },
        {'m', 60   },
        {'h', 3600 },
        {'d', 86400},
    };
    size_t digits = strspn(text, "0123456789");

    if (digits < 1 || digits > 7 || text[digits] == '\0' || text[digits + 1] != '\0') {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].unit == text[digits]) {
            *ret_us = strtoll(text, NULL, 10) * units[i].seconds * SECOND_US;
            return true;
        }
    }
    return false;
}

/* True when `text` looks like `pattern`, whose zeros stand for digits. */
static bool looks_like(const char *text, const char *pattern)
{
    size_t len = strlen(pattern);

    if (strlen(text) != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (pattern[i] == '0' ? !digit : text[i] != pattern[i]) {
            return false;
        }
    }
    return true;
}

static bool read_date(const char *text, int64_t *ret_us)
{
    static const char *const patterns[] = {"0000-00-00", "0000-00-00T00:00", "0000-00-00T00:00Z",
                                           "0000-00-00T00:00:00", "0000-00-00T00:00:00Z"};
    const char *full = "0000-01-01T00:00:00";
    char stamp[20];
    bool known = false;

    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        known = known || looks_like(text, patterns[i]);
    }
    if (!known) {
        return false;
    }
    (void)snprintf(stamp, sizeof stamp, "%s", full);
    memcpy(stamp, text, strcspn(text, "Z") < strlen(full) ? strcspn(text, "Z") : strlen(full));
    struct tm tm = {
        .tm_year = (int)strtol(stamp, NULL, 10) - 1900,
        .tm_mon = (int)strtol(stamp + 5, NULL, 10) - 1,
        .tm_mday = (int)strtol(stamp + 8, NULL, 10),
        .tm_hour = (int)strtol(stamp + 11, NULL, 10),
        .tm_min = (int)strtol(stamp + 14, NULL, 10),
        .tm_sec = (int)strtol(stamp + 17, NULL, 10),
    };
    struct tm same = tm;
    time_t at = timegm(&same);
    *ret_us = (int64_t)at * SECOND_US;
    /* timegm makes 2 March of 30 February: such a day is no day. */
    return at > 0 && same.tm_mon == tm.tm_mon && same.tm_mday == tm.tm_mday &&
           same.tm_hour == tm.tm_hour && same.tm_min == tm.tm_min && same.tm_sec == tm.tm_sec;
}

struct err time_read(const char *text, int64_t now_us, int64_t *ret_us)
{
    int64_t ago_us = 0;

    if (read_ago(text, &ago_us)) {
        *ret_us = ago_us < now_us ? now_us - ago_us : 0;
        return OK;
    }
    if (read_date(text, ret_us)) {
        return OK;
    }
    return usage_error("'%.60s' is no time; write 2h (30m, 7d) or 2026-05-18T14:02 (UTC)", text);
}

static struct err read_value(const struct option_rule *rule, const char *value)
{
    int64_t number = 0;

    switch (rule->kind) {
    case OPTION_FLAG:
        *(bool *)rule->into = true;
        return OK;
    case OPTION_TEXT:
        if (*value == '\0') {
            return usage_error("%s is empty", rule->name);
        }
        *(const char **)rule->into = value;
        return OK;
    case OPTION_COUNT:
        TRY(count_read(value, 1000000, &number));
        *(int *)rule->into = (int)number;
        return OK;
    case OPTION_TIME:
        TRY(time_read(value, clock_unix_us(), &number));
        clock_format(number, ((struct option_time *)rule->into)->at);
        ((struct option_time *)rule->into)->given = true;
        return OK;
    }
    return OK;
}

static const struct option_rule *rule_of(const char *argument, const struct option_rule *rules,
                                         int n)
{
    size_t len = strcspn(argument, "=");

    for (int i = 0; i < n; i++) {
        if (strlen(rules[i].name) == len && strncmp(rules[i].name, argument, len) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}

/* One option, which may take the next argument as its value; `*at` stands on its last argument afterwards. */
static struct err read_option(int argc, char **argv, int *at, const struct option_rule *rule)
{
    const char *equals = strchr(argv[*at], '=');
    const char *value = equals ? equals + 1 : NULL;

    if (rule->kind == OPTION_FLAG) {
        return value ? usage_error("%s takes no value", rule->name) : read_value(rule, "");
    }
    if (!value && *at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0) {
        value = argv[++*at];
    }
    return value ? read_value(rule, value) : usage_error("%s needs a value", rule->name);
}

struct err options_read(int argc, char **argv, const struct option_rule *rules, int n,
                        const char **words, int most, int *ret_words)
{
    bool seen[32] = {false};

    *ret_words = 0;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0) {
            if (*ret_words == most) {
                return usage_error("'%.60s' is one word too many", argv[i]);
            }
            words[(*ret_words)++] = argv[i];
            continue;
        }
        const struct option_rule *rule = rule_of(argv[i], rules, n);
        if (!rule || rule - rules >= (int)(sizeof seen / sizeof seen[0])) {
            return usage_error("unknown option '%.*s'", NAME_MAX_BYTES, argv[i]);
        }
        if (seen[rule - rules]) {
            return usage_error("%s is there twice", rule->name);
        }
        seen[rule - rules] = true;
        TRY(read_option(argc, argv, &i, rule));
    }
    return OK;
}
