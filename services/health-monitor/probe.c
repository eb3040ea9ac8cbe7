/* Two GETs and a WebSocket over two connections. The first that does not satisfy decides. */
#include "probe.h"

#include <string.h>

#include "greeting.h"
#include "http/websocket.h"

enum { DEADLINE_MS = 8000, CONNECT_MS = 3000, BODY_LIMIT = 1024 * 1024 };

static struct probe get(struct http *http, const struct look *look, const char *url,
                        enum http_connection connection, const char *what, struct arena *arena,
                        struct http_response *ret)
{
    static const char *const wants[] = {HEADER_CSP, HEADER_XFO, NULL};
    struct http_request request = {.method = "GET",
                                   .url = url,
                                   .connection = connection,
                                   .wants = wants,
                                   .deadline_ms = DEADLINE_MS,
                                   .connect_ms = CONNECT_MS,
                                   .body_limit = BODY_LIMIT,
                                   .ca_file = look->ca_file};
    struct err e = http_call(http, &request, arena, ret);

    return verdict_of(e, ret, what, arena);
}

static struct probe talk(const struct look *look, const char *origin, struct arena *arena)
{
    struct websocket_answer answer;
    struct err e = http_websocket_probe(&(struct websocket_request){.url = look->url,
                                                                    .origin = origin,
                                                                    .say = greeting_connect,
                                                                    .deadline_ms = DEADLINE_MS,
                                                                    .connect_ms = CONNECT_MS,
                                                                    .ca_file = look->ca_file},
                                        arena, &answer);

    return failed(e) ? verdict_of_failure(e, answer.curl_code, answer.verify_result, arena)
                     : verdict_of_greeting(&answer, arena);
}

/* The whole page in a look: its headers, once it is known that OpenClaw itself gave them. */
static struct probe framed(const struct look *look, const char *origin,
                           const struct http_response *page, struct arena *arena)
{
    struct origin self;
    const struct origin *refused;

    if (!origin_read(origin, strlen(origin), &self)) {
        return (struct probe){VERDICT_OURS, "The health check does not know the page's origin"};
    }
    enum framing framing = framing_of(page, &self, look->dashboards, &refused);
    return verdict_of_framing(framing, refused, arena);
}

struct probe probe_look(struct http *http, const struct look *look, struct arena *arena)
{
    struct http_response page, readiness;
    const char *origin = arena_strndup(arena, look->url, strlen(look->url) - 1);
    const char *readyz = arena_printf(arena, "%sreadyz", look->url);

    struct probe probe = get(http, look, look->url, HTTP_FRESH, "its page", arena, &page);
    if (probe.verdict == VERDICT_HEALTHY) {
        probe = get(http, look, readyz, HTTP_LAST, "its readiness", arena, &readiness);
    }
    if (probe.verdict == VERDICT_HEALTHY) {
        probe = framed(look, origin, &page, arena);
    }
    if (probe.verdict == VERDICT_HEALTHY) {
        probe = talk(look, origin, arena);
    }
    return probe;
}
