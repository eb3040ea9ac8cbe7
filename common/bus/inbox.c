/* The inbox thread: takes what is waiting, applies it as one batch, commits the offsets after the rows. */
#include "bus/inbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bus/message.h"
#include "db/db.h"
#include "runner/stage.h"

enum { BATCH = 100, POLL_MS = 1000, WATERMARK_MS = 5000, PAUSE_MS = 200, READY_WITHIN_MS = 10000 };

static const char apply_sql[] =
    "select apply_message($1, $2::int, $3::bigint, $4::jsonb) as result";
static const char seen_sql[] =
    "insert into offsets (topic, partition, next) values ($1, $2::int, 0) on conflict do nothing";
static const char stored_sql[] =
    "select next from offsets where topic = $1 and partition = $2::int";
static const char rewind_sql[] =
    "update offsets set next = $3::bigint where topic = $1 and partition = $2::int";

struct bus_inbox {
    const struct stage *stage;
    const char *service, *owner;
    char *texts;
    struct inbox_hooks hooks;
    struct db *db;
    rd_kafka_t *rk;
    pthread_t thread;
    struct arena *arena;
    atomic_bool stopping, assigned;
    _Atomic int64_t polled_ms;
};

/* ---- assignment: where to go on ---- */

static struct err where_to_go_on(struct bus_inbox *in, rd_kafka_topic_partition_t *p)
{
    ROWS *rows = NULL;
    int64_t low = 0, high = 0;

    TRY(db_exec(in->db, NULL, seen_sql, P((const char *)p->topic), P(p->partition)));
    TRY(db_exec(in->db, &rows, stored_sql, P((const char *)p->topic), P(p->partition)));
    int64_t next = rows_int(rows, 0, "next");
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(in->rk, p->topic, p->partition, &low, &high, WATERMARK_MS);
    if (code) {
        return transient("kafka: %.120s", rd_kafka_err2str(code));
    }
    if (next > high || next < low) {
        if (next > high) {
            log_error("the stored offset is past the end: this topic was made anew; reading it "
                      "from its beginning",
                      KV("topic", (const char *)p->topic), KV("partition", p->partition),
                      KV("stored", next), KV("end", high));
        }
        TRY(db_exec(in->db, NULL, rewind_sql, P((const char *)p->topic), P(p->partition), P(low)));
        next = low;
    }
    p->offset = next;
    return OK;
}

/* Called from poll, on the inbox thread. Without the offsets nothing may be read, so it waits for them. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *parts, void *opaque)
{
    struct bus_inbox *in = opaque;

    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        atomic_store(&in->assigned, false);
        (void)rd_kafka_assign(rk, NULL);
        return;
    }
    for (int i = 0; i < parts->cnt && !atomic_load(&in->stopping);) {
        struct err e = where_to_go_on(in, &parts->elems[i]);
        if (failed(e)) {
            log_warn("cannot learn where to go on reading; trying again",
                     KV("why", (const char *)e.text));
            (void)usleep(PAUSE_MS * 1000);
        } else {
            i++;
        }
    }
    if (!atomic_load(&in->stopping)) {
        (void)rd_kafka_assign(rk, parts);
        atomic_store(&in->assigned, true);
    }
}

/* ---- messages ---- */

static const char *header(rd_kafka_message_t *m, const char *name, struct arena *arena)
{
    rd_kafka_headers_t *headers = NULL;
    const void *value = NULL;
    size_t size = 0;

    if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        !value || size > 200) {
        return NULL;
    }
    return arena_strndup(arena, value, size);
}

