/* The service people and browsers talk to: accounts, deployments, live timelines, the dashboard. */
#include <string.h>

#include "base/log.h"
#include "bus/listener.h"
#include "deadline.h"
#include "pages.h"
#include "routes.h"
#include "service/service.h"
#include "settings.h"
#include "store.h"
#include "streams.h"

enum { WEB_THREADS = 64 };

static struct bus_listener *listener;

static void hears(void *context, const char *deployment_id)
{
    (void)context;
    streams_wake(deployment_id);
}

static struct err start(struct service_context *context)
{
    struct err pages = pages_load(conf.pages_dir);

    if (failed(pages)) {
        log_warn("serving the API without the dashboard", KV("why", (const char *)pages.text));
    }
    pages_load_openapi(conf.openapi_file);
    store_open(context);
    streams_open(WEB_THREADS / 2);
    TRY(listener_start(context->kafka, hears, NULL, &listener));
    TRY(deadline_start(context));
    mg_set_request_handler(context->web, "**", routes_handle, NULL);
    return OK;
}

/* The streams would go on for as long as people look, the deadlines for ever; all other requests end by themselves. */
static void stop(struct service_context *context)
{
    (void)context;
    streams_close();
    deadline_stop();
}

/* No request is under way any more, so nobody holds any of these. */
static void release(void)
{
    listener_stop(listener);
    store_close();
    pages_release();
}

int main(int argc, char **argv)
{
    struct service service = {
        .name = "api-gateway",
        .why = "what people and browsers talk to",
        .db_schema = "gateway",
        .settings = gateway_settings,
        .n_settings = gateway_settings_n,
        .web_threads = WEB_THREADS,
        .prepare = settings_check,
        .start = start,
        .stop = stop,
    };

    if (argc == 2 && strcmp(argv[1], "--routes") == 0) {
        routes_print(stdout);
        return 0;
    }
    int code = service_run(&service, argc, argv);
    release();
    return code;
}
