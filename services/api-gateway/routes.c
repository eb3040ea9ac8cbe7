/*
 * The table of routes and what happens to every request: match, origin, session, body, handler, answer.
 * The one place of the gateway that logs.
 */
#include "routes.h"

#include <stdio.h>
#include <string.h>

#include "accounts.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/scope.h"
#include "changes.h"
#include "decisions.h"
#include "deployments.h"
#include "logs.h"
#include "openings.h"
#include "pages.h"
#include "sessions.h"
#include "store.h"
#include "stream.h"
#include "timeline.h"

SCOPED_CLEANUP(struct arena *, arena_free);

/* One address, two forms. */
static struct err events(struct request *request, struct reply *reply)
{
    bool live = accepts(request_header(request, "Accept"), "text/event-stream");

    return live ? stream_serve(request, reply) : timeline_list(request, reply);
}

/* clang-format off */
static const struct route routes[] = {
    {"POST",   "/api/auth/sign-up",                    accounts_sign_up,    false, sign_up_fields, "make an account and sign in"},
    {"POST",   "/api/auth/sign-in",                    accounts_sign_in,    false, sign_in_fields, "sign in"},
    {"POST",   "/api/auth/sign-out",                   accounts_sign_out,   false, NULL,           "end this session"},
    {"GET",    "/api/auth/me",                         accounts_me,         true,  NULL,           "who is signed in"},
    {"POST",   "/api/openclaw/deploy",                 deployments_deploy,  true,  deploy_fields,  "order a new OpenClaw"},
    {"GET",    "/api/openclaw/deployments",            deployments_list,    true,  NULL,           "all of mine, newest first"},
    {"GET",    "/api/openclaw/deployments/:id",        deployments_get,     true,  NULL,           "one of mine"},
    {"DELETE", "/api/openclaw/deployments/:id",        decisions_destroy, true,  NULL,           "release everything of it"},
    {"POST",   "/api/openclaw/deployments/:id/open",   openings_open,     true,  NULL,           "a link into it that works once"},
    {"POST",   "/api/openclaw/deployments/:id/open/approve", openings_approve, true, NULL,       "let the browser in that went there by such a link"},
    {"POST",   "/api/openclaw/deployments/:id/restart", changes_restart,  true,  NULL,           "restart OpenClaw on its machine"},
    {"POST",   "/api/openclaw/deployments/:id/upgrade", changes_upgrade,  true,  NULL,           "bring OpenClaw to the newer version"},
    {"POST",   "/api/openclaw/deployments/:id/retry",  decisions_retry,   true,  NULL,           "go on where it failed"},
    {"POST",   "/api/openclaw/deployments/:id/reinstall", decisions_reinstall, true, NULL,       "wipe its machine and set it up again"},
    {"GET",    "/api/openclaw/deployments/:id/events", events,              true,  NULL,           "its timeline, as a list or live"},
    {"GET",    "/api/openclaw/deployments/:id/log",    logs_read,           true,  NULL,           "its setup log"},
    {"GET",    "/api/openapi.yaml",                    pages_openapi,       false, NULL,           "the description of this API"},
};
/* clang-format on */

enum { ROUTES = sizeof routes / sizeof routes[0] };

static const struct route page_route = {"GET", "/", pages_get, false, NULL, "the dashboard"};

void routes_print(FILE *out)
{
    for (int i = 0; i < ROUTES; i++) {
        (void)fprintf(out, "%s %s\n", routes[i].method, routes[i].path);
    }
}

/* Part by part; ":id" takes any part, and `ret_id` holds it when it is an id. */
static bool path_matches(const char *pattern, const char *path, char ret_id[ID_SIZE])
{
    ret_id[0] = '\0';
    for (;;) {
        size_t want = strcspn(pattern, "/"), have = strcspn(path, "/");
        if (want == 3 && strncmp(pattern, ":id", 3) == 0) {
            char part[ID_SIZE];
            (void)snprintf(part, sizeof part, "%.*s", (int)(have < ID_SIZE ? have : 0), path);
            (void)snprintf(ret_id, ID_SIZE, "%s", id_valid(part) ? part : "");
            if (have == 0) {
                return false;
            }
        } else if (want != have || strncmp(pattern, path, want) != 0) {
            return false;
        }
        pattern += want;
        path += have;
        if (!*pattern || !*path) {
            return !*pattern && !*path;
        }
        pattern++;
        path++;
    }
}

