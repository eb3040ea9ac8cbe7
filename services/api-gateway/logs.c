/* Reading deployment_log, page by page: …/log?after=N gives at most 500 lines that come after line N. */
#include "logs.h"

#include <string.h>

#include "store.h"

enum { LINES_MAX = 500 };

/* A deployment without lines gives one row of nulls, another user's gives none. */
static const char sql[] =
    "select l.n, " STAMP("l.at") " as at, l.stage, l.line from deployments d "
                                 "left join lateral (select n, at, stage, line from deployment_log "
                                 "where deployment_id = d.id "
                                 "and n > $3::int order by n limit $4::int) l on true "
                                 "where d.id = $1::uuid and d.user_id = $2::uuid order by l.n";

/* `after` of the query string; 0 without one. */
static bool take_after(const struct request *request, struct reply *reply, int *ret)
{
    const char *query = request->info->query_string;
    char text[256];

    if (!query || !strstr(query, "after=")) {
        return true;
    }
    if (!query_find(query, "after", text, sizeof text) || !number_parse(text, ret)) {
        (void)refuse(request, reply, 422, "'after' must be a whole number.");
    }
    return !reply_made(reply);
}

static struct err read_lines(struct db *db, struct request *request, struct reply *reply)
{
    int after = 0;
    ROWS *rows = NULL;

    if (!take_after(request, reply, &after)) {
        return OK;
    }
    TRY(db_exec(db, &rows, sql, P(request->id), P(request->visitor.user_id), P(after),
                P(LINES_MAX)));
    if (rows_count(rows) == 0) {
        return refuse(request, reply, 404, "There is no such deployment.");
    }
    json_int_t next = after;
    json_t *lines = json_array();
    for (int i = 0; i < rows_count(rows) && !rows_null(rows, i, "n"); i++) {
        next = rows_int(rows, i, "n");
        json_array_append_new(lines, json_pack("{s:I, s:s, s:s, s:s}", "n", next, "at",
                                               rows_text(rows, i, "at"), "stage",
                                               rows_text(rows, i, "stage"), "text",
                                               rows_text(rows, i, "line")));
    }
    reply_json(request, reply, 200, json_pack("{s:o, s:I}", "lines", lines, "next", next));
    return OK;
}

struct err logs_read(struct request *request, struct reply *reply)
{
    return store_read(read_lines, request, reply);
}
