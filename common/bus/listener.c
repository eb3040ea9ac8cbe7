/* The listener thread: every partition of the four topics, from its end, no group. */
#include "bus/listener.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/log.h"

enum { POLL_MS = 500, PAUSE_MS = 500 };

struct bus_listener {
    listener_hears *hears;
    void *context;
    rd_kafka_t *rk;
    pthread_t thread;
    atomic_bool stopping, ready;
};

static bool assign_all(struct bus_listener *l)
{
    rd_kafka_topic_partition_list_t *parts =
        rd_kafka_topic_partition_list_new(4 * KAFKA_PARTITIONS);
    const struct rd_kafka_metadata *metadata = NULL;

    if (rd_kafka_metadata(l->rk, 1, NULL, &metadata, 3000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        for (int t = 0; t < metadata->topic_cnt; t++) {
            const rd_kafka_metadata_topic_t *topic = &metadata->topics[t];
            for (int i = 0; kafka_topics[i]; i++) {
                if (strcmp(kafka_topics[i], "dead-letters") == 0 ||
                    strcmp(kafka_topics[i], topic->topic) != 0) {
                    continue;
                }
                for (int p = 0; p < topic->partition_cnt; p++) {
                    rd_kafka_topic_partition_list_add(parts, topic->topic, topic->partitions[p].id)
                        ->offset = RD_KAFKA_OFFSET_END;
                }
            }
        }
        rd_kafka_metadata_destroy(metadata);
    }
    bool some = parts->cnt > 0 && rd_kafka_assign(l->rk, parts) == RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_topic_partition_list_destroy(parts);
    return some;
}

static void *listener_main(void *arg)
{
    struct bus_listener *l = arg;

    while (!atomic_load(&l->stopping)) {
        if (!atomic_load(&l->ready)) {
            atomic_store(&l->ready, assign_all(l));
            if (!atomic_load(&l->ready)) {
                log_warn("Kafka does not answer, or its topics are missing (clawctl topics); "
                         "trying again");
                (void)usleep(PAUSE_MS * 1000);
            }
            continue;
        }
        rd_kafka_message_t *m = rd_kafka_consumer_poll(l->rk, POLL_MS);
        if (!m) {
            continue;
        }
        char id[ID_SIZE];
        if (!m->err && m->key && m->key_len == ID_SIZE - 1) {
            memcpy(id, m->key, ID_SIZE - 1);
            id[ID_SIZE - 1] = '\0';
            if (id_valid(id)) {
                l->hears(l->context, id);
            }
        }
        rd_kafka_message_destroy(m);
    }
    return NULL;
}

static struct err open_handle(struct bus_listener *l, const struct kafka_settings *kafka)
{
    rd_kafka_conf_t *conf = NULL;
    char why[160];

    TRY(kafka_conf(kafka, false, &conf));
    /* assign() needs a group's name; nothing is stored */
    (void)rd_kafka_conf_set(conf, "group.id", "api-gateway", why, sizeof why);
    (void)rd_kafka_conf_set(conf, "auto.offset.reset", "latest", why, sizeof why);
    l->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!l->rk) {
        rd_kafka_conf_destroy(conf);
        return permanent("kafka consumer: %s", why);
    }
    (void)rd_kafka_poll_set_consumer(l->rk);
    return OK;
}

static void listener_free(struct bus_listener *l)
{
    if (l->rk) {
        (void)rd_kafka_consumer_close(l->rk);
        rd_kafka_destroy(l->rk);
    }
    free(l);
}

struct err listener_start(const struct kafka_settings *kafka, listener_hears *hears, void *context,
                          struct bus_listener **ret)
{
    struct bus_listener *l = calloc(1, sizeof *l);

    if (!l) {
        abort();
    }
    l->hears = hears;
    l->context = context;
    struct err e = open_handle(l, kafka);
    if (failed(e)) {
        listener_free(l);
        return e;
    }
    if (pthread_create(&l->thread, NULL, listener_main, l) != 0) {
        listener_free(l);
        return permanent("cannot start the listener thread");
    }
    *ret = l;
    return OK;
}

bool listener_ready(const struct bus_listener *l)
{
    return atomic_load(&l->ready);
}

void listener_stop(struct bus_listener *l)
{
    if (!l) {
        return;
    }
    atomic_store(&l->stopping, true);
    (void)pthread_join(l->thread, NULL);
    listener_free(l);
}