static const char *plan_of(struct bus_inbox *in, rd_kafka_message_t *m)
{
    struct message message = {
        .topic = rd_kafka_topic_name(m->rkt),
        .key = m->key && m->key_len <= 200 ? arena_strndup(in->arena, m->key, m->key_len) : NULL,
        .type = header(m, "ce_type", in->arena),
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
    for (int i = 0; i < n;
         i++) { /* in offset order: sorting otherwise would skip the smaller offsets */
        struct param params[] = {P(rd_kafka_topic_name(messages[i]->rkt)),
                                 P(messages[i]->partition), P(messages[i]->offset), P(plans[i])};
        TRY(db_batch_add(in->db, "apply", apply_sql, params, 4));
    }
    TRY(db_batch_end(in->db, results, n));
    tell(in, results, n);
    return OK;
}

/* The database refuses this one message for good: dead-letters, with the database's words. */
static void bury(struct bus_inbox *in, rd_kafka_message_t *m, struct err why)
{
    struct message message = {.topic = rd_kafka_topic_name(m->rkt),
                              .key = "",
                              .type = NULL,
                              .bytes = m->payload,
                              .len = m->len};
    const char *plan =
        message_plan(in->stage, in->texts, in->service, in->owner, &message, in->arena);

    log_error("the database refused a message", KV("topic", message.topic),
              KV("partition", m->partition), KV("offset", m->offset),
              KV("why", (const char *)why.text));
    struct err e = apply(in, &m, &plan, 1);
    if (failed(e)) {
        log_error("and it could not be put away; its partition waits",
                  KV("why", (const char *)e.text));
    }
}

/* Until it is done: the partition must not go on without it. */
static void apply_until_done(struct bus_inbox *in, rd_kafka_message_t **messages, int n)
{
    const char *plans[BATCH];

    for (int i = 0; i < n; i++) {
        plans[i] = plan_of(in, messages[i]);
    }
    while (!atomic_load(&in->stopping)) {
        struct err e = apply(in, messages, plans, n);
        if (!failed(e)) {
            return;
        }
        if (e.kind == ERR_PERMANENT) {
            for (int i = 0; i < n; i++) {
                struct err one = apply(in, &messages[i], &plans[i], 1);
                if (one.kind == ERR_PERMANENT) {
                    bury(in, messages[i], one);
                }
            }
        }
        log_warn("applying messages failed; trying again", KV("why", (const char *)e.text),
                 KV("messages", n));
        (void)usleep(PAUSE_MS * 1000);
        /* A long outage must not look like a dead consumer. Nothing is read meanwhile: BATCH is full or waiting. */
        atomic_store(&in->polled_ms, clock_ms());
    }
}

/* For lag tools only; the offsets that count are in PostgreSQL. */
static void commit_offsets(struct bus_inbox *in, rd_kafka_message_t **messages, int n)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);

    for (int i = 0; i < n; i++) {
        const char *topic = rd_kafka_topic_name(messages[i]->rkt);
        rd_kafka_topic_partition_t *p =
            rd_kafka_topic_partition_list_find(list, topic, messages[i]->partition);
        if (!p) {
            p = rd_kafka_topic_partition_list_add(list, topic, messages[i]->partition);
        }
        p->offset = messages[i]->offset + 1;
    }
    (void)rd_kafka_commit(in->rk, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
}

/* The first message is waited for; what else is there already comes along. */
static int take_waiting(struct bus_inbox *in, rd_kafka_message_t **messages)
{
    int n = 0;

    while (n < BATCH) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(in->rk, n == 0 ? POLL_MS : 0);
        atomic_store(&in->polled_ms, clock_ms());
        if (!m) {
            break;
        }
        if (m->err) {
            if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                log_warn("reading from Kafka failed; trying again",
                         KV("why", rd_kafka_message_errstr(m)));
            }
            rd_kafka_message_destroy(m);
            break;
        }
        messages[n++] = m;
    }
    return n;
}

static void *inbox_main(void *arg)
{
    struct bus_inbox *in = arg;
    rd_kafka_message_t *messages[BATCH];

    while (!atomic_load(&in->stopping)) {
        int n = take_waiting(in, messages);
        if (n > 0) {
            apply_until_done(in, messages, n);
            commit_offsets(in, messages, n);
        }
        for (int i = 0; i < n; i++) {
            rd_kafka_message_destroy(messages[i]);
        }
        arena_reset(in->arena);
    }
    return NULL;
}

/* ---- starting and ending ---- */

static bool heard(const struct stage *stage, const char *topic)
{
    for (int i = 0; i < stage->n_goals; i++) {
        if (strcmp(stage->goals[i].hears->topic, topic) == 0) {
            return true;
        }
    }
    return false;
}

static struct err subscribe(struct bus_inbox *in)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(4);

    for (int i = 0; kafka_topics[i]; i++) {
        if (heard(in->stage, kafka_topics[i])) {
            (void)rd_kafka_topic_partition_list_add(topics, kafka_topics[i], RD_KAFKA_PARTITION_UA);
        }
    }
    rd_kafka_resp_err_t code = rd_kafka_subscribe(in->rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code ? permanent("kafka: cannot subscribe: %.120s", rd_kafka_err2str(code)) : OK;
}

static struct err consumer_open(struct bus_inbox *in, const struct kafka_settings *kafka)
{
    rd_kafka_conf_t *conf = NULL;
    char why[160];

    TRY(kafka_conf(kafka, false, &conf));
    (void)rd_kafka_conf_set(conf, "group.id", kafka->service, why, sizeof why);
    (void)rd_kafka_conf_set(conf, "group.instance.id", kafka->instance, why, sizeof why);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_opaque(conf, in);
    in->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!in->rk) {
        rd_kafka_conf_destroy(conf);
        return permanent("kafka consumer: %s", why);
    }
    (void)rd_kafka_poll_set_consumer(in->rk);
    return subscribe(in);
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
    TRY(consumer_open(in, kafka));
    if (pthread_create(&in->thread, NULL, inbox_main, in) != 0) {
        return permanent("cannot start the inbox thread");
    }
    *ret = in;
    return OK;
}

bool inbox_ready(const struct bus_inbox *in)
{
    return atomic_load(&in->assigned) && clock_ms() - atomic_load(&in->polled_ms) < READY_WITHIN_MS;
}

void inbox_stop(struct bus_inbox *in)
{
    if (!in) {
        return;
    }
    atomic_store(&in->stopping, true);
    (void)pthread_join(in->thread, NULL);
    (void)rd_kafka_consumer_close(in->rk);
    rd_kafka_destroy(in->rk);
    db_free(in->db);
    arena_free(in->arena);
    free(in->texts);
    free(in);
}
