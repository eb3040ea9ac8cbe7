/* Comparing the database with the topics. Kafka is always asked first: what it knows, a database that fits knows, too. */
#include "bus/epoch.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "bus/reader.h"
#include "event.h"

enum {
    KAFKA_MS = 5000,
    PAUSE_MS = 200,
    AGAIN_MS = 1000,
    SAY_MS = 30000,
    TAIL_MOST = 500, /* unread events looked at in each partition: the newest tell the most */
    ASK_AT = 500,    /* that many events are one question to the database */
    LIST_CEILING = 64 * 1024,
};

static const char own_sql[] =
    "select topic, partition, case when coalesce(cluster, $1) = $1 then next else 0 end as next "
    "from offsets";
/*
 * What any stage has read: that was said before, so a database that knows of the reading knows of it, too. What nobody
 * has read is left to look at, and a message of a stranger no longer once somebody has buried it.
 */
static const char read_sql[] = "select topic, partition, max(next) as next from reading_positions "
                               "where coalesce(cluster, $1) = $1 group by topic, partition";
static const char newer_sql[] =
    "select count(*) as n from unnest($1::uuid[], $2::int[]) as said(id, seq) "
    "left join deployments d on d.id = said.id where said.seq > coalesce(d.seq, 0)";

static kafka_places *places_of(const struct rows *rows)
{
    kafka_places *places = rd_kafka_topic_partition_list_new(rows_count(rows) + 1);

    for (int i = 0; i < rows_count(rows); i++) {
        rd_kafka_topic_partition_list_add(places, rows_text(rows, i, "topic"),
                                          (int)rows_int(rows, i, "partition"))
            ->offset = rows_int(rows, i, "next");
    }
    return places;
}

static struct err places_stored(struct epoch *e, const char *sql, kafka_places **ret)
{
    ROWS *rows = NULL;

    TRY(db_exec(e->db, &rows, sql, P((const char *)e->cluster)));
    *ret = places_of(rows);
    return OK;
}

/* Past the end it was committed for topics that are no more; the inbox looks after those. */
static bool beyond(const kafka_places *committed, const kafka_places *stored,
                   const kafka_places *ends)
{
    for (int i = 0; i < committed->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &committed->elems[i];
        if (!p->err && p->offset > kafka_place(stored, p->topic, p->partition, 0) &&
            p->offset <= kafka_place(ends, p->topic, p->partition, 0)) {
            return true;
        }
    }
    return false;
}

static struct err group_is_beyond(struct epoch *e, const kafka_places *ends, bool *ret)
{
    PLACES *own = NULL, *committed = rd_kafka_topic_partition_list_copy(ends);
    rd_kafka_resp_err_t code = rd_kafka_committed(e->rk, committed, KAFKA_MS);

    if (code) {
        return transient("kafka: %.150s", rd_kafka_err2str(code));
    }
    TRY(places_stored(e, own_sql, &own));
    *ret = beyond(committed, own, ends);
    return OK;
}

/* Events that are to be compared with their deployments. */
struct unread {
    struct epoch *epoch;
    struct arena *arena;
    struct buf ids, seqs;
    int n;
    bool newer;
};

static struct err ask(struct unread *u)
{
    ROWS *rows = NULL;

    if (u->n == 0) {
        return OK;
    }
    (void)buf_puts(&u->ids, "}");
    (void)buf_puts(&u->seqs, "}");
    TRY(db_exec(u->epoch->db, &rows, newer_sql, P((const char *)u->ids.at),
                P((const char *)u->seqs.at)));
    u->newer = u->newer || rows_int(rows, 0, "n") > 0;
    buf_clear(&u->ids);
    buf_clear(&u->seqs);
    u->n = 0;
    return OK;
}

/* What nobody can read, or has no place in a timeline, says nothing about the database. */
static struct err take(void *context, rd_kafka_message_t *m)
{
    struct unread *u = context;
    const char *type = kafka_header(m, "ce_type", u->arena);
    const struct event *event = type ? event_find(type) : NULL;
    void *fields = event ? arena_alloc(u->arena, event->size) : NULL;

