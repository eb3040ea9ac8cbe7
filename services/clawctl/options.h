/* What follows a subcommand: options ("--rate 10", "--rate=10"), in any order, and words. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { USAGE = 2 }; /* the exit code, and the error's code, of wrong use */

/* ERR_PERMANENT with code USAGE: main prints the line and exits 2. */
struct err usage_error(const char *format, ...) PRINTF(1, 2) MUST_CHECK;

enum option_kind {
    OPTION_FLAG,  /* bool                                              */
    OPTION_TEXT,  /* const char *, borrowed from argv                  */
    OPTION_COUNT, /* int, at least 1                                   */
    OPTION_TIME,  /* struct option_time: a time, or how long it is ago */
};

struct option_time {
    bool given;
    char at[32]; /* RFC 3339, UTC: "2026-05-18T14:02:11.123456Z" */
};

struct option_rule {
    const char *name; /* with its dashes */
    enum option_kind kind;
    void *into;
};

/* At most `most` words go into `words`. Each option may come once. */
struct err options_read(int argc, char **argv, const struct option_rule *rules, int n,
                        const char **words, int most, int *ret_words) MUST_CHECK;

/* "2h" (s, m, h, d: so long before `now_us`), "2026-05-18", "2026-05-18T14:02", "2026-05-18T14:02:11Z"; UTC. */
struct err time_read(const char *text, int64_t now_us, int64_t *ret_us) MUST_CHECK;

/* A whole number from 1 on. */
struct err count_read(const char *text, int64_t most, int64_t *ret) MUST_CHECK;
