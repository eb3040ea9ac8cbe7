/*
 * JSON lines on stderr: {"ts":…,"level":…,"service":…,"deployment_id":…,"msg":…, pairs…}.
 *
 * Messages are constants, data are pairs. Only the runner and `main` log. Levels: error = a person
 * must look; warn = we coped; info = a deployment moved; debug = off unless LOG_LEVEL=debug.
 * Secrets are never logged.
 */
#pragma once

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct kv {
    const char *key;
    const char *text; /* NULL: `number` counts */
    int64_t number;
};

#define KV(key, value)                                                                             \
    _Generic((value), char *: kv_text, const char *: kv_text, default: kv_number)( \
        key, _Generic((value), char *: (value), const char *: (value), default: (value)))

static inline struct kv kv_text(const char *key, const char *text)
{
    return (struct kv){.key = key, .text = text ? text : ""};
}

static inline struct kv kv_number(const char *key, int64_t number)
{
    return (struct kv){.key = key, .number = number};
}

void log_setup(const char *service, enum log_level level);

/* What this thread works on from now on; NULL ends it. The text is copied. */
void log_deployment(const char *deployment_id);

void log_write(enum log_level level, const char *message, const struct kv *pairs, int n);

#define LOG_(level, message, ...)                                                                  \
    log_write(level, message, (const struct kv[]){{0}, ##__VA_ARGS__} + 1,                         \
              (int)(sizeof((const struct kv[]){{0}, ##__VA_ARGS__}) / sizeof(struct kv)) - 1)

#define log_debug(message, ...) LOG_(LOG_DEBUG, message, ##__VA_ARGS__)
#define log_info(message, ...) LOG_(LOG_INFO, message, ##__VA_ARGS__)
#define log_warn(message, ...) LOG_(LOG_WARN, message, ##__VA_ARGS__)
#define log_error(message, ...) LOG_(LOG_ERROR, message, ##__VA_ARGS__)
