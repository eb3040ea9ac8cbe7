/*
 * clawctl replay --from-log [--since T] [--dry-run]: brings a restored database up to date from the topics.
 *
 * The services must not run: they would act on rows that are half up to date. It reads from where the stage that read
 * least stood when the backup was made: every event said since is behind that. A deployment at a time, in the order of
 * its timeline; at the end every stage goes on behind what was read, and the services clear themselves. When it is cut
 * off it is run again: what is recalled stays recalled, and before the end nothing is cleared.
 */
#include "recall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "bus/epoch.h"
#include "clawctl.h"
#include "options.h"

enum { LOCK_KEY = 715518, ENDS_CEILING = 1024 * 1024 };

static const char alone_sql[] = "select pg_try_advisory_lock($1::bigint) as alone";
static const char running_sql[] =
    "select string_agg(distinct application_name, ', ') as names from pg_stat_activity "
    "where datname = current_database() and application_name in "
    "('api-gateway', 'key-provisioner', 'ovh-orderer', 'installer', 'health-monitor')";
static const char since_sql[] = "select (extract(epoch from $1::timestamptz) * 1000)::bigint as ms";
static const char places_sql[] =
    "select topic, partition, min(next) as next from reading_positions "
    "where coalesce(cluster, $1) = $1 group by topic, partition";
static const char end_sql[] = "select recall_end($1::jsonb, $2) as behind";

struct recall {
    struct db *db;
    rd_kafka_t *reader;
    struct option_time since; /* earlier than where the backup stood */
    bool dry_run;
    char cluster[CLUSTER_SIZE];
    kafka_places *from, *to;
    int64_t missing; /* events that Kafka no longer keeps */
    int unreadable;
    struct recall_sums sums;
};

static struct err read_options(struct recall *r, int argc, char **argv)
{
    bool from_log = false;
    const struct option_rule rules[] = {
        {"--from-log", OPTION_FLAG, &from_log  },
        {"--since",    OPTION_TIME, &r->since  },
        {"--dry-run",  OPTION_FLAG, &r->dry_run},
    };
    int n = 0;

    return options_read(argc, argv, rules, sizeof rules / sizeof rules[0], NULL, 0, &n);
}

static struct err must_be_alone(struct recall *r)
{
    ROWS *alone = NULL, *running = NULL;

    TRY(db_exec(r->db, &alone, alone_sql, P(LOCK_KEY)));
    if (!rows_bool(alone, 0, "alone")) {
        return permanent("another clawctl replay --from-log is at work");
    }
    TRY(db_exec(r->db, &running, running_sql));
    if (!rows_null(running, 0, "names")) {
        return permanent("stop the services first; these are connected to the database: %s",
                         rows_text(running, 0, "names"));
    }
    return OK;
}

/* Never behind what some stage has not read yet: nobody would read that any more. */
static int64_t begin_at(const struct recall *r, const kafka_places *since,
                        const rd_kafka_topic_partition_t *begin, int64_t stored)
{
    int64_t at = since ? kafka_place(since, begin->topic, begin->partition, -1) : stored;

    if (at < 0) { /* nothing was said since */
        at = kafka_place(r->to, begin->topic, begin->partition, 0);
    }
    at = at < stored ? at : stored;
    return at > begin->offset ? at : begin->offset;
}

/* Where the stage that has read least stood, or --since if that is earlier; within what Kafka still keeps. */
static struct err find_places(struct recall *r)
{
    PLACES *begins = NULL, *since = NULL;
    ROWS *rows = NULL, *stored = NULL;

    TRY(kafka_places_at(r->reader, RD_KAFKA_OFFSET_END, &r->to));
    TRY(kafka_places_at(r->reader, RD_KAFKA_OFFSET_BEGINNING, &begins));
    TRY(kafka_cluster(r->reader, r->cluster, sizeof r->cluster));
    if (r->since.given) {
        TRY(db_exec(r->db, &rows, since_sql, P((const char *)r->since.at)));
        TRY(kafka_places_at(r->reader, rows_int(rows, 0, "ms"), &since));
    }
    TRY(db_exec(r->db, &stored, places_sql, P((const char *)r->cluster)));
    r->from = rd_kafka_topic_partition_list_copy(begins);
    for (int i = 0; i < rows_count(stored); i++) {
        rd_kafka_topic_partition_t *p = rd_kafka_topic_partition_list_find(
            r->from, rows_text(stored, i, "topic"), (int)rows_int(stored, i, "partition"));
        int64_t next = rows_int(stored, i, "next");
        r->missing += p && next < p->offset ? p->offset - next : 0;
        if (p) {
            p->offset = begin_at(r, since, p, next);
        }
    }
    return OK;
}

