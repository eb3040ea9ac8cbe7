/* SQL of the openers. All times are the database's. */
#include "openings_rows.h"

#include <stdio.h>

#include "base/clock.h"
#include "runner/move.h"

enum {
    LEASE_S = 4,
    LEAST_S = 4,   /* with less than that left no link would come in time */
    NOTED_S = 300, /* so long OpenClaw keeps those who wait; an older noting says too little */
};

static const char give_back_sql[] =
    "update openings set claimed_until = clock_timestamp() where claimed_by = $1::uuid "
    "and answered_at is null returning pg_notify('openings_asked', '')";

static const char renew_sql[] =
    "update openings set claimed_until = clock_timestamp() + $2::int * interval '1 s' "
    "where claimed_by = $1::uuid and answered_at is null and claimed_until > clock_timestamp()";

/*
 * A deployment that is being opened already comes after those that are not; then who asked first. Nobody reads what has
 * expired: who asked deletes it, and where that one was killed it is swept here.
 */
static const char take_sql[] =
    "with swept as (delete from openings where expires_at < clock_timestamp() - interval '5 s'), "
    "free as (select w.id from openings w where w.answered_at is null "
    "and w.expires_at > clock_timestamp() + $4::int * interval '1 s' "
    "and (w.claimed_until is null or w.claimed_until < clock_timestamp()) "
    "order by (select count(*) from openings c where c.deployment_id = w.deployment_id "
    "and c.answered_at is null and c.claimed_until >= clock_timestamp()), w.asked_at "
    "limit $2::int for update of w skip locked), "
    "taken as (update openings o set claimed_by = $1::uuid, claims = o.claims + 1, "
    "claimed_until = clock_timestamp() + $3::int * interval '1 s' from free where o.id = free.id "
    "returning o.*) "
    "select t.id, t.deployment_id, t.claims, t.reader, t.wish = 'approval' as approves, a.noted, "
    "extract(epoch from t.expires_at - clock_timestamp())::float8 as left_s, "
    "d.status = 'READY' as ready, coalesce(r.goal = 'up' and r.state not in "
    "('new', 'reached', 'following', 'set_up', 'leaving', 'left', 'gone'), false) as installed, "
    "coalesce(r.notes ->> 'ip', '') as ip, coalesce(r.notes ->> 'host_key', '') as host_key, "
    "coalesce(k.sealed, '') as ssh_key, coalesce(g.sealed, '') as gateway_token "
    "from taken t join deployments d on d.id = t.deployment_id "
    "left join resource r on r.id = t.deployment_id "
    "left join approvals a on a.deployment_id = t.deployment_id "
    "and a.noted_at > clock_timestamp() - $5::int * interval '1 s' "
    "left join secrets k on k.deployment_id = t.deployment_id and k.name = '" SECRET_SSH_KEY "' "
    "left join secrets g on g.deployment_id = t.deployment_id and g.name = '" SECRET_GATEWAY_TOKEN
    "'";

/* With a link that needs an approval goes who waits already. */
static const char answer_sql[] =
    "with told as (update openings set answered_at = clock_timestamp(), sealed = $4, "
    "address = $5::inet, link_expires_at = to_timestamp($6::bigint / 1000.0), "
    "failure_status = $7::int, failure = $8, approval = $9::text is not null "
    "where id = $1::uuid and claimed_by = $2::uuid and claims = $3::int and answered_at is null "
    "returning id, deployment_id), "
    "noted as (insert into approvals (deployment_id, noted) select deployment_id, $9 from told "
    "where $9::text is not null on conflict (deployment_id) do update "
    "set noted = excluded.noted, noted_at = excluded.noted_at) "
    "select pg_notify('openings_answered', id::text) from told";

struct err openings_give_back(struct db *db, const char *owner)
{
    return db_exec(db, NULL, give_back_sql, P(owner));
}

struct err openings_renew(struct db *db, const char *owner)
{
    return db_exec(db, NULL, renew_sql, P(owner), P(LEASE_S));
}

static struct opening *take(const struct rows *rows, int row)
{
    struct opening *o = opening_new();

    (void)snprintf(o->id, ID_SIZE, "%s", rows_text(rows, row, "id"));
    (void)snprintf(o->deployment_id, ID_SIZE, "%s", rows_text(rows, row, "deployment_id"));
    o->claims = (int)rows_int(rows, row, "claims");
    o->deadline = clock_ms() + (int64_t)(rows_real(rows, row, "left_s") * 1000);
    o->approves = rows_bool(rows, row, "approves");
    if (!rows_null(rows, row, "noted")) {
        o->noted = arena_strdup(o->arena, rows_text(rows, row, "noted"));
    }
    o->ready = rows_bool(rows, row, "ready");
    o->installed = rows_bool(rows, row, "installed");
    o->reader = arena_strdup(o->arena, rows_text(rows, row, "reader"));
    o->ip = arena_strdup(o->arena, rows_text(rows, row, "ip"));
    o->host_key = arena_strdup(o->arena, rows_text(rows, row, "host_key"));
    o->ssh_key = arena_strdup(o->arena, rows_text(rows, row, "ssh_key"));
    o->gateway_token = arena_strdup(o->arena, rows_text(rows, row, "gateway_token"));
    return o;
}

struct err openings_take(struct db *db, const char *owner, int most, struct opening **ret)
{
    ROWS *rows = NULL;

    *ret = NULL;
    TRY(db_exec(db, &rows, take_sql, P(owner), P(most), P(LEASE_S), P(LEAST_S), P(NOTED_S)));
    for (int i = 0; i < rows_count(rows); i++) {
        struct opening *o = take(rows, i);
        o->next = *ret;
        *ret = o;
    }
    return OK;
}

struct err openings_answer(struct db *db, const char *owner, const struct opening *o)
{
    const char *none = NULL;

    if (!o->sealed) { /* a failure, or an approval, of which there is nothing to tell */
        const char *failure = o->failure;
        struct param status = P(none);
        if (failure) {
            status = P(o->status);
        }
        return db_exec(db, NULL, answer_sql, P((const char *)o->id), P(owner), P(o->claims),
                       P(none), P(none), P(none), status, P(failure), P(none));
    }
    return db_exec(db, NULL, answer_sql, P((const char *)o->id), P(owner), P(o->claims),
                   P(o->sealed), P(o->ip), P(o->expires_at_ms), P(none), P(none), P(o->waiting));
}
