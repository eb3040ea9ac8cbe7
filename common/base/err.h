/*
 * An error is a value: what kind of failure, a code of the world it came from, and one clear line.
 *
 * The kind answers "what now?" and is decided where the fact is known; callers pass it on.
 * Nothing is allocated, nothing is owned. Secrets never go into the text.
 */
#pragma once

enum err_kind {
    ERR_NONE,      /* it worked                                                          */
    ERR_NOT_YET,   /* nothing is wrong; ask again later                                  */
    ERR_TRANSIENT, /* it broke and did nothing; it may well work if tried again          */
    ERR_UNKNOWN,   /* it broke and may have been done all the same: look before retrying */
    ERR_PERMANENT, /* it broke, and will break again: tell a person                      */
};

struct err {
    enum err_kind kind;
    int code;          /* HTTP status or library code where there is one, else 0           */
    int retry_after_s; /* what the other side asked for (Retry-After), else 0              */
    char sqlstate[6];  /* set by common/db, else ""                                        */
    char text[226];
};

#define OK ((struct err){.kind = ERR_NONE})
#define NOT_YET ((struct err){.kind = ERR_NOT_YET})

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define VPRINTF(format_at) __attribute__((format(printf, format_at, 0)))

struct err not_yet(const char *format, ...) PRINTF(1, 2) MUST_CHECK;
struct err transient(const char *format, ...) PRINTF(1, 2) MUST_CHECK;
struct err unknown(const char *format, ...) PRINTF(1, 2) MUST_CHECK;
struct err permanent(const char *format, ...) PRINTF(1, 2) MUST_CHECK;

/* The same error, its text preceded by "context: ". */
struct err err_in(struct err e, const char *context, ...) PRINTF(2, 3) MUST_CHECK;

/* "ok", "not yet", "transient", "unknown", "permanent". */
const char *err_kind_name(enum err_kind kind);

static inline int failed(struct err e)
{
    return e.kind != ERR_NONE;
}

/* Run it; if it did not work, stop here and say so. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        struct err err_ = (call);                                                                  \
        if (err_.kind != ERR_NONE) {                                                               \
            return err_;                                                                           \
        }                                                                                          \
    } while (0)
