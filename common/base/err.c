/* Making errors: format once, keep what fits. */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

/* What others said may not be UTF-8, and a cut may have gone through a character: JSON would refuse it. */
static void clean(char *text)
{
    utf8_scrub(text, strlen(text));
}

VPRINTF(2) static struct err make(enum err_kind kind, const char *format, va_list args)
{
    struct err e = {.kind = kind};

    (void)vsnprintf(e.text, sizeof e.text, format, args);
    clean(e.text);
    return e;
}

#define MAKER(name, kind)                                                                          \
    struct err name(const char *format, ...)                                                       \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        struct err e = make(kind, format, args);                                                   \
        va_end(args);                                                                              \
        return e;                                                                                  \
    }

MAKER(not_yet, ERR_NOT_YET)
MAKER(transient, ERR_TRANSIENT)
MAKER(unknown, ERR_UNKNOWN)
MAKER(permanent, ERR_PERMANENT)

struct err err_in(struct err e, const char *context, ...)
{
    char head[sizeof e.text];
    char text[sizeof e.text];
    va_list args;

    if (e.kind == ERR_NONE) {
        return e;
    }
    va_start(args, context);
    (void)vsnprintf(head, sizeof head, context, args);
    va_end(args);
    if (e.text[0]) {
        (void)snprintf(text, sizeof text, "%.100s: %.120s", head, e.text);
    } else {
        (void)snprintf(text, sizeof text, "%.220s", head);
    }
    clean(text);
    memcpy(e.text, text, sizeof text);
    return e;
}

const char *err_kind_name(enum err_kind kind)
{
    static const char *const names[] = {"ok", "not yet", "transient", "unknown", "permanent"};

    return names[kind];
}
