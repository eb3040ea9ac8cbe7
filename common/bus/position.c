/* Where reading goes on: asked of the database, and of the broker whether that is there. */
#include "bus/position.h"

#include <string.h>

#include "base/log.h"

enum { WATERMARK_MS = 5000 };

/* Read for the first time, it begins where the broker does: what went before is no loss. */
static const char seen_sql[] =
    "insert into offsets (topic, partition, next, cluster) values ($1, $2::int, $4::bigint, $3) "
    "on conflict do nothing";
static const char stored_sql[] =
    "select next, coalesce(cluster, $3) <> $3 as elsewhere, cluster is null as unnamed "
    "from offsets where topic = $1 and partition = $2::int";
/* Only from another cluster's position: two copies may both have seen it. */
static const char begin_sql[] =
    "update offsets set next = $3::bigint, cluster = $4 where topic = $1 and partition = $2::int "
    "and cluster is distinct from $4";
static const char rewind_sql[] =
    "update offsets set next = $3::bigint where topic = $1 and partition = $2::int";

/* A position in another cluster means nothing in this one, which holds nothing but what was said since. */
static struct err begin_anew(struct position *c, const rd_kafka_topic_partition_t *p, int64_t low)
{
    if (strcmp(c->told, c->cluster) != 0) {
        memcpy(c->told, c->cluster, sizeof c->told);
        log_error("Kafka is another one than before, its topics were made anew; reading from the "
                  "beginning. What was not yet read from the old one is lost: when deployments "
                  "stand still, run clawctl replay --from-state",
                  KV("cluster", (const char *)c->cluster));
    }
    return db_exec(c->db, NULL, begin_sql, P((const char *)p->topic), P(p->partition), P(low),
                   P((const char *)c->cluster));
}

/* The stored position is one at which the broker has nothing. */
static void tell_lost(const rd_kafka_topic_partition_t *p, int64_t low, int64_t high)
{
    const char *topic = p->topic;

    if (p->offset > high) {
        log_error("the stored offset is past the end: this topic was made anew; reading it "
                  "from its beginning. What was not yet read is lost: when deployments stand "
                  "still, run clawctl replay --from-state",
                  KV("topic", topic), KV("partition", p->partition), KV("stored", p->offset),
                  KV("end", high));
    } else {
        log_error("Kafka deleted messages before they were read; reading from the first that is "
                  "left. What was not read is lost: when deployments stand still, run clawctl "
                  "replay --from-state",
                  KV("topic", topic), KV("partition", p->partition), KV("stored", p->offset),
                  KV("beginning", low), KV("lost", low - p->offset));
    }
}

struct err position_find(struct position *c, rd_kafka_t *rk, rd_kafka_topic_partition_t *p)
{
    const char *topic = p->topic, *cluster = c->cluster;
    ROWS *rows = NULL, *now = NULL;
    int64_t low = 0, high = 0;

    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(rk, topic, p->partition, &low, &high, WATERMARK_MS);
    if (code) {
        return transient("kafka: %.120s", rd_kafka_err2str(code));
    }
    TRY(db_exec(c->db, NULL, seen_sql, P(topic), P(p->partition), P(cluster), P(low)));
    TRY(db_exec(c->db, &rows, stored_sql, P(topic), P(p->partition), P(cluster)));
    if (rows_bool(rows, 0, "elsewhere")) {
        TRY(begin_anew(c, p, low));
    } else if (rows_bool(rows, 0, "unnamed")) {
        TRY(db_exec(c->db, NULL, begin_sql, P(topic), P(p->partition), P(rows_int(rows, 0, "next")),
                    P(cluster)));
    }
    TRY(db_exec(c->db, &now, stored_sql, P(topic), P(p->partition), P(cluster)));
    p->offset = rows_int(now, 0, "next");
    if (p->offset > high || p->offset < low) {
        tell_lost(p, low, high);
        TRY(db_exec(c->db, NULL, rewind_sql, P(topic), P(p->partition), P(low)));
        p->offset = low;
    }
    return OK;
}
