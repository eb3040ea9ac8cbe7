/* The one place where this service reaches the outside world; tests link their own instead. */
#include "openrouter.h"

struct err openrouter_http(struct http *http, const struct http_request *request,
                           struct arena *arena, struct http_response *ret)
{
    return http_call(http, request, arena, ret);
}
