/* The relay thread: take over what dead processes left, read what is ours, produce, forget the delivered. */
#include "bus/relay.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/db.h"

enum { BATCH = 100, SWEEP_MS = 1000, STOP_MS = 3000, PAUSE_MS = 500 };

/* A row waits while an older one of its key is there: order per deployment, whoever owns which row. */
static const char read_sql[] =
    "select o.id, o.event_id, o.topic, o.key, o.type, o.payload, "
    "to_char(o.at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as at "
    "from outbox o where o.owner = $1::uuid "
    "and not exists (select from outbox older where older.key = o.key and older.id < o.id) "
    "order by o.id limit $2::int";
static const char delete_sql[] = "delete from outbox where id = any ($1::bigint[])";
/* Our own leases are renewed in the same way: only rows that are late are touched. */
static const char take_over_sql[] = "update outbox set owner = $1::uuid, lease_until = now() + "
                                    "interval '10 s' where lease_until < now()";

struct bus_relay {
    const char *owner, *service;
    struct db *db;
    const struct kafka_settings *kafka;
    rd_kafka_t *rk;
    rd_kafka_topic_t *topics[8]; /* held so that the producer keeps knowing their partitions */
    pthread_t thread;
    int wake_fd;
    atomic_bool stopping, ready;
    int64_t swept_ms;
};

/* One message in flight; the delivery report writes `delivered`. */
struct flight {
    const char *id;
    bool reported, delivered;
};

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct flight *flight = message->_private;

    (void)rk;
    (void)opaque;
    flight->reported = true;
    flight->delivered = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void producer_close(struct bus_relay *r)
{
    for (int i = 0; kafka_topics[i]; i++) {
        if (r->topics[i]) {
            rd_kafka_topic_destroy(r->topics[i]);
            r->topics[i] = NULL;
        }
    }
    if (r->rk) {
        rd_kafka_destroy(r->rk);
        r->rk = NULL;
    }
}

static struct err producer_open(struct bus_relay *r)
{
    rd_kafka_conf_t *conf = NULL;
    char why[160];

    TRY(kafka_conf(r->kafka, true, &conf));
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    r->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!r->rk) {
        rd_kafka_conf_destroy(conf);
        return permanent("kafka producer: %s", why);
    }
    return OK;
}

/* The first event of a producer costs a second without this. */
static bool fetch_metadata(struct bus_relay *r)
{
    for (int i = 0; kafka_topics[i]; i++) {
        const struct rd_kafka_metadata *metadata = NULL;
        if (!r->topics[i] && !(r->topics[i] = rd_kafka_topic_new(r->rk, kafka_topics[i], NULL))) {
            return false;
        }
        if (rd_kafka_metadata(r->rk, 0, r->topics[i], &metadata, 2000) !=
            RD_KAFKA_RESP_ERR_NO_ERROR) {
            return false;
        }
        bool known = metadata->topic_cnt == 1 && metadata->topics[0].partition_cnt > 0;
        rd_kafka_metadata_destroy(metadata);
        if (!known) {
            return false;
        }
    }
    return true;
}

/* A producer that failed for good (librdkafka says so) is replaced; its rows are still in the outbox. */
static struct err producer_renew_if_dead(struct bus_relay *r)
{
    if (!rd_kafka_fatal_error(r->rk, NULL, 0)) {
        return OK;
    }
    log_error("the Kafka producer failed for good; making a new one");
    producer_close(r);
    TRY(producer_open(r));
    return fetch_metadata(r) ? OK : transient("Kafka does not answer");
}

/* One trace for each deployment: its id is the trace id, so no row needs to carry one. */
static void traceparent(const char *key, char ret[64])
{
    char trace[33], span[ID_SIZE];
    int n = 0;

    id_new(span);
    for (const char *c = key; *c && n < 32; c++) {
        if (*c != '-') {
            trace[n++] = *c;
        }
    }
    trace[n] = '\0';
    (void)snprintf(ret, 64, "00-%s-%.4s%.12s-01", trace, span + 19, span + 24);
}

static rd_kafka_resp_err_t produce(struct bus_relay *r, const struct rows *rows, int i,
                                   struct flight *flight)
{
    const char *key = rows_text(rows, i, "key");
    char *payload =
        strdup(rows_text(rows, i, "payload")); /* librdkafka's macro wants it non-const */
    char trace[64], source[80];

    if (!payload) {
        abort();
    }
    traceparent(key, trace);
    (void)snprintf(source, sizeof source, "/openclaw/%s", r->service);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        r->rk, RD_KAFKA_V_TOPIC(rows_text(rows, i, "topic")),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, strlen(key)),
        RD_KAFKA_V_VALUE(payload, strlen(payload)), RD_KAFKA_V_HEADER("ce_specversion", "1.0", -1),
        RD_KAFKA_V_HEADER("ce_id", rows_text(rows, i, "event_id"), -1),
        RD_KAFKA_V_HEADER("ce_type", rows_text(rows, i, "type"), -1),
        RD_KAFKA_V_HEADER("ce_source", source, -1),
        RD_KAFKA_V_HEADER("ce_time", rows_text(rows, i, "at"), -1),
        RD_KAFKA_V_HEADER("traceparent", trace, -1), RD_KAFKA_V_OPAQUE(flight), RD_KAFKA_V_END);
    free(payload);
    return code;
}

