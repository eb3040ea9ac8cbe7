/* From the topics to events in the order they were said. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/ids.h"
#include "event.h"
#include "recall.h"

enum { EVENTS_MOST = 5000000, NAMED_MOST = 20, SOURCE_SKIP = 10 /* "/openclaw/" */ };

struct gathering {
    struct recall_events *events;
    struct arena *arena;
};

void recall_events_release(struct recall_events *events)
{
    for (int i = 0; i < events->n; i++) {
        free(events->all[i].json);
    }
    free(events->all);
    events->all = NULL;
    events->n = 0;
}

/* {type, topic, service, at, fields} for recall(). */
static struct err written(rd_kafka_message_t *m, const struct event *event, struct arena *arena,
                          char **ret)
{
    const char *source = kafka_header(m, "ce_source", arena),
               *at = kafka_header(m, "ce_time", arena);
    json_t *fields = json_loadb(m->payload, m->len, 0, NULL);

    if (!source || strncmp(source, "/openclaw/", SOURCE_SKIP) != 0 || !at) {
        json_decref(fields);
        return permanent("no ce_source or ce_time of ours");
    }
    json_auto_t *all =
        json_pack("{s:s, s:s, s:s, s:s, s:o}", "type", event->type, "topic", event->topic,
                  "service", source + SOURCE_SKIP, "at", at, "fields", fields);
    *ret = all ? json_dumps(all, JSON_COMPACT) : NULL;
    return *ret ? OK : permanent("not text");
}

static struct err understood(struct gathering *g, rd_kafka_message_t *m)
{
    const char *type = kafka_header(m, "ce_type", g->arena);
    const struct event *event = type ? event_find(type) : NULL;
    char *json = NULL;

    if (!event || strcmp(event->topic, rd_kafka_topic_name(m->rkt)) != 0) {
        return permanent("no event type of this topic");
    }
    void *fields = arena_alloc(g->arena, event->size);
    TRY(event_decode(event, g->arena, m->payload, m->len, fields));
    const struct event_common *common = fields;
    if (m->key_len != ID_SIZE - 1 || memcmp(m->key, common->deployment_id, ID_SIZE - 1) != 0) {
        return permanent("its key is not its deploymentId");
    }
    if (common->seq < 1 || common->seq > INT32_MAX || common->generation < 1 ||
        common->generation > INT32_MAX) {
        return permanent("no seq or generation");
    }
    TRY(written(m, event, g->arena, &json));
    struct recall_event e = {.seq = (int)common->seq,
                             .rank = strcmp(event->topic, "deployments") != 0,
                             .offset = m->offset,
                             .json = json};
    memcpy(e.id, common->deployment_id, ID_SIZE - 1);
    g->events->all[g->events->n++] = e;
    return OK;
}

static struct err take(void *context, rd_kafka_message_t *m)
{
    struct gathering *g = context;

    if (g->events->n >= EVENTS_MOST) {
        return permanent("more than %d events in one partition", EVENTS_MOST);
    }
    struct err e = understood(g, m);
    arena_reset(g->arena);
    if (failed(e) && g->events->unreadable++ < NAMED_MOST) {
        (void)printf("unreadable: %s partition %d offset %lld: %s\n", rd_kafka_topic_name(m->rkt),
                     m->partition, (long long)m->offset, e.text);
    }
    return OK;
}

/* The event that owns a place comes before those that are said again with it (their topics' ranks differ). */
static int in_order(const void *a, const void *b)
{
    const struct recall_event *x = a, *y = b;
    int by = strcmp(x->id, y->id);

    by = by ? by : (x->seq > y->seq) - (x->seq < y->seq);
    by = by ? by : x->rank - y->rank;
    return by ? by : (x->offset > y->offset) - (x->offset < y->offset);
}

struct err recall_gather(rd_kafka_t *reader, const kafka_places *from, const kafka_places *to,
                         int partition, struct recall_events *ret)
{
    PLACES *parts = rd_kafka_topic_partition_list_new(4);
    struct gathering g = {.events = ret, .arena = arena_new()};

    /* All at once: what is never written to takes no memory. */
    ret->all = calloc(EVENTS_MOST, sizeof *ret->all);
    if (!ret->all) {
        abort();
    }
    for (int i = 0; i < from->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &from->elems[i];
        if (partition < 0 || p->partition == partition) {
            rd_kafka_topic_partition_list_add(parts, p->topic, p->partition)->offset = p->offset;
        }
    }
    struct err e = kafka_read(reader, parts, to, take, &g, NULL);
    arena_free(g.arena);
    if (!failed(e) && ret->n > 0) {
        qsort(ret->all, (size_t)ret->n, sizeof *ret->all, in_order);
    }
    return e;
}
