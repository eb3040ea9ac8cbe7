/* Reading settings from the environment or from the file that NAME_FILE names. */
#include "settings.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

/* What was read from files; settings live as long as the process. */
static struct arena *values;

struct err setting_read_file(const char *name, const char *path, char *ret, size_t size)
{
    FILE *f = fopen(path, "re");

    if (!f) {
        return permanent("%s_FILE: cannot read '%s': %s", name, path, strerror(errno));
    }
    size_t len = fread(ret, 1, size, f);
    int broken = ferror(f);
    (void)fclose(f);
    if (broken || len == size) {
        return permanent("%s_FILE: %s '%s'", name, broken ? "cannot read" : "there is too much in",
                         path);
    }
    while (len > 0 && (ret[len - 1] == '\n' || ret[len - 1] == '\r')) {
        len--;
    }
    ret[len] = '\0';
    return OK;
}

static struct err read_file(const struct setting *row, const char *path, const char **ret)
{
    if (!values) {
        values = arena_new();
    }
    char *text = arena_alloc(values, SETTING_SIZE);
    TRY(setting_read_file(row->name, path, text, SETTING_SIZE));
    *ret = text;
    return OK;
}

static struct err find(const struct setting *row, const char **ret)
{
    char file_name[128];

    (void)snprintf(file_name, sizeof file_name, "%s_FILE", row->name);
    const char *path = getenv(file_name);
    if (path && path[0]) {
        return read_file(row, path, ret);
    }
    const char *value = getenv(row->name);
    *ret = value && value[0] ? value : row->otherwise;
    if (!*ret) {
        return permanent("%s is not set: %s", row->name, row->why);
    }
    return OK;
}

static struct err number(const struct setting *row, const char *value, double *ret)
{
    char *end;

    errno = 0;
    *ret = strtod(value, &end);
    if (errno || end == value || *end || !isfinite(*ret) || *ret < 0 || *ret > 1e9) {
        return permanent("%s must be a number from 0 to 1e9, not '%.60s'", row->name, value);
    }
    return OK;
}

static struct err load(const struct setting *row)
{
    const char *value = "";
    double n = 0;

    TRY(find(row, &value));
    switch (row->kind) {
    case SETTING_TEXT:
    case SETTING_SECRET:
        *(const char **)row->into = value;
        return OK;
    case SETTING_INT:
        TRY(number(row, value, &n));
        if (n != floor(n)) {
            return permanent("%s must be a whole number, not '%.60s'", row->name, value);
        }
        *(int *)row->into = (int)n;
        return OK;
    case SETTING_SECONDS:
    case SETTING_DOLLARS:
        TRY(number(row, value, &n));
        *(double *)row->into = n;
        return OK;
    }
    abort();
}

struct err settings_load(const struct setting *table, int n)
{
    for (int i = 0; i < n; i++) {
        TRY(load(&table[i]));
    }
    return OK;
}

void settings_help(FILE *out, const struct setting *table, int n)
{
    for (int i = 0; i < n; i++) {
        const char *otherwise = table[i].otherwise;
        (void)fprintf(out, "  %-28s %s%s%s%s\n", table[i].name, table[i].why,
                      otherwise && otherwise[0] ? " [" : "", otherwise ? otherwise : " (required)",
                      otherwise && otherwise[0] ? "]" : "");
    }
}

void settings_show(const struct setting *row, char *ret, size_t size)
{
    const char *text = NULL;

    switch (row->kind) {
    case SETTING_SECRET:
        text = *(const char **)row->into;
        (void)snprintf(ret, size, "%s", text && text[0] ? "***" : "");
        return;
    case SETTING_TEXT:
        text = *(const char **)row->into;
        (void)snprintf(ret, size, "%s", text ? text : "");
        return;
    case SETTING_INT:
        (void)snprintf(ret, size, "%d", *(int *)row->into);
        return;
    case SETTING_SECONDS:
    case SETTING_DOLLARS:
        (void)snprintf(ret, size, "%g", *(double *)row->into);
        return;
    }
}
