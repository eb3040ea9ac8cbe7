/* Serving one stream: what it writes, and when it ends. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store.h"
#include "streams.h"
#include "timeline.h"

enum { HEARTBEAT_MS = 15000, BATCH = 200, RETRY_S = 5 };

/* The session is part of the question: no row means that it, or the deployment, is not there (any more). */
static const char read_from[] =
    " from deployments d join sessions s on s.user_id = d.user_id and s.token_hash = decode($2, "
    "'hex') "
    "and s.expires_at > now() left join lateral (select seq, at, type, stage, status, message "
    "from deployment_events where deployment_id = d.id and seq > $3::int order by seq limit "
    "$4::int) e on true "
    "where d.id = $1::uuid order by e.seq";

/* What one look at the database found. */
struct look {
    struct buf text; /* the events, as they go out */
    int last;        /* seq of the last one */
    int n;
    bool gone, destroyed;
};

static void put_event(struct look *look, const struct rows *rows, int row)
{
    json_t *event = timeline_event(rows, row);
    char *data = json_dumps(event, JSON_COMPACT);

    if (!data) {
        abort();
    }
    look->n++;
    look->last = (int)rows_int(rows, row, "seq");
    look->destroyed = strcmp(rows_text(rows, row, "status"), "DESTROYED") == 0;
    buf_printf(&look->text, "id: %d\nevent: timeline\ndata: ", look->last);
    buf_puts(&look->text, data);
    buf_puts(&look->text, "\n\n");
    free(data);
    json_decref(event);
}

static struct err look_once(const struct request *request, struct look *look)
{
    DB *db = NULL;
    ROWS *rows = NULL;
    char sql[1024];

    look->n = 0;
    buf_clear(&look->text);
    (void)snprintf(sql, sizeof sql, "select %s, d.status = 'DESTROYED' as over%s", timeline_columns,
                   read_from);
    TRY(store_take(&db));
    TRY(db_exec(db, &rows, sql, P(request->id), P(request->visitor.token_hash), P(look->last),
                P(BATCH)));
    look->gone = rows_count(rows) == 0;
    for (int i = 0; i < rows_count(rows); i++) {
        if (rows_null(rows, i, "seq")) {
            look->destroyed = rows_bool(rows, i, "over"); /* and everything of it was sent */
        } else {
            put_event(look, rows, i);
        }
    }
    return OK;
}

static bool send_text(const struct request *request, const char *text, size_t len)
{
    return mg_write(request->connection, text, len) == (int)len;
}

/* Writes what the last look found, or a heartbeat when it is time for one. False when the client is gone. */
static bool send_news(const struct request *request, const struct look *look, bool probe,
                      int64_t *said)
{
    static const char heartbeat[] = ": still here\n\n";
    bool silent = probe || clock_ms() - *said >= HEARTBEAT_MS;

    if (look->n == 0 && !silent) {
        return true;
    }
    *said = clock_ms();
    if (look->n == 0) {
        return send_text(request, heartbeat, sizeof heartbeat - 1);
    }
    return !look->text.failed && send_text(request, look->text.at, look->text.len);
}

/* Writes what there is and waits for more. A database that does not answer is waited for, too. */
static void run(const struct request *request, struct stream *stream, struct look *look)
{
    int64_t said = clock_ms();
    bool probe = false;

    while (send_news(request, look, probe, &said) && !look->gone && !look->destroyed) {
        probe = false;
        if (look->n < BATCH && !streams_rest(stream, &probe)) {
            return;
        }
        if (failed(look_once(request, look))) {
            look->n = 0;
        }
    }
}

static bool send_head(const struct request *request)
{
    static const char head[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\n"
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
        "X-Accel-Buffering: no\r\nConnection: close\r\n\r\nretry: 2000\n\n";

    mg_disable_connection_keep_alive(request->connection);
    return send_text(request, head, sizeof head - 1);
}

/* The first look decides whether there is anything to stream. */
static struct err begin(const struct request *request, struct reply *reply, struct look *look)
{
    const char *last = request_header(request, "Last-Event-ID");

    if (last && *last && !number_parse(last, &look->last)) {
        return refuse(request, reply, 422, "Last-Event-ID must be a whole number.");
    }
    TRY(look_once(request, look));
    if (look->gone) {
        return refuse(request, reply, 404, "There is no such deployment.");
    }
    if (look->destroyed && look->n == 0) {
        reply_empty(reply, 204); /* a browser that gets this does not come back */
    }
    return OK;
}

struct err stream_serve(struct request *request, struct reply *reply)
{
    struct look look = {0};
    struct stream *stream = streams_enter(request);

    if (!stream) {
        reply_header(request, reply, "Retry-After: %d", RETRY_S);
        return refuse(request, reply, 503,
                      "Too many live views are open. Read the list of events instead.");
    }
    buf_init(&look.text, 1024 * 1024);
    struct err e = begin(request, reply, &look);
    if (!failed(e) && !reply_made(reply)) {
        reply->streamed = true;
        if (send_head(request)) {
            run(request, stream, &look);
        }
    }
    buf_release(&look.text);
    streams_leave(stream);
    return e;
}
