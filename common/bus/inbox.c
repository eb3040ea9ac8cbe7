/* The inbox thread: takes what is waiting, applies it as one batch, commits the offsets after the rows. */
#include "bus/inbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bus/consumer.h"
#include "bus/message.h"
#include "bus/reader.h"
#include "db/db.h"
#include "runner/stage.h"

enum { BATCH = 100, PAUSE_MS = 200 };

static const char apply_sql[] =
    "select apply_message($1, $2::int, $3::bigint, $4::jsonb) as result";

struct bus_inbox {
    const struct stage *stage;
    const char *service, *owner;
    char *texts;
    struct inbox_hooks hooks;
    struct db *db;
    struct consumer *consumer;
    pthread_t thread;
    struct arena *arena;
    atomic_bool stopping;
};

static const char *plan_of(struct bus_inbox *in, rd_kafka_message_t *m)
{
    struct message message = {
        .topic = rd_kafka_topic_name(m->rkt),
        .key = m->key && m->key_len <= 200 ? arena_strndup(in->arena, m->key, m->key_len) : NULL,
        .type = kafka_header(m, "ce_type", in->arena),
        .bytes = m->payload,
        .len = m->len,
    };

    return message_plan(in->stage, in->texts, in->service, in->owner, &message, in->arena);
}

/* What came of the batch: wakes whoever has work now. */
static void tell(struct bus_inbox *in, struct rows **results, int n)
{
    int changed = 0, dead = 0;

    for (int i = 0; i < n; i++) {
        const char *result = rows_text(results[i], 0, "result");
        changed += result[0] == 'a';
        dead += result[0] == 'd';
        rows_free(results[i]);
    }
    METRIC_ADD(inbox_applied, changed);
    METRIC_ADD(inbox_dead, dead);
    METRIC_ADD(inbox_ignored, n - changed - dead);
    if (dead > 0) {
        log_error("messages went to dead-letters", KV("messages", dead));
        in->hooks.dead(in->hooks.context);
    }
    if (changed > 0) {
        in->hooks.changed(in->hooks.context);
    }
}

static struct err apply(struct bus_inbox *in, rd_kafka_message_t **messages, const char **plans,
                        int n)
{
    struct rows *results[BATCH];

    TRY(db_batch_begin(in->db));
    for (int i = 0; i < n; i++) { /* in offset order: the smaller ones would be skipped */
        struct param params[] = {P(rd_kafka_topic_name(messages[i]->rkt)),
                                 P(messages[i]->partition), P(messages[i]->offset), P(plans[i])};
        TRY(db_batch_add(in->db, "apply", apply_sql, params, 4));
    }
    TRY(db_batch_end(in->db, results, n));
    tell(in, results, n);
    return OK;
}

/* The database refuses this one message for good: dead-letters, with the database's words. */
static struct err bury(struct bus_inbox *in, rd_kafka_message_t *m, struct err why)
{
    const char *key =
        m->key && m->key_len <= 200 ? arena_strndup(in->arena, m->key, m->key_len) : NULL;
    struct message message = {.topic = rd_kafka_topic_name(m->rkt),
                              .key = key,
                              .type = kafka_header(m, "ce_type", in->arena),
                              .bytes = m->payload,
                              .len = m->len};
    const char *plan = message_grave(in->service, in->owner, &message, why.text, in->arena);

    log_error("the database refused a message", KV("topic", message.topic),
              KV("partition", m->partition), KV("offset", m->offset),
              KV("why", (const char *)why.text));
    return apply(in, &m, &plan, 1);
}

static bool same_partition(const rd_kafka_message_t *a, const rd_kafka_message_t *b)
{
    return a->rkt == b->rkt && a->partition == b->partition;
}

/* True when an earlier message of its partition is still to be applied: then it must wait as well. */
static bool must_wait(rd_kafka_message_t **messages, const bool *done, int i)
{
    for (int earlier = 0; earlier < i; earlier++) {
        if (!done[earlier] && same_partition(messages[earlier], messages[i])) {
            return true;
        }
    }
    return false;
}

