/*
 * Deploy, list, get. A deployment is written together with its event (timeline and outbox), so an answer
 * of 202 means that it will be acted on.
 */
#include "deployments.h"

#include <stdio.h>
#include <string.h>

#include "base/ids.h"
#include "events.h"
#include "settings.h"
#include "store.h"
#include "view.h"

enum { LIST_MAX = 100, RATE_RETRY_S = 60 };

static const char service[] = "api-gateway";

/* One user's deploys come one after the other, so that neither limit nor key can be passed by twins. */
static const char queue_up_sql[] =
    "select pg_advisory_xact_lock(hashtextextended('deploy ' || $1, 0))";
static const char same_key_sql[] =
    "select id from deployments where user_id = $1::uuid and idempotency_key = $2";
static const char recent_sql[] = "select count(*) as n from deployments where user_id = $1::uuid "
                                 "and created_at > now() - interval '1 hour'";
static const char insert_sql[] =
    "insert into deployments as d (id, user_id, name, status_message, idempotency_key) "
    "values ($1::uuid, $2::uuid, $3, 'Getting started', $4) returning " STAMP(
        "d.created_at") " as created_at";
static const char say_sql[] =
    "select say($1::uuid, timeline_add($1::uuid, $2, $3), $2, $4, $5::jsonb, $6::uuid)";
static const char one_where[] = "where d.id = $1::uuid and d.user_id = $2::uuid";
static const char all_where[] =
    "where d.user_id = $1::uuid order by d.created_at desc, d.id desc limit $2::int";

const struct field deploy_fields[] = {
    {"name", false, 1, 60},
    {0    }
};

bool idempotency_key_valid(const char *key)
{
    size_t len = strlen(key);

    for (size_t i = 0; i < len; i++) {
        if (key[i] < 0x20 || key[i] > 0x7e) {
            return false;
        }
    }
    return len >= 1 && len <= 200;
}

bool name_valid(const char *name)
{
    for (const char *at = name; *at; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return false;
        }
    }
    return name[strspn(name, " ")] != '\0';
}

struct err deployments_not_found(const struct request *request, struct reply *reply)
{
    return refuse(request, reply, 404, "There is no such deployment.");
}

struct err deployments_show(struct db *db, const struct request *request, struct reply *reply,
                            const char *id, int status)
{
    const char *sql = arena_printf(request->arena, "%s%s", view_sql, one_where);
    ROWS *rows = NULL;

    TRY(db_exec(db, &rows, sql, P(id), P(request->visitor.user_id)));
    if (rows_count(rows) == 0) {
        return deployments_not_found(request, reply);
    }
    reply_json(request, reply, status, view_json(rows, 0));
    return OK;
}

/* Into the timeline, and into the outbox numbered as there. */
struct err deployments_say(struct db *db, const struct request *request, const char *id,
                           const struct event *event, const void *fields)
{
    const char *json = event_encode(event, request->arena, fields);

    return db_exec(db, NULL, say_sql, P(id), P(event->type), P(service), P(event->topic), P(json),
                   P(store_owner()));
}

static struct err create(struct db *db, const struct request *request, const char *key,
                         const char *id)
{
    const char *user_id = request->visitor.user_id, *name = request_text(request, "name");
    ROWS *rows = NULL;

    name = name ? name : "OpenClaw";
    TRY(db_exec(db, &rows, insert_sql, P(id), P(user_id), P(name), P(key)));
    struct deployment_requested requested = {
        .deployment_id = id,
        .generation = 1,
        .user_id = user_id,
        .name = name,
        .created_at = rows_text(rows, 0, "created_at"),
    };
    TRY(deployments_say(db, request, id, &deployment_requested, &requested));
    return store_audit(db, request, user_id, "deploy", id);
}

static struct err deploy(struct db *db, struct request *request, struct reply *reply)
{
    const char *user_id = request->visitor.user_id,
               *key = request_header(request, "Idempotency-Key");
    ROWS *same = NULL, *recent = NULL;
    char id[ID_SIZE];

    TRY(db_exec(db, NULL, queue_up_sql, P(user_id)));
    if (key) {
        TRY(db_exec(db, &same, same_key_sql, P(user_id), P(key)));
        if (rows_count(same) > 0) {
            return deployments_show(db, request, reply, rows_text(same, 0, "id"), 202);
        }
    }
    TRY(db_exec(db, &recent, recent_sql, P(user_id)));
    if (rows_int(recent, 0, "n") >= conf.deploys_per_hour) {
        reply_header(request, reply, "Retry-After: %d", RATE_RETRY_S);
        return refuse(request, reply, 429,
                      "You can start %d deployments within an hour. Try again later.",
                      conf.deploys_per_hour);
    }
    id_new(id);
    TRY(create(db, request, key, id));
    return deployments_show(db, request, reply, id, 202);
}

struct err deployments_deploy(struct request *request, struct reply *reply)
{
    const char *key = request_header(request, "Idempotency-Key"),
               *name = request_text(request, "name");

    if (key && !idempotency_key_valid(key)) {
        return refuse(request, reply, 422,
                      "Idempotency-Key must be 1 to 200 printable characters.");
    }
    if (name && !name_valid(name)) {
        return refuse(request, reply, 422,
                      "'name' must have visible characters and no control characters.");
    }
    return store_transaction(deploy, request, reply);
}

static struct err list(struct db *db, struct request *request, struct reply *reply)
{
    const char *sql = arena_printf(request->arena, "%s%s", view_sql, all_where);
    ROWS *rows = NULL;

    TRY(db_exec(db, &rows, sql, P(request->visitor.user_id), P(LIST_MAX)));
    json_t *all = json_array();
    for (int i = 0; i < rows_count(rows); i++) {
        json_array_append_new(all, view_json(rows, i));
    }
    reply_json(request, reply, 200, json_pack("{s:o}", "deployments", all));
    return OK;
}

struct err deployments_list(struct request *request, struct reply *reply)
{
    return store_read(list, request, reply);
}

static struct err get(struct db *db, struct request *request, struct reply *reply)
{
    return deployments_show(db, request, reply, request->id, 200);
}

struct err deployments_get(struct request *request, struct reply *reply)
{
    return store_read(get, request, reply);
}
