/* The consumer: one librdkafka handle, its assignment, and where reading goes on. */
#include "bus/consumer.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/epoch.h"
#include "bus/position.h"

enum { POLL_MS = 1000, PAUSE_MS = 200, READY_WITHIN_MS = 10000, RENEW_AGAIN_MS = 60000 };

struct consumer {
    rd_kafka_t *rk;
    struct db *db;
    const struct stage *stage;
    const atomic_bool *stopping;
    struct epoch epoch;
    struct position position;
    bool lost;          /* joins anew before it reads on */
    int64_t renewed_ms; /* when it last did so; 0 never */
    atomic_bool assigned;
    _Atomic int64_t polled_ms;
};

/* Without the offsets nothing may be read, so it waits for them; nor with a database that is older than the topics. */
static void assign(struct consumer *c, rd_kafka_topic_partition_list_t *parts)
{
    (void)epoch_await(&c->epoch);
    for (int i = 0; i < parts->cnt && !atomic_load(c->stopping);) {
        struct err e = position_find(&c->position, c->rk, &parts->elems[i]);
        if (failed(e)) {
            log_warn("cannot learn where to go on reading; trying again",
                     KV("why", (const char *)e.text));
            (void)usleep(PAUSE_MS * 1000);
        } else {
            i++;
        }
    }
    if (!atomic_load(c->stopping)) {
        (void)rd_kafka_assign(c->rk, parts);
        atomic_store(&c->assigned, true);
    }
}

/* Called from poll, on the inbox thread. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *parts, void *opaque)
{
    struct consumer *c = opaque;

    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        assign(c, parts);
    } else {
        atomic_store(&c->assigned, false);
        (void)rd_kafka_assign(rk, NULL);
    }
}

/*
 * Fenced by a twin of the same INSTANCE, or by a broker that was killed and has forgotten who joined last: who is alone
 * may join anew. Of twins, each does so once, and then the one that was there first ends.
 */
static bool may_join_anew(const struct consumer *c)
{
    return rd_kafka_fatal_error(c->rk, NULL, 0) == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID &&
           (c->renewed_ms == 0 || clock_ms() - c->renewed_ms > RENEW_AGAIN_MS);
}

/* An error in the place of a message. */
static void judge(struct consumer *c, const rd_kafka_message_t *m)
{
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        return;
    }
    if (may_join_anew(c)) {
        log_warn("Kafka takes another for this process; joining anew",
                 KV("why", rd_kafka_message_errstr(m)));
        atomic_store(&c->assigned, false);
        c->lost = true;
        c->renewed_ms = clock_ms();
        return;
    }
    if (rd_kafka_fatal_error(c->rk, NULL, 0)) { /* only a new process helps */
        log_error("the Kafka consumer failed for good; this process ends",
                  KV("why", rd_kafka_message_errstr(m)));
        atomic_store(&c->assigned, false);
        (void)kill(getpid(), SIGTERM);
        (void)usleep(PAUSE_MS * 1000);
        return;
    }
    log_warn("reading from Kafka failed; trying again", KV("why", rd_kafka_message_errstr(m)));
    if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        /* The broker has nothing at our offset (auto.offset.reset = error): the database and the broker are asked anew, by
         * another handle. Assigning this one's partitions again while it still stops reading them ends the process
         * (librdkafka 2.0.2: rd_kafka_assignment_partition_stopped asserts rktp_started). */
        atomic_store(&c->assigned, false);
        c->lost = true;
    }
}

void consumer_alive(struct consumer *c)
{
    atomic_store(&c->polled_ms, clock_ms());
}

bool consumer_ready(const struct consumer *c)
{
    return atomic_load(&c->assigned) && clock_ms() - atomic_load(&c->polled_ms) < READY_WITHIN_MS;
}

static struct err open_handle(struct consumer *c, const struct kafka_settings *kafka)
{
    rd_kafka_conf_t *conf = NULL;
    char why[160];

    TRY(kafka_conf(kafka, false, &conf));
    (void)rd_kafka_conf_set(conf, "group.id", kafka->service, why, sizeof why);
    (void)rd_kafka_conf_set(conf, "group.instance.id", kafka->instance, why, sizeof why);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_opaque(conf, c);
    c->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!c->rk) {
        rd_kafka_conf_destroy(conf);
        return permanent("kafka consumer: %s", why);
    }
    c->epoch.rk = c->rk;
    (void)rd_kafka_poll_set_consumer(c->rk);
    return OK;
}

static void close_handle(struct consumer *c)
{
    if (c->rk) {
        (void)rd_kafka_consumer_close(c->rk);
        rd_kafka_destroy(c->rk);
        c->rk = NULL;
    }
}

static void join_anew(struct consumer *c)
{
    c->lost = false;
    close_handle(c);
    struct err opened = open_handle(c, c->epoch.kafka);
    if (failed(opened)) { /* the settings were good at start: out of memory or threads */
        abort();
    }
    struct err e = consumer_join(c);
    if (failed(e) && !atomic_load(c->stopping)) {
        log_error("cannot join anew", KV("why", (const char *)e.text));
        c->lost = true;
        (void)usleep(PAUSE_MS * 1000);
    }
}

int consumer_take(struct consumer *c, rd_kafka_message_t **messages, int most)
{
    int n = 0;

    if (c->lost) {
        join_anew(c);
    }
    while (n < most) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(c->rk, n == 0 ? POLL_MS : 0);
        consumer_alive(c);
        if (!m) {
            break;
        }
        if (m->err) {
            judge(c, m);
            rd_kafka_message_destroy(m);
            break;
        }
        messages[n++] = m;
    }
    return n;
}

void consumer_commit(struct consumer *c, rd_kafka_message_t **messages, int n)
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
    (void)rd_kafka_commit(c->rk, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
}

static bool heard(const struct stage *stage, const char *topic)
{
    for (int i = 0; i < stage->n_goals; i++) {
        if (strcmp(stage->goals[i].hears->topic, topic) == 0) {
            return true;
        }
    }
    return false;
}

void consumer_compare(struct consumer *c)
{
    (void)epoch_await(&c->epoch);
    consumer_alive(c);
}

struct err consumer_join(struct consumer *c)
{
    if (!epoch_await(&c->epoch)) {
        return transient("told to stop");
    }
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(4);
    for (int i = 0; kafka_topics[i]; i++) {
        if (heard(c->stage, kafka_topics[i])) {
            (void)rd_kafka_topic_partition_list_add(topics, kafka_topics[i], RD_KAFKA_PARTITION_UA);
        }
    }
    rd_kafka_resp_err_t code = rd_kafka_subscribe(c->rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code ? permanent("kafka: cannot subscribe: %.120s", rd_kafka_err2str(code)) : OK;
}

struct err consumer_new(const struct kafka_settings *kafka, const struct stage *stage,
                        struct db *db, const atomic_bool *stopping,
                        void (*tell)(void *context, bool older), void *context,
                        struct consumer **ret)
{
    struct consumer *c = calloc(1, sizeof *c);

    if (!c) {
        abort();
    }
    c->db = db;
    c->stage = stage;
    c->stopping = stopping;
    c->epoch = (struct epoch){.kafka = kafka,
                              .reads = true,
                              .db = db,
                              .stopping = stopping,
                              .tell = tell,
                              .context = context};
    c->position = (struct position){.db = db, .cluster = c->epoch.cluster};
    struct err e = open_handle(c, kafka);
    if (failed(e)) {
        consumer_free(c);
        return e;
    }
    *ret = c;
    return OK;
}

void consumer_free(struct consumer *c)
{
    if (!c) {
        return;
    }
    close_handle(c);
    free(c);
}