/* One by one: what can be applied or buried is, and only the partitions of the rest wait. */
static int apply_singly(struct bus_inbox *in, rd_kafka_message_t **messages, const char **plans,
                        bool *done, int n)
{
    int left = 0;

    for (int i = 0; i < n && !atomic_load(&in->stopping); i++) {
        if (!done[i] && !must_wait(messages, done, i)) {
            struct err e = apply(in, &messages[i], &plans[i], 1);
            if (e.kind == ERR_PERMANENT) {
                e = bury(in, messages[i], e);
            }
            done[i] = !failed(e);
            if (failed(e)) {
                log_warn("applying a message failed; its partition waits",
                         KV("why", (const char *)e.text),
                         KV("topic", rd_kafka_topic_name(messages[i]->rkt)),
                         KV("partition", messages[i]->partition));
            }
        }
        left += !done[i];
    }
    return left;
}

/* Until all are done: a partition must not go on without one of its messages. */
static void apply_until_done(struct bus_inbox *in, rd_kafka_message_t **messages, int n)
{
    const char *plans[BATCH];
    bool done[BATCH] = {false};

    for (int i = 0; i < n; i++) {
        plans[i] = plan_of(in, messages[i]);
    }
    struct err e = apply(in, messages, plans, n);
    if (!failed(e)) {
        return;
    }
    log_warn("applying messages at once failed; now one by one", KV("why", (const char *)e.text),
             KV("messages", n));
    if (e.kind != ERR_PERMANENT) {
        consumer_compare(in->consumer);
    }
    while (apply_singly(in, messages, plans, done, n) > 0 && !atomic_load(&in->stopping)) {
        (void)usleep(PAUSE_MS * 1000);
        consumer_compare(in->consumer);
    }
}

static void *inbox_main(void *arg)
{
    struct bus_inbox *in = arg;
    rd_kafka_message_t *messages[BATCH];
    struct err e;

    while (failed(e = consumer_join(in->consumer)) && !atomic_load(&in->stopping)) {
        log_warn("cannot listen to Kafka; trying again", KV("why", (const char *)e.text));
        (void)usleep(PAUSE_MS * 1000);
    }
    while (!atomic_load(&in->stopping)) {
        int n = consumer_take(in->consumer, messages, BATCH);
        if (in->hooks.held(in->hooks.context)) {
            consumer_compare(in->consumer);
        }
        if (n > 0) {
            crash_point("inbox.read");
            apply_until_done(in, messages, n);
        }
        if (n > 0 && !atomic_load(&in->stopping)) {
            crash_point("inbox.applied");
            consumer_commit(in->consumer, messages, n);
        }
        for (int i = 0; i < n; i++) {
            rd_kafka_message_destroy(messages[i]);
        }
        arena_reset(in->arena);
    }
    return NULL;
}

static void inbox_free(struct bus_inbox *in)
{
    consumer_free(in->consumer);
    db_free(in->db);
    arena_free(in->arena);
    free(in->texts);
    free(in);
}

struct err inbox_start(const struct kafka_settings *kafka, const char *database_url,
                       const struct stage *stage, const char *schema, const char *owner,
                       struct inbox_hooks hooks, struct bus_inbox **ret)
{
    struct bus_inbox *in = calloc(1, sizeof *in);

    if (!in) {
        abort();
    }
    in->stage = stage;
    in->service = kafka->service;
    in->owner = owner;
    in->hooks = hooks;
    in->texts = stage_texts(stage);
    in->arena = arena_new();
    in->db = db_new(database_url, kafka->service, schema);
    db_force_index_plans(in->db);
    struct err e = consumer_new(kafka, stage, in->db, &in->stopping, hooks.older, hooks.context,
                                &in->consumer);
    if (failed(e)) {
        inbox_free(in);
        return e;
    }
    if (pthread_create(&in->thread, NULL, inbox_main, in) != 0) {
        inbox_free(in);
        return permanent("cannot start the inbox thread");
    }
    *ret = in;
    return OK;
}

bool inbox_ready(const struct bus_inbox *in)
{
    return consumer_ready(in->consumer);
}

void inbox_stop(struct bus_inbox *in)
{
    if (!in) {
        return;
    }
    atomic_store(&in->stopping, true);
    (void)pthread_join(in->thread, NULL);
    inbox_free(in);
}