    if (event && !failed(event_decode(event, u->arena, m->payload, m->len, fields))) {
        const struct event_common *common = fields;
        if (common->seq > 0 && common->seq <= INT32_MAX) {
            (void)buf_printf(&u->ids, "%c%s", u->n ? ',' : '{', common->deployment_id);
            (void)buf_printf(&u->seqs, "%c%lld", u->n ? ',' : '{', (long long)common->seq);
            u->n++;
        }
    }
    arena_reset(u->arena);
    return u->n < ASK_AT ? OK : ask(u);
}

/* From where somebody has read to, and no more than the tail of that. */
static kafka_places *tails(const kafka_places *stored, const kafka_places *begins,
                           const kafka_places *ends)
{
    kafka_places *from = rd_kafka_topic_partition_list_new(ends->cnt);

    for (int i = 0; i < ends->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &ends->elems[i];
        int64_t at = kafka_place(begins, p->topic, p->partition, 0);
        int64_t unread = kafka_place(stored, p->topic, p->partition, at);
        at = unread > at ? unread : at;
        at = p->offset - at > TAIL_MOST ? p->offset - TAIL_MOST : at;
        rd_kafka_topic_partition_list_add(from, p->topic, p->partition)->offset = at;
    }
    return from;
}

static struct err read_tails(struct epoch *e, const kafka_places *from, const kafka_places *ends,
                             bool *ret_newer)
{
    SCOPED(kafka_reader_free_p) rd_kafka_t *reader = NULL;
    struct unread u = {.epoch = e};

    TRY(kafka_reader_new(e->kafka, &reader));
    u.arena = arena_new();
    buf_init(&u.ids, LIST_CEILING);
    buf_init(&u.seqs, LIST_CEILING);
    struct err err = kafka_read(reader, from, ends, take, &u, e->stopping);
    if (!failed(err)) {
        err = ask(&u);
    }
    buf_release(&u.ids);
    buf_release(&u.seqs);
    arena_free(u.arena);
    *ret_newer = u.newer;
    return err;
}

static bool any_unread(const kafka_places *from, const kafka_places *ends)
{
    for (int i = 0; i < from->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &from->elems[i];
        if (p->offset < kafka_place(ends, p->topic, p->partition, 0)) {
            return true;
        }
    }
    return false;
}

struct err epoch_look(struct epoch *e, bool *ret_older)
{
    PLACES *ends = NULL, *begins = NULL, *read = NULL;

    *ret_older = false;
    TRY(kafka_places_at(e->rk, RD_KAFKA_OFFSET_END, &ends));
    TRY(kafka_cluster(e->rk, e->cluster, sizeof e->cluster));
    if (e->reads) {
        TRY(group_is_beyond(e, ends, ret_older));
        if (*ret_older) {
            return OK;
        }
    }
    TRY(places_stored(e, read_sql, &read));
    TRY(kafka_places_at(e->rk, RD_KAFKA_OFFSET_BEGINNING, &begins));
    PLACES *from = tails(read, begins, ends);
    return any_unread(from, ends) ? read_tails(e, from, ends, ret_older) : OK;
}

bool epoch_await(struct epoch *e)
{
    int64_t said_ms = 0;
    int found = 0; /* looks in a row that found it older: one may have met a copy at work */

    while (!atomic_load(e->stopping)) {
        bool older = false;
        struct err err = epoch_look(e, &older);
        if (failed(err)) {
            log_warn("cannot compare the database with the topics; trying again",
                     KV("why", (const char *)err.text));
            (void)usleep(PAUSE_MS * 1000);
            continue;
        }
        found = older ? found + 1 : 0;
        if (found == 0) {
            e->tell(e->context, false);
            return true;
        }
        if (found > 1 && (said_ms == 0 || clock_ms() - said_ms > SAY_MS)) {
            said_ms = clock_ms();
            e->tell(e->context, true);
            log_error("the database is older than the topics: restored from a backup? Nothing is "
                      "done with it. Stop the services and run clawctl replay --from-log");
        }
        (void)usleep((found > 1 ? AGAIN_MS : PAUSE_MS) * 1000);
    }
    return false;
}
