/* Two GETs. The first that does not satisfy decides. */
#include "probe.h"

enum { DEADLINE_MS = 8000, CONNECT_MS = 3000, BODY_LIMIT = 1024 * 1024 };

static struct probe get(struct http *http, const char *url, const char *what, const char *ca_file,
                        struct arena *arena)
{
    struct http_response response;
    struct http_request request = {.method = "GET",
                                   .url = url,
                                   .once = true, /* for the fresh connection */
                                   .deadline_ms = DEADLINE_MS,
                                   .connect_ms = CONNECT_MS,
                                   .body_limit = BODY_LIMIT,
                                   .ca_file = ca_file};
    struct err e = http_call(http, &request, arena, &response);

    return verdict_of(e, &response, what, arena);
}

struct probe probe_look(struct http *http, const char *url, const char *ca_file,
                        struct arena *arena)
{
    struct probe probe = get(http, url, "its page", ca_file, arena);

    if (probe.verdict == VERDICT_HEALTHY) {
        probe = get(http, arena_printf(arena, "%sreadyz", url), "its readiness", ca_file, arena);
    }
    return probe;
}
