/* One line is one write(2), so lines of several threads never mix. */
#include "log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"

enum { LINE_CEILING = 4096 };

static const char *service_name = "";
static enum log_level lowest = LOG_INFO;
static _Thread_local char deployment[40];

void log_setup(const char *service, enum log_level level)
{
    service_name = service;
    lowest = level;
}

void log_deployment(const char *deployment_id)
{
    (void)snprintf(deployment, sizeof deployment, "%s", deployment_id ? deployment_id : "");
}

void log_write(enum log_level level, const char *message, const struct kv *pairs, int n)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char now[28];
    struct buf line;

    if (level < lowest) {
        return;
    }
    clock_format(clock_unix_us(), now);
    buf_init(&line, LINE_CEILING);
    (void)buf_printf(&line, "{\"ts\":\"%s\",\"level\":\"%s\",\"service\":\"%s\"", now, names[level],
                     service_name);
    if (deployment[0]) {
        (void)buf_printf(&line, ",\"deployment_id\":\"%s\"", deployment);
    }
    (void)buf_puts(&line, ",\"msg\":");
    (void)buf_put_json(&line, message);
    for (int i = 0; i < n; i++) {
        (void)buf_printf(&line, ",\"%s\":", pairs[i].key);
        if (pairs[i].text) {
            char text[600];
            (void)snprintf(text, sizeof text, "%s", pairs[i].text);
            (void)buf_put_json(&line, text);
        } else {
            (void)buf_printf(&line, "%lld", (long long)pairs[i].number);
        }
    }
    (void)buf_puts(&line, "}\n");
    if (line.failed) { /* still one line of JSON, if an unlucky one */
        buf_clear(&line);
        (void)buf_printf(
            &line, "{\"ts\":\"%s\",\"level\":\"error\",\"msg\":\"log line too long\"}\n", now);
    }
    (void)!write(STDERR_FILENO, line.at, line.len);
    buf_release(&line);
}
