/* Web origins: scheme, host and port of a page. Pure; what is read stays where the text is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { ORIGINS_MAX = 16 };

struct origin {
    bool https; /* else http */
    int port;
    const char *host;
    size_t host_len;
    const char *text; /* as it was written */
    size_t text_len;
};

struct origins {
    struct origin list[ORIGINS_MAX];
    int n;
};

/* "http[s]://host[:port]" and nothing else. */
bool origin_read(const char *text, size_t len, struct origin *ret);

/* One or several, separated by blanks; ERR_PERMANENT names the one that is none. */
struct err origins_read(const char *text, struct origins *ret) MUST_CHECK;

bool origin_same(const struct origin *a, const struct origin *b);