/* One partition number of the four topics: with equal counts a deployment's events are all in it. */
static struct err work_through(struct recall *r, int partition)
{
    struct recall_events events = {0};
    struct err e = recall_gather(r->reader, r->from, r->to, partition, &events);
    int last;

    for (int i = 0; !failed(e) && i < events.n; i = last) {
        for (last = i + 1; last < events.n && strcmp(events.all[last].id, events.all[i].id) == 0;) {
            last++;
        }
        recall_deployment(r->db, &events, i, last, r->dry_run, &r->sums);
    }
    r->unreadable += events.unreadable;
    recall_events_release(&events);
    return e;
}

/* How many partitions each topic has; -1 when they differ: then all are read at once. */
static int partitions_of(const kafka_places *places)
{
    int n[8] = {0}, topics = 0;

    for (int i = 0; i < places->cnt; i++) {
        topics += i > 0 && strcmp(places->elems[i].topic, places->elems[i - 1].topic) != 0;
        n[topics < 7 ? topics : 7]++;
    }
    for (int i = 1; i <= topics && i < 8; i++) {
        if (n[i] != n[0]) {
            return -1;
        }
    }
    return n[0];
}

static struct err read_through(struct recall *r)
{
    int n = partitions_of(r->to);

    if (n < 0) {
        return work_through(r, -1);
    }
    for (int i = 0; i < n; i++) {
        TRY(work_through(r, i));
    }
    return OK;
}

/* Every stage goes on behind what was read: after that the services find the database as new as the topics. */
static struct err finish(struct recall *r)
{
    SCOPED(buf_release) struct buf ends;

    buf_init(&ends, ENDS_CEILING);
    (void)buf_puts(&ends, "[");
    for (int i = 0; i < r->to->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &r->to->elems[i];
        (void)buf_printf(&ends, "%s{\"topic\":\"%s\",\"partition\":%d,\"next\":%lld}",
                         i > 0 ? "," : "", p->topic, p->partition, (long long)p->offset);
    }
    (void)buf_puts(&ends, "]");
    return ends.failed ? permanent("too many partitions")
                       : db_exec(r->db, NULL, end_sql, P((const char *)ends.at),
                                 P((const char *)r->cluster));
}

static void sum_up(const struct recall *r)
{
    const struct recall_sums *s = &r->sums;

    (void)printf(
        "%s%d deployments in the topics since the backup: %d brought up to date by %d events, "
        "%d were already\n",
        r->dry_run ? "dry run, nothing is changed: " : "", s->deployments, s->changed, s->events,
        s->deployments - s->changed - s->orphans - s->failures);
    if (s->orphans > 0) {
        (void)printf(
            "%d deployments have no row here: run clawctl audit when the services run, it names "
            "what they own\n",
            s->orphans);
    }
    if (r->unreadable > 0) {
        (void)printf("%d messages were unreadable and left out\n", r->unreadable);
    }
    if (r->missing > 0) {
        (void)printf(
            "Kafka no longer keeps %lld messages that the backup had not read: it is older than "
            "the topics reach back; run clawctl audit\n",
            (long long)r->missing);
    }
}

static struct err recall(struct recall *r)
{
    TRY(must_be_alone(r));
    TRY(find_places(r));
    TRY(read_through(r));
    if (r->sums.failures == 0 && !r->dry_run) {
        TRY(finish(r));
    }
    sum_up(r);
    return r->sums.failures == 0
               ? OK
               : permanent(
                     "%d deployments could not be brought up to date; the services will not start "
                     "to work before they are",
                     r->sums.failures);
}

struct err run_replay_from_log(int argc, char **argv)
{
    struct kafka_settings kafka = {.service = "clawctl", .bootstrap = clawctl.kafka_bootstrap};
    struct recall r = {0};

    if (!clawctl.kafka_bootstrap[0]) {
        return permanent("KAFKA_BOOTSTRAP is not set: host:port of Kafka brokers");
    }
    TRY(read_options(&r, argc, argv));
    TRY(kafka_reader_new(&kafka, &r.reader));
    r.db = db_new(clawctl.database_url, "clawctl", NULL);
    db_patient(r.db);
    struct err e = recall(&r);
    db_free(r.db);
    kafka_places_free_p(&r.from);
    kafka_places_free_p(&r.to);
    kafka_reader_free(r.reader);
    return e;
}
