/* Reading deployment_events. */
#include "timeline.h"

#include "store.h"

enum { EVENTS_MAX = 1000 };

const char timeline_columns[] =
    "e.seq, " STAMP("e.at") " as at, e.type, e.stage, e.status, e.message";

/* A deployment without events gives one row of nulls, another user's gives none. */
static const char list_from[] =
    " from deployments d left join lateral (select seq, at, type, stage, status, message "
    "from deployment_events where deployment_id = d.id order by seq desc limit $3::int) e on true "
    "where d.id = $1::uuid and d.user_id = $2::uuid order by e.seq";

json_t *timeline_event(const struct rows *rows, int row)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "seq",
                     (json_int_t)rows_int(rows, row, "seq"), "at", rows_text(rows, row, "at"),
                     "type", rows_text(rows, row, "type"), "stage", rows_text(rows, row, "stage"),
                     "status", rows_text(rows, row, "status"), "message",
                     rows_text(rows, row, "message"));
}

static struct err list(struct db *db, struct request *request, struct reply *reply)
{
    const char *sql = arena_printf(request->arena, "select %s%s", timeline_columns, list_from);
    ROWS *rows = NULL;

    TRY(db_exec(db, &rows, sql, P(request->id), P(request->visitor.user_id), P(EVENTS_MAX)));
    if (rows_count(rows) == 0) {
        return refuse(request, reply, 404, "There is no such deployment.");
    }
    json_t *events = json_array();
    for (int i = 0; i < rows_count(rows); i++) {
        if (!rows_null(rows, i, "seq")) {
            json_array_append_new(events, timeline_event(rows, i));
        }
    }
    reply_json(request, reply, 200, json_pack("{s:o}", "events", events));
    return OK;
}

struct err timeline_list(struct request *request, struct reply *reply)
{
    return store_read(list, request, reply);
}
