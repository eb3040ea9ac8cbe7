/* Asking, waiting, reading once. */
#include "openings.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/scope.h"
#include "deployments.h"
#include "seal/box.h"
#include "settings.h"
#include "store.h"
#include "view.h"
#include "waiting.h"

enum {
    WAIT_S = 24,
    OF_ONE_DEPLOYMENT = 3,
    OF_ONE_USER = 4, /* half the openers of one installer: others get theirs */
    OF_ALL = 32,
    RETRY_S = 5,
    ANSWER_CEILING = 16 * 1024
};

SCOPED_CLEANUP(struct box_key *, box_key_free);
SCOPED_CLEANUP(struct waiter *, waiting_leave);

#define WAITED_FOR "o.answered_at is null and o.expires_at > clock_timestamp()"

/* One after the other, so that the limits can not be passed by twins. */
static const char queue_up_sql[] = "select pg_advisory_xact_lock(hashtextextended('openings', 0))";
/* The lock: who destroys it meanwhile waits, and then takes this opening with it. */
static const char look_sql[] =
    "select d.status, "
    "(select count(*) from openings o where o.deployment_id = d.id and " WAITED_FOR ") as its, "
    "(select count(*) from openings o join deployments e on e.id = o.deployment_id "
    "where e.user_id = d.user_id and " WAITED_FOR ") as theirs, "
    "(select count(*) from openings o where " WAITED_FOR ") as everybodys "
    "from deployments d where d.id = $1::uuid and d.user_id = $2::uuid for share of d";
static const char ask_sql[] =
    "insert into openings (id, deployment_id, asked_by, reader, expires_at, wish) "
    "values ($1::uuid, $2::uuid, $3::uuid, $4, clock_timestamp() + $5::int * interval '1 s', $6)";
static const char tell_sql[] = "select pg_notify('openings_asked', '')";
/* Reading it is deleting it; `over`: nobody waits any longer. */
static const char read_sql[] =
    "with mine as (select o.id, o.answered_at is not null as answered, o.claimed_by is not null as "
    "claimed from openings o join deployments d on d.id = o.deployment_id "
    "where o.id = $1::uuid and d.user_id = $2::uuid), "
    "taken as (delete from openings o using mine where o.id = mine.id and (mine.answered or "
    "$3::bool) "
    "returning o.*) "
    "select mine.answered, mine.claimed, taken.sealed, host(taken.address) as ip, "
    "taken.failure_status, taken.failure, taken.approval, " STAMP(
        "taken.link_expires_at") " as expires_at "
                                 "from mine left join taken on taken.id = mine.id";
static const char forget_sql[] = "delete from openings where asked_by = $1::uuid";

/* One opening on its way. */
struct opening {
    char id[ID_SIZE];
    bool approves; /* it lets a browser in that is there already */
    const char *reader;
    struct box_key *key;
    int64_t deadline;
};

struct err openings_forget(void)
{
    DB *db = NULL;

    TRY(store_take(&db));
    return db_exec(db, NULL, forget_sql, P(store_owner()));
}

static struct err refuse_busy(const struct request *request, struct reply *reply, int status,
                              const char *why)
{
    reply_header(request, reply, "Retry-After: %d", RETRY_S);
    return refuse(request, reply, status, "%s", why);
}

/* OK without an answer made: it may be opened. */
static struct err admit(struct db *db, const struct request *request, struct reply *reply)
{
    ROWS *rows = NULL;

    TRY(db_exec(db, NULL, queue_up_sql));
    TRY(db_exec(db, &rows, look_sql, P(request->id), P(request->visitor.user_id)));
    if (rows_count(rows) == 0) {
        return deployments_not_found(request, reply);
    }
    if (strcmp(rows_text(rows, 0, "status"), "READY") != 0) {
        return refuse(request, reply, 409,
                      "Only a deployment that is READY can be opened; this one is %s.",
                      rows_text(rows, 0, "status"));
    }
    if (rows_int(rows, 0, "its") >= OF_ONE_DEPLOYMENT ||
        rows_int(rows, 0, "theirs") >= OF_ONE_USER) {
        return refuse_busy(request, reply, 429,
                           "You are opening it several times already. Wait a few seconds.");
    }
    if (rows_int(rows, 0, "everybodys") >= OF_ALL) {
        return refuse_busy(request, reply, 503,
                           "Too many people are opening theirs right now. Try again in a moment.");
    }
    return OK;
}

static struct err ask(struct db *db, struct request *request, struct reply *reply)
{
    const struct opening *opening = request->own;

