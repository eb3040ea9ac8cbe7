/* Finding the late, and putting each into ERROR together with its event. */
#include "deadline.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "bus/epoch.h"
#include "bus/reader.h"
#include "db/db.h"
#include "events.h"
#include "settings.h"

enum { BATCH = 20, LOOK_S = 2, MESSAGE_MAX = 120 };

static const char service[] = "api-gateway";

/* `stage_event`: what the last stage that is done said, since it is being installed anew; `newest`: the last line of the
 * timeline. */
static const char late_sql[] =
    "select d.id, d.status, d.status_message, d.generation, "
    "coalesce((select e.type from deployment_events e where e.deployment_id = d.id and e.type in "
    "  ('key.issued', 'server.ordered', 'server.ready', 'instance.vacated', 'instance.installed') "
    "  and e.generation >= d.anew order by e.seq desc limit 1), '') as stage_event, "
    "coalesce((select e.type from deployment_events e where e.deployment_id = d.id "
    "  order by e.seq desc limit 1), '') as newest "
    "from deployments d where d.status in ('PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING') "
    "and d.decided_at < now() - $1::int * interval '1 s' "
    "order by d.decided_at limit $2::int for no key update of d skip locked";
static const char any_sql[] =
    "select from deployments where status in ('PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING') "
    "and decided_at < now() - $1::int * interval '1 s' limit 1";
static const char fail_sql[] =
    "update deployments set status = 'ERROR', status_message = $2, failed_piece = $3, "
    "updated_at = clock_timestamp() where id = $1::uuid";
static const char say_sql[] =
    "select say($1::uuid, timeline_add($1::uuid, $2, $3), $2, $4, $5::jsonb, $6::uuid)";

static struct {
    const struct service_context *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started;
    atomic_bool stopping;
} deadline = {.lock = PTHREAD_MUTEX_INITIALIZER};

const char *deadline_piece(const char *status, const char *stage_event)
{
    if (strcmp(status, "PENDING") == 0) {
        return *stage_event ? "server" : "llm_key";
    }
    if (strcmp(status, "INSTALLING") == 0) {
        return strcmp(stage_event, "instance.installed") == 0 ? "watch" : "installation";
    }
    if (strcmp(stage_event, "instance.vacated") == 0) {
        return "llm_key";
    }
    bool server_is_done = strcmp(stage_event, "server.ready") == 0;
    bool nothing_is = !*stage_event; /* with a machine there: it is to be installed anew */
    return server_is_done || nothing_is ? "installation" : "server";
}

/* The stage before has said its last word, or the user theirs: that is no news of what is awaited. */
static bool tells_what_is_awaited(const char *newest)
{
    static const char *const last_words[] = {"deployment.requested",
                                             "deployment.retry-requested",
                                             "deployment.reinstall-requested",
                                             "key.issued",
                                             "server.ready",
                                             "instance.vacated",
                                             "instance.installed"};

    for (size_t i = 0; i < sizeof last_words / sizeof last_words[0]; i++) {
        if (strcmp(newest, last_words[i]) == 0) {
            return false;
        }
    }
    return true;
}

/* Words for a stage that says nothing of its own yet. */
static const char *awaited_of(const char *piece)
{
    static const char *const known[][2] = {
        {"llm_key",      "Creating your OpenRouter key"  },
        {"server",       "Ordering the server"           },
        {"installation", "Installing OpenClaw"           },
        {"watch",        "Checking OpenClaw from outside"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i][0], piece) == 0) {
            return known[i][1];
        }
    }
    return "Getting started";
}

const char *deadline_text(struct arena *arena, int limit_s, const char *piece, const char *message)
{
    size_t len = message ? strlen(message) : 0;
    bool minutes = limit_s % 60 == 0;
    int n = minutes ? limit_s / 60 : limit_s;

    while (len > 0 && strchr(". ", message[len - 1])) {
        len--;
    }
    const char *awaited =
        len > 0 && len <= MESSAGE_MAX ? arena_strndup(arena, message, len) : awaited_of(piece);
    return arena_printf(arena,
                        "Not ready after %d %s%s; it was still: %s. We keep watching; a retry goes "
                        "on from there.",
                        n, minutes ? "minute" : "second", n == 1 ? "" : "s", awaited);
}

