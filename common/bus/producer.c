/* The producer: one librdkafka handle, its topics, and the messages on their way. */
#include "bus/producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"

enum { METADATA_MS = 2000, PURGE_MS = 200, TOPICS_MOST = 8 };

struct producer {
    const struct kafka_settings *kafka;
    rd_kafka_t *rk;
    rd_kafka_topic_t *topics[TOPICS_MOST]; /* held so that their partitions stay known */
};

/* The report on one message, called from poll. */
static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct flight *flight = message->_private;

    (void)rk;
    (void)opaque;
    flight->reported = true;
    flight->delivered = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void close_handle(struct producer *p)
{
    for (int i = 0; kafka_topics[i]; i++) {
        if (p->topics[i]) {
            rd_kafka_topic_destroy(p->topics[i]);
            p->topics[i] = NULL;
        }
    }
    if (p->rk) {
        (void)rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        (void)rd_kafka_poll(p->rk, PURGE_MS);
        rd_kafka_destroy(p->rk);
        p->rk = NULL;
    }
}

static struct err open_handle(struct producer *p)
{
    rd_kafka_conf_t *conf = NULL;
    char why[160];

    TRY(kafka_conf(p->kafka, true, &conf));
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    p->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!p->rk) {
        rd_kafka_conf_destroy(conf);
        return permanent("kafka producer: %s", why);
    }
    return OK;
}

bool producer_knows_topics(struct producer *p)
{
    for (int i = 0; kafka_topics[i]; i++) {
        const struct rd_kafka_metadata *metadata = NULL;
        if (!p->topics[i] && !(p->topics[i] = rd_kafka_topic_new(p->rk, kafka_topics[i], NULL))) {
            return false;
        }
        if (rd_kafka_metadata(p->rk, 0, p->topics[i], &metadata, METADATA_MS) !=
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

bool producer_renewed(struct producer *p)
{
    if (p->rk && !rd_kafka_fatal_error(p->rk, NULL, 0)) {
        return false;
    }
    log_error("the Kafka producer failed for good; making a new one");
    close_handle(p);
    struct err e = open_handle(p);
    if (failed(e)) { /* the settings were good at start: out of memory or threads */
        abort();
    }
    return true;
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

static rd_kafka_resp_err_t produce(struct producer *p, const struct rows *rows, int i,
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
    (void)snprintf(source, sizeof source, "/openclaw/%s", p->kafka->service);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        p->rk, RD_KAFKA_V_TOPIC(rows_text(rows, i, "topic")),
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

void producer_send(struct producer *p, const struct rows *rows, int i, struct flight *flight)
{
    *flight = (struct flight){.used = true, .sent_ms = clock_ms()};
    (void)snprintf(flight->id, sizeof flight->id, "%s", rows_text(rows, i, "id"));
    if (produce(p, rows, i, flight) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        flight->reported = true; /* queue full or no such topic: stays in the outbox */
    }
}

void producer_poll(struct producer *p, int ms)
{
    (void)rd_kafka_poll(p->rk, ms);
}

struct err producer_new(const struct kafka_settings *kafka, struct producer **ret)
{
    struct producer *p = calloc(1, sizeof *p);

    if (!p) {
        abort();
    }
    p->kafka = kafka;
    struct err e = open_handle(p);
    if (failed(e)) {
        free(p);
        return e;
    }
    *ret = p;
    return OK;
}

void producer_free(struct producer *p)
{
    if (p) {
        close_handle(p);
        free(p);
    }
}