const struct route *routes_match(const char *method, const char *path, char ret_id[ID_SIZE],
                                 char *ret_allowed, size_t size)
{
    size_t len = 0;

    ret_allowed[0] = '\0';
    for (int i = 0; i < ROUTES; i++) {
        if (!path_matches(routes[i].path, path, ret_id)) {
            continue;
        }
        if (strcmp(routes[i].method, method) == 0) {
            return &routes[i];
        }
        int n = snprintf(ret_allowed + len, size - len, "%s%s", len ? ", " : "", routes[i].method);
        len += n > 0 && (size_t)n < size - len ? (size_t)n : 0;
    }
    if (!*ret_allowed && strncmp(path, "/api/", 5) != 0 && strcmp(path, "/api") != 0) {
        bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
        (void)snprintf(ret_allowed, size, "%s", reads ? "" : "GET, HEAD");
        return reads ? &page_route : NULL;
    }
    return NULL;
}

/* A page of another site must not act for the visitor. Programs send no Origin and need no protection. */
static void check_origin(const struct request *request, struct reply *reply)
{
    const char *origin = request_header(request, "Origin"),
               *site = request_header(request, "Sec-Fetch-Site");
    bool foreign = origin ? !origin_is_ours(origin, request_header(request, "Host"))
                          : site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;

    if (strcmp(request->info->request_method, "GET") != 0 && foreign) {
        (void)refuse(request, reply, 403, "This page may not do that: it is of another origin.");
    }
}

static struct err find_visitor(struct db *db, struct request *request, struct reply *reply)
{
    TRY(session_find(db, request, reply));
    if (!*request->visitor.user_id) {
        (void)refuse(request, reply, 401, "Please sign in.");
    }
    return OK;
}

/* What is checked before a handler runs; it made an answer when something was wrong. */
static struct err admit(const struct route *route, struct request *request, struct reply *reply)
{
    check_origin(request, reply);
    if (!reply_made(reply)) {
        body_admit(request, reply);
    }
    if (!reply_made(reply) && route->needs_session) {
        TRY(store_read(find_visitor, request, reply));
    }
    if (!reply_made(reply) && strstr(route->path, ":id") && !*request->id) {
        (void)refuse(request, reply, 404,
                     "There is no such deployment: that is not the id of one.");
    }
    if (!reply_made(reply) && strcmp(route->method, "GET") != 0) {
        body_read(request, reply, route->fields);
    }
    return OK;
}

static struct err serve(struct request *request, struct reply *reply)
{
    const struct mg_request_info *info = request->info;
    const char *path = info->local_uri ? info->local_uri : "";
    char allowed[40];
    const struct route *route =
        routes_match(info->request_method, path, request->id, allowed, sizeof allowed);

    if (!route && *allowed) {
        reply_header(request, reply, "Allow: %s", allowed);
        return refuse(request, reply, 405, "This address takes %s only.", allowed);
    }
    if (!route) {
        return refuse(request, reply, 404, "There is nothing at this address.");
    }
    TRY(admit(route, request, reply));
    return reply_made(reply) ? OK : route->handler(request, reply);
}

/* Something on our side broke: what the client may know, and the log line. */
static void apologize(const struct request *request, struct reply *reply, struct err e)
{
    log_write(LOG_WARN, "request failed",
              (const struct kv[]){KV("path", request->info->local_uri),
                                  KV("kind", err_kind_name(e.kind)),
                                  KV("why", (const char *)e.text)},
              3);
    reply->headers = NULL; /* no cookie of a session that was not stored */
    if (e.kind == ERR_UNKNOWN || e.kind == ERR_TRANSIENT) {
        reply_header(request, reply, "Retry-After: 2");
    }
    if (e.kind == ERR_UNKNOWN) {
        (void)refuse(request, reply, 503,
                     "The database was lost while it answered. It may have been done; look before "
                     "trying again.");
    } else if (e.kind == ERR_TRANSIENT) {
        (void)refuse(request, reply, 503,
                     "The database does not answer; nothing was done. Try again in a moment.");
    } else {
        (void)refuse(request, reply, 500, "Something is wrong on our side; nothing was done.");
    }
}

int routes_handle(struct mg_connection *connection, void *context)
{
    SCOPED(arena_free_p) struct arena *arena = arena_new();
    struct request request = {
        .connection = connection,
        .info = mg_get_request_info(connection),
        .arena = arena,
    };
    struct reply reply = {0};

    (void)context;
    struct err e = serve(&request, &reply);
    if (failed(e) && !reply.streamed) {
        apologize(&request, &reply, e);
    }
    if (!reply.streamed) {
        reply_send(&request, &reply);
    }
    json_decref(request.body);
    METRIC_ADD(http_requests, 1);
    METRIC_ADD(http_errors, reply.status >= 500);
    return reply.streamed ? 200 : reply.status;
}
