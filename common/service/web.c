/* The process's one web server: /healthz (alive), /readyz (its parts answer), /metrics. */
#include "service/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"

enum { METRICS_CEILING = 256 * 1024 };

static int answer(struct mg_connection *c, int status, const char *type, const char *body,
                  size_t len)
{
    (void)mg_printf(c,
                    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
                    "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
                    status, status == 200 ? "OK" : "Service Unavailable", type, len,
                    status == 200 ? "" : "Retry-After: 1\r\n");
    (void)mg_write(c, body, len);
    return status;
}

static int on_healthz(struct mg_connection *c, void *unused)
{
    (void)unused;
    return answer(c, 200, "text/plain", "ok\n", 3);
}

static int on_readyz(struct mg_connection *c, void *arg)
{
    struct web *web = arg;
    struct web_ready now = web->ready(web->context);
    char body[300];
    bool all = now.database && now.kafka && !now.stopping && !now.held;
    int len = snprintf(
        body, sizeof body, "{\"ready\":%s,\"database\":%s,\"kafka\":%s,\"stopping\":%s%s}\n",
        all ? "true" : "false", now.database ? "true" : "false", now.kafka ? "true" : "false",
        now.stopping ? "true" : "false",
        now.older ? ",\"why\":\"the database is older than the topics; stop the services "
                    "and run clawctl replay --from-log\""
                  : "");

    return answer(c, all ? 200 : 503, "application/json", body, (size_t)len);
}

static int on_metrics(struct mg_connection *c, void *arg)
{
    struct web *web = arg;
    struct buf out;

    buf_init(&out, METRICS_CEILING);
    metrics_write(&out, web->service);
    int status = answer(c, 200, "text/plain; version=0.0.4", out.at, out.len);
    buf_release(&out);
    return status;
}

/* Until the service has routes of its own, which take this one's place: it is not that there is nothing here. */
static int on_anything(struct mg_connection *c, void *arg)
{
    static const char body[] = "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
                               "\"status\":503,\"detail\":\"This service is still starting; "
                               "nothing was done. Try again in a moment.\"}";
    struct web *web = arg;
    struct web_ready now = web->ready(web->context);

    return now.database ? 0 : answer(c, 503, "application/problem+json", body, sizeof body - 1);
}

struct err web_start(struct web *web, const char *listen, int threads)
{
    char count[16];
    (void)snprintf(count, sizeof count, "%d", threads);
    const char *options[] = {"listening_ports",
                             listen,
                             "num_threads",
                             count,
                             "request_timeout_ms",
                             "3000",
                             "enable_keep_alive",
                             "yes",
                             "keep_alive_timeout_ms",
                             "500",
                             "tcp_nodelay",
                             "1",
                             "enable_directory_listing",
                             "no",
                             "access_control_allow_origin",
                             "",
                             "access_control_allow_methods",
                             "",
                             "access_control_allow_headers",
                             "",
                             "error_log_file",
                             "/dev/null",
                             "decode_url",
                             "no",
                             NULL};
    struct mg_callbacks callbacks = {0};

    web->server = mg_start(&callbacks, NULL, options);
    if (!web->server) {
        return permanent("HTTP_LISTEN: cannot listen on '%s' (already in use?)", listen);
    }
    mg_set_request_handler(web->server, "/healthz$", on_healthz, web);
    mg_set_request_handler(web->server, "/readyz$", on_readyz, web);
    mg_set_request_handler(web->server, "/metrics$", on_metrics, web);
    mg_set_request_handler(web->server, "**", on_anything, web); /* last: it takes all the rest */
    return OK;
}

void web_stop(struct web *web)
{
    if (web->server) {
        mg_stop(web->server);
        web->server = NULL;
    }
}
