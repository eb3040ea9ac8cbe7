/* The service people and browsers talk to: accounts, deployments, live timelines, the dashboard. */
#include <string.h>

#include "base/log.h"
#include "bus/listener.h"
#include "deadline.h"
#include "openings.h"
#include "pages.h"
#include "routes.h"
#include "service/service.h"
#include "settings.h"
#include "store.h"
#include "streams.h"
#include "waiting.h"

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
    TRY(waiting_open(context, WEB_THREADS / 4)); /* the other quarter is never busy for long */
    TRY(listener_start(context->kafka, hears, NULL, &listener));
    TRY(deadline_start(context));
    struct err old = openings_forget();
    if (failed(old)) { /* they expire by themselves */
        log_warn("the openings of this process's earlier life are left",
                 KV("why", (const char *)old.text));
    }
    mg_set_request_handler(context->web, "**", routes_handle, NULL);
    return OK;
}

/* Streams would go on for as long as people look, deadlines for ever; openings wait for long; all other requests end by themselves. */
static bool stop(struct service_context *context)
{
    (void)context;
    streams_close();
    waiting_close();
    deadline_stop();
    return true;
}

/* No request is under way any more, so nobody holds any of these. */
static void release(void)
{
    listener_stop(listener);
    waiting_release();
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
