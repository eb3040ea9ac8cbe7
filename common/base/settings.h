/*
 * Settings: the environment, read once at start into a struct, by a declared table.
 *
 * The table is also what `--help` prints and what a person sees when one is missing or bad: one
 * line that names the setting and the reason. NAME_FILE reads the value from a (mounted) file.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "err.h"

enum setting_kind {
    SETTING_TEXT,
    SETTING_SECRET,  /* like TEXT, shown as *** */
    SETTING_INT,     /* int, at least 0         */
    SETTING_SECONDS, /* double, at least 0      */
    SETTING_DOLLARS, /* double, at least 0      */
};

struct setting {
    const char *name;
    enum setting_kind kind;
    void *into;            /* const char ** | int * | double *, by kind        */
    const char *otherwise; /* default; NULL: must be set; "" = may stay empty  */
    const char *why;       /* one sentence for a person                        */
};

/* Reads every row; values live until the process ends. Stops at the first that is missing or bad. */
struct err settings_load(const struct setting *table, int n) MUST_CHECK;

enum { SETTING_SIZE = 16 * 1024 };

/* What the file of `name`_FILE holds, without the ends of line after it. It must fit. */
struct err setting_read_file(const char *name, const char *path, char *ret, size_t size) MUST_CHECK;

void settings_help(FILE *out, const struct setting *table, int n);

/* Value as it may be shown to people: secrets as ***. `ret` at least 128 bytes. */
void settings_show(const struct setting *row, char *ret, size_t size);
