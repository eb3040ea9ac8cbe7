/* Places in the topics, and reading between two of them. */
#include "bus/reader.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { KAFKA_MS = 5000, POLL_MS = 500, STALLED_MS = 30000, HEADER_MOST = 200 };

static struct err of_kafka(rd_kafka_resp_err_t code)
{
    return code ? transient("kafka: %.150s", rd_kafka_err2str(code)) : OK;
}

static struct err add_topic(rd_kafka_t *rk, const char *name, int64_t when, kafka_places *places)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);

    if (!topic) {
        return of_kafka(rd_kafka_last_error());
    }
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, topic, &metadata, KAFKA_MS);
    rd_kafka_topic_destroy(topic);
    TRY(of_kafka(code));
    int n = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    for (int i = 0; i < n; i++) {
        rd_kafka_topic_partition_list_add(places, name, metadata->topics[0].partitions[i].id)
            ->offset = when;
    }
    rd_kafka_metadata_destroy(metadata);
    return n > 0 ? OK : transient("kafka: the topic %s is missing (clawctl topics)", name);
}

struct err kafka_places_at(rd_kafka_t *rk, int64_t when, kafka_places **ret)
{
    PLACES *places = rd_kafka_topic_partition_list_new(4 * KAFKA_PARTITIONS);

    for (int i = 0; kafka_topics[i]; i++) {
        if (strcmp(kafka_topics[i], "dead-letters") != 0) {
            TRY(add_topic(rk, kafka_topics[i], when, places));
        }
    }
    TRY(of_kafka(rd_kafka_offsets_for_times(rk, places, KAFKA_MS)));
    for (int i = 0; i < places->cnt; i++) {
        TRY(of_kafka(places->elems[i].err));
    }
    *ret = GIVE(places);
    return OK;
}

int64_t kafka_place(const kafka_places *places, const char *topic, int partition, int64_t otherwise)
{
    for (int i = 0; i < places->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &places->elems[i];
        if (p->partition == partition && strcmp(p->topic, topic) == 0) {
            return p->offset;
        }
    }
    return otherwise;
}

struct err kafka_cluster(rd_kafka_t *rk, char *ret, size_t size)
{
    char *id = rd_kafka_clusterid(rk, KAFKA_MS);

    if (!id) {
        return transient("kafka: no broker tells the cluster's id");
    }
    (void)snprintf(ret, size, "%s", id);
    rd_kafka_mem_free(rk, id);
    return OK;
}

struct err kafka_reader_new(const struct kafka_settings *kafka, rd_kafka_t **ret)
{
    rd_kafka_conf_t *conf = NULL;
    char why[160];

    TRY(kafka_conf(kafka, false, &conf));
    /* assign() needs a group's name; it is not joined, and nothing is stored */
    (void)rd_kafka_conf_set(conf, "group.id", kafka->service, why, sizeof why);
    (void)rd_kafka_conf_set(conf, "enable.partition.eof", "true", why, sizeof why);
    *ret = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!*ret) {
        rd_kafka_conf_destroy(conf);
        return permanent("kafka consumer: %s", why);
    }
    return of_kafka(rd_kafka_poll_set_consumer(*ret));
}

void kafka_reader_free(rd_kafka_t *reader)
{
    if (reader) {
        (void)rd_kafka_consumer_close(reader);
        rd_kafka_destroy(reader);
    }
}

const char *kafka_header(rd_kafka_message_t *message, const char *name, struct arena *arena)
{
    rd_kafka_headers_t *headers = NULL;
    const void *value = NULL;
    size_t size = 0;

    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        !value || size > HEADER_MOST) {
        return NULL;
    }
    return arena_strndup(arena, value, size);
}

/* The partitions that have something to read. */
static kafka_places *to_read(const kafka_places *from, const kafka_places *to)
{
    kafka_places *parts = rd_kafka_topic_partition_list_new(from->cnt);

    for (int i = 0; i < from->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &from->elems[i];
        if (p->offset < kafka_place(to, p->topic, p->partition, 0)) {
            rd_kafka_topic_partition_list_add(parts, p->topic, p->partition)->offset = p->offset;
        }
    }
    return parts;
}

/* One message, or the end of a partition: `left` forgets a partition that is done. */
static struct err take_one(rd_kafka_message_t *m, const kafka_places *to, kafka_places *left,
                           kafka_takes *take, void *context)
{
    const char *topic = m->rkt ? rd_kafka_topic_name(m->rkt) : "";

    if (m->err && m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        return transient("kafka: %.150s", rd_kafka_message_errstr(m));
    }
    int64_t end = kafka_place(to, topic, m->partition, 0);
    if (!m->err && m->offset < end) {
        TRY(take(context, m));
    }
    if (m->err || m->offset + 1 >= end) {
        (void)rd_kafka_topic_partition_list_del(left, topic, m->partition);
    }
    return OK;
}

static void message_free_p(rd_kafka_message_t **m)
{
    if (*m) {
        rd_kafka_message_destroy(*m);
    }
}

static struct err read_all(rd_kafka_t *reader, const kafka_places *to, kafka_places *left,
                           kafka_takes *take, void *context, const atomic_bool *stopping)
{
    int64_t heard_ms = clock_ms();

    while (left->cnt > 0) {
        SCOPED(message_free_p)
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, POLL_MS);
        if (stopping && atomic_load(stopping)) {
            return transient("told to stop");
        }
        if (m) {
            heard_ms = clock_ms();
            TRY(take_one(m, to, left, take, context));
        } else if (clock_ms() - heard_ms > STALLED_MS) {
            return transient("kafka: nothing comes from %s any more", left->elems[0].topic);
        }
    }
    return OK;
}

struct err kafka_read(rd_kafka_t *reader, const kafka_places *from, const kafka_places *to,
                      kafka_takes *take, void *context, const atomic_bool *stopping)
{
    PLACES *left = to_read(from, to);

    if (left->cnt == 0) {
        return OK;
    }
    TRY(of_kafka(rd_kafka_assign(reader, left)));
    struct err e = read_all(reader, to, left, take, context, stopping);
    (void)rd_kafka_assign(reader, NULL);
    return e;
}