static struct err fail(struct db *db, struct arena *arena, const struct rows *rows, int row)
{
    const char *id = rows_text(rows, row, "id");
    const char *piece =
        deadline_piece(rows_text(rows, row, "status"), rows_text(rows, row, "stage_event"));
    bool told = tells_what_is_awaited(rows_text(rows, row, "newest"));
    struct deployment_failed fields = {
        .deployment_id = id,
        .generation = rows_int(rows, row, "generation"),
        .stage = service,
        .reason = deadline_text(arena, conf.deployment_limit_s, piece,
                                told ? rows_text(rows, row, "status_message") : NULL),
    };
    const struct event *event = &deployment_failed;

    TRY(db_exec(db, NULL, fail_sql, P(id), P(fields.reason), P(piece)));
    return db_exec(db, NULL, say_sql, P(id), P(event->type), P(service), P(event->topic),
                   P(event_encode(event, arena, &fields)), P(deadline.context->owner));
}

/*
 * A restored backup shows deployments as they were long ago, though they may be READY by now: those are brought up to date
 * first, and then have their time again. While Kafka is away nobody can say, and a limit is a limit.
 */
static bool restored(struct db *db)
{
    SCOPED(kafka_reader_free_p) rd_kafka_t *reader = NULL;
    struct epoch epoch = {
        .kafka = deadline.context->kafka, .db = db, .stopping = &deadline.stopping};
    bool older = false;

    if (failed(kafka_reader_new(epoch.kafka, &reader))) {
        return false;
    }
    epoch.rk = reader;
    struct err e = epoch_look(&epoch, &older);
    return !failed(e) && older;
}

/* One batch in one transaction; `ret_n`: how many it was. */
static struct err look(struct db *db, struct arena *arena, int *ret_n)
{
    ROWS *any = NULL, *rows = NULL;

    *ret_n = 0;
    TRY(db_exec(db, &any, any_sql, P(conf.deployment_limit_s)));
    if (rows_count(any) == 0) {
        return OK;
    }
    if (restored(db)) {
        return transient("the database is older than the topics: restored from a backup?");
    }
    TRY(db_begin(db));
    TRY(db_exec(db, &rows, late_sql, P(conf.deployment_limit_s), P(BATCH)));
    for (int i = 0; i < rows_count(rows); i++) {
        TRY(fail(db, arena, rows, i));
    }
    TRY(db_commit(db));
    *ret_n = rows_count(rows);
    for (int i = 0; i < *ret_n; i++) {
        log_deployment(rows_text(rows, i, "id"));
        log_info("not ready in time", KV("status", rows_text(rows, i, "status")));
    }
    log_deployment(NULL);
    return OK;
}

/* False when told to stop. */
static bool rest(int seconds)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    (void)pthread_mutex_lock(&deadline.lock);
    while (!deadline.stopping &&
           pthread_cond_timedwait(&deadline.changed, &deadline.lock, &until) == 0) {
    }
    bool go_on = !deadline.stopping;
    (void)pthread_mutex_unlock(&deadline.lock);
    return go_on;
}

static void *deadline_main(void *arg)
{
    const struct service_context *c = arg;
    struct db *db = db_new(c->settings->database_url, c->service->name, c->service->db_schema);
    struct arena *arena = arena_new();
    bool answered = true;
    int n = 0;

    while (rest(n == BATCH ? 0 : LOOK_S)) {
        struct err e = look(db, arena, &n);
        if (failed(e)) {
            db_rollback(db);
            if (answered) { /* once for each time it is away */
                log_warn("cannot look for late deployments", KV("why", (const char *)e.text));
            }
        } else if (n > 0) {
            relay_wake(c->relay);
        }
        answered = !failed(e);
        arena_reset(arena);
    }
    arena_free(arena);
    db_free(db);
    return NULL;
}

struct err deadline_start(const struct service_context *context)
{
    pthread_condattr_t attributes;

    if (pthread_condattr_init(&attributes) != 0 ||
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&deadline.changed, &attributes) != 0) {
        abort();
    }
    pthread_condattr_destroy(&attributes);
    deadline.context = context;
    if (pthread_create(&deadline.thread, NULL, deadline_main, (void *)context) != 0) {
        return permanent("cannot start the thread that watches deadlines");
    }
    deadline.started = true;
    return OK;
}

void deadline_stop(void)
{
    if (!deadline.started) {
        return;
    }
    (void)pthread_mutex_lock(&deadline.lock);
    deadline.stopping = true;
    (void)pthread_cond_signal(&deadline.changed);
    (void)pthread_mutex_unlock(&deadline.lock);
    (void)pthread_join(deadline.thread, NULL);
}