/* Waits for every report; message.timeout.ms makes sure they come, a purge that they come in time at the end. */
static void await_reports(struct bus_relay *r, const struct flight *flights, int n)
{
    int64_t purge_at = 0;

    for (int i = 0; i < n; i++) {
        while (!flights[i].reported) {
            (void)rd_kafka_poll(r->rk, 20);
            if (atomic_load(&r->stopping) && purge_at == 0) {
                purge_at = clock_ms() + STOP_MS;
            }
            if (purge_at && clock_ms() > purge_at) {
                (void)rd_kafka_purge(r->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
            }
        }
    }
}

static void publish(struct bus_relay *r, const struct rows *rows, struct flight *flights)
{
    int n = rows_count(rows);

    for (int i = 0; i < n; i++) {
        flights[i].id = rows_text(rows, i, "id");
        if (produce(r, rows, i, &flights[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            flights[i].reported = true; /* queue full or unknown topic: stays in the outbox */
        }
    }
    await_reports(r, flights, n);
}

static struct err forget(struct bus_relay *r, const struct flight *flights, int n,
                         int *ret_delivered)
{
    char ids[BATCH * 22 + 3];
    size_t at = 0;

    *ret_delivered = 0;
    ids[at++] = '{';
    for (int i = 0; i < n; i++) {
        if (flights[i].delivered) {
            at += (size_t)snprintf(ids + at, sizeof ids - at, "%s%s", *ret_delivered ? "," : "",
                                   flights[i].id);
            ++*ret_delivered;
        }
    }
    ids[at++] = '}';
    ids[at] = '\0';
    if (*ret_delivered == 0) {
        return OK;
    }
    return db_exec(r->db, NULL, delete_sql, P((const char *)ids));
}

/* Publishes one batch. `ret_more`: look again at once. */
static struct err turn(struct bus_relay *r, bool *ret_more)
{
    ROWS *rows = NULL;
    int delivered = 0;

    *ret_more = false;
    if (clock_ms() - r->swept_ms >= SWEEP_MS) {
        TRY(db_exec(r->db, NULL, take_over_sql, P(r->owner)));
        r->swept_ms = clock_ms();
    }
    TRY(producer_renew_if_dead(r));
    TRY(db_exec(r->db, &rows, read_sql, P(r->owner), P(BATCH)));
    int n = rows_count(rows);
    if (n == 0) {
        return OK;
    }
    struct flight flights[BATCH] = {0};
    publish(r, rows, flights);
    struct err e = forget(r, flights, n, &delivered);
    METRIC_ADD(outbox_published, delivered);
    METRIC_ADD(outbox_retried, n - delivered);
    *ret_more = !failed(e) && delivered > 0;
    if (!failed(e) && delivered < n) {
        return transient("%d of %d events could not be delivered to Kafka", n - delivered, n);
    }
    return e;
}

static void wait_for_kafka(struct bus_relay *r)
{
    while (!atomic_load(&r->stopping)) {
        if (fetch_metadata(r)) {
            atomic_store(&r->ready, true);
            return;
        }
        log_warn("Kafka does not answer, or its topics are missing (clawctl topics); trying again");
        struct pollfd p = {.fd = r->wake_fd, .events = 0};
        (void)poll(&p, 1, PAUSE_MS);
    }
}

static void *relay_main(void *arg)
{
    struct bus_relay *r = arg;
    int64_t stop_by = 0;
    int wait_ms = 0;

    wait_for_kafka(r);
    for (;;) {
        struct pollfd p = {.fd = r->wake_fd, .events = POLLIN};
        uint64_t wakes;
        bool more = false;
        if (poll(&p, 1, wait_ms) > 0) {
            (void)!read(p.fd, &wakes, sizeof wakes);
        }
        if (atomic_load(&r->stopping) && stop_by == 0) {
            stop_by = clock_ms() + STOP_MS;
        }
        struct err e = atomic_load(&r->ready) ? turn(r, &more) : OK;
        if (failed(e)) {
            log_warn("publishing events failed; trying again", KV("why", (const char *)e.text));
        }
        if (stop_by && (!more || clock_ms() > stop_by)) {
            return NULL;
        }
        wait_ms = failed(e) ? PAUSE_MS : more ? 0 : SWEEP_MS;
    }
}

struct err relay_start(const struct kafka_settings *kafka, const char *database_url,
                       const char *schema, const char *owner, struct bus_relay **ret)
{
    struct bus_relay *r = calloc(1, sizeof *r);

    if (!r) {
        abort();
    }
    r->owner = owner;
    r->service = kafka->service;
    r->kafka = kafka;
    r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    TRY(producer_open(r));
    r->db = db_new(database_url, kafka->service, schema);
    db_force_index_plans(r->db);
    db_commit_lazily(r->db); /* a lost delete is a repeat, and repeats are harmless */
    if (pthread_create(&r->thread, NULL, relay_main, r) != 0) {
        return permanent("cannot start the relay thread");
    }
    *ret = r;
    return OK;
}

void relay_wake(struct bus_relay *r)
{
    const uint64_t one = 1;

    (void)!write(r->wake_fd, &one, sizeof one);
}

bool relay_ready(const struct bus_relay *r)
{
    return atomic_load(&r->ready);
}

void relay_stop(struct bus_relay *r)
{
    if (!r) {
        return;
    }
    atomic_store(&r->stopping, true);
    relay_wake(r);
    (void)pthread_join(r->thread, NULL);
    producer_close(r);
    db_free(r->db);
    (void)close(r->wake_fd);
    free(r);
}
