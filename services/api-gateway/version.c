/* Comparing versions number by number. */
#include "version.h"

#include <stddef.h>
#include <string.h>

enum { LENGTH_MAX = 60 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The length of "1.22.333" at the start; 0 when there is none. */
static size_t numbers_length(const char *at)
{
    size_t len = 0;

    for (;;) {
        size_t digits = strspn(at + len, "0123456789");
        if (digits == 0) {
            return 0;
        }
        len += digits;
        if (at[len] != '.') {
            return len;
        }
        len++;
    }
}

bool version_valid(const char *version)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.";
    size_t len = numbers_length(version);

    if (len == 0 || strlen(version) > LENGTH_MAX || !memchr(version, '.', len)) {
        return false;
    }
    const char *suffix = version + len;
    return !*suffix || (*suffix == '-' && suffix[1] && !suffix[1 + strspn(suffix + 1, letters)]);
}

/* As strcmp, of the numbers at the start; both move behind it. */
static int compare_number(const char **a, const char **b)
{
    const char *x = *a + strspn(*a, "0"), *y = *b + strspn(*b, "0");
    size_t x_len = strspn(x, "0123456789"), y_len = strspn(y, "0123456789");

    *a = x + x_len;
    *b = y + y_len;
    if (x_len != y_len) {
        return x_len < y_len ? -1 : 1;
    }
    return strncmp(x, y, x_len);
}

static void skip_dot(const char **at)
{
    *at += **at == '.';
}

bool version_is_newer(const char *a, const char *b)
{
    if (!version_valid(a) || !version_valid(b)) {
        return false;
    }
    while (is_digit(*a) || is_digit(*b)) { /* a number that is missing counts as 0 */
        int order = compare_number(&a, &b);
        if (order != 0) {
            return order > 0;
        }
        skip_dot(&a);
        skip_dot(&b);
    }
    if (!*a || !*b) {
        return !*a && *b;
    }
    return strcmp(a, b) > 0;
}
