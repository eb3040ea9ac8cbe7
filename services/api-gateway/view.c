/* From a row of `deployments` to the JSON of the API. */
#include "view.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "settings.h"
#include "steps.h"
#include "store.h"
#include "version.h"

/* clang-format off */
const char view_sql[] =
    "select d.id, d.name, d.status, d.status_message, host(d.ip_address) as ip, d.version, "
    "change_under_way(d.change, d.change_asked_at) as change, "
    STAMP("d.created_at") " as created_at, "
    STAMP("d.updated_at") " as updated_at, "
    STAMP("d.ready_at") " as ready_at, "
    STAMP("d.destroyed_at") " as destroyed_at, "
    "(select string_agg(e.status || ' ' || " STAMP("e.at") ", ',' order by e.seq) from "
    "  (select seq, status, at, lag(status) over (order by seq) as was from deployment_events "
    "   where deployment_id = d.id) e where e.was is distinct from e.status) as history "
    "from deployments d ";
/* clang-format on */

static const char *text_or_null(const struct rows *rows, int row, const char *column)
{
    return rows_null(rows, row, column) ? NULL : rows_text(rows, row, column);
}

const char *view_url(const char *ip, char *ret, size_t size)
{
    const char *open = strchr(ip, ':') ? "[" : "", *shut = *open ? "]" : "";

    if (conf.machine_https_port == 443) {
        (void)snprintf(ret, size, "https://%s%s%s/", open, ip, shut);
    } else {
        (void)snprintf(ret, size, "https://%s%s%s:%d/", open, ip, shut, conf.machine_https_port);
    }
    return ret;
}

/* Where people reach it, once it is ready. */
static const char *url_of(const char *status, const char *ip, char *ret, size_t size)
{
    return ip && strcmp(status, "READY") == 0 ? view_url(ip, ret, size) : NULL;
}

/* What it can be upgraded to; NULL: nothing. */
static const char *available(const char *status, const char *version)
{
    bool ends = strncmp(status, "DESTROY", strlen("DESTROY")) == 0;

    return !ends && version && version_is_newer(conf.openclaw_version, version)
               ? conf.openclaw_version
               : NULL;
}

json_t *view_json(const struct rows *rows, int row)
{
    const char *status = rows_text(rows, row, "status"), *ip = text_or_null(rows, row, "ip");
    const char *version = text_or_null(rows, row, "version");
    struct step steps[STEPS];
    char url[80];

    steps_derive(rows_text(rows, row, "history"), steps);
    /* clang-format off */
    return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s, s:s, s:s?, s:s?, s:o}",
                     "id", rows_text(rows, row, "id"),
                     "name", rows_text(rows, row, "name"),
                     "status", status,
                     "statusMessage", rows_text(rows, row, "status_message"),
                     "ipAddress", ip,
                     "url", url_of(status, ip, url, sizeof url),
                     "version", version,
                     "availableVersion", available(status, version),
                     "change", text_or_null(rows, row, "change"),
                     "createdAt", rows_text(rows, row, "created_at"),
                     "updatedAt", rows_text(rows, row, "updated_at"),
                     "readyAt", text_or_null(rows, row, "ready_at"),
                     "destroyedAt", text_or_null(rows, row, "destroyed_at"),
                     "steps", steps_json(steps));
    /* clang-format on */
}