    TRY(admit(db, request, reply));
    if (reply_made(reply)) {
        return OK;
    }
    TRY(db_exec(db, NULL, ask_sql, P((const char *)opening->id), P(request->id), P(store_owner()),
                P(opening->reader), P(WAIT_S), P(opening->approves ? "approval" : "link")));
    TRY(db_exec(db, NULL, tell_sql));
    return store_audit(db, request, request->visitor.user_id,
                       opening->approves ? "open-approve" : "open", request->id);
}

/* The link, whole: where the machine is, and behind the # what only its owner's browser gets to see. */
static struct err answer(const struct request *request, struct reply *reply,
                         const struct opening *opening, const struct rows *rows)
{
    SCOPED(buf_release) struct buf body;
    const char *secret = NULL;
    char url[80];
    size_t len = 0;

    TRY(box_open(opening->key, opening->id, rows_text(rows, 0, "sealed"), request->arena, &secret,
                 &len));
    (void)view_url(rows_text(rows, 0, "ip"), url, sizeof url);
    buf_init(&body, ANSWER_CEILING);
    (void)buf_puts(&body, "{\"url\":");
    (void)buf_put_json(&body, arena_printf(request->arena, "%s#%s", url, secret));
    (void)buf_puts(&body, ",\"expiresAt\":");
    (void)buf_put_json(&body, rows_text(rows, 0, "expires_at"));
    (void)buf_printf(&body, ",\"approval\":%s}", rows_bool(rows, 0, "approval") ? "true" : "false");
    if (body.failed) {
        return permanent("the link is too long");
    }
    /* The arena is wiped when the request is over. */
    reply_bytes(reply, "application/json", arena_strndup(request->arena, body.at, body.len),
                body.len);
    return OK;
}

/* Looks once. Without an answer made: it is not there yet. */
static struct err look(struct request *request, struct reply *reply, bool over)
{
    const struct opening *opening = request->own;
    DB *db = NULL;
    ROWS *rows = NULL;

    TRY(store_take(&db));
    TRY(db_exec(db, &rows, read_sql, P((const char *)opening->id), P(request->visitor.user_id),
                P(over)));
    if (rows_count(rows) == 0) {
        return refuse(request, reply, 409,
                      "It changed while it was being opened. Look at it, and try again.");
    }
    if (rows_bool(rows, 0, "answered") && rows_null(rows, 0, "failure")) {
        if (opening->approves) {
            reply_empty(reply, 204);
            return OK;
        }
        return answer(request, reply, opening, rows);
    }
    if (rows_bool(rows, 0, "answered")) {
        int status = (int)rows_int(rows, 0, "failure_status");
        if (status == 503) {
            reply_header(request, reply, "Retry-After: %d", RETRY_S);
        }
        return refuse(request, reply, status, "%s", rows_text(rows, 0, "failure"));
    }
    if (over && rows_bool(rows, 0, "claimed")) {
        return refuse(request, reply, 504, "The machine took too long to answer. Try again.");
    }
    return over ? refuse_busy(request, reply, 503,
                              "It could not be opened in time: too much else was waiting. Try "
                              "again in a moment.")
                : OK;
}

/* A look that fails is repeated: the database may be back before the time is over. */
static struct err wait_for_it(struct request *request, struct reply *reply, struct waiter *waiter)
{
    const struct opening *opening = request->own;
    bool go_on = true;

    while (go_on && clock_ms() < opening->deadline) {
        go_on = waiting_rest(waiter, opening->deadline);
        if (clock_ms() < opening->deadline && !failed(look(request, reply, false)) &&
            reply_made(reply)) {
            return OK;
        }
    }
    TRY(look(request, reply, true));
    if (!go_on && reply->status >= 500) { /* this process ends: another one will do */
        *reply = (struct reply){0};
        return refuse_busy(request, reply, 503, "The service is restarting. Try again.");
    }
    return OK;
}

static struct err serve(struct request *request, struct reply *reply, bool approves)
{
    SCOPED(box_key_free_p) struct box_key *key = box_key_new();
    struct opening *opening = arena_alloc(request->arena, sizeof *opening);

    id_new(opening->id);
    opening->approves = approves;
    opening->key = key;
    opening->reader = box_reader(key, request->arena);
    opening->deadline = clock_ms() + WAIT_S * 1000;
    SCOPED(waiting_leave_p) struct waiter *waiter = waiting_enter(opening->id);
    if (!waiter) {
        return refuse_busy(request, reply, 503,
                           "Too many people are opening theirs right now. Try again in a moment.");
    }
    request->own = opening;
    struct err e = store_transaction(ask, request, reply);
    if (failed(e) || reply_made(reply)) {
        return e;
    }
    return wait_for_it(request, reply, waiter);
}

struct err openings_open(struct request *request, struct reply *reply)
{
    return serve(request, reply, false);
}

struct err openings_approve(struct request *request, struct reply *reply)
{
    return serve(request, reply, true);
}
