/* The relay thread: take over what dead processes left, read what is ours, produce, forget the delivered. */
#include "bus/relay.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bus/producer.h"
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
    const char *owner;
    struct db *db;
    struct producer *producer;
    pthread_t thread;
    int wake_fd;
    atomic_bool stopping, ready;
    int64_t swept_ms;
};

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
    TRY(producer_renew_if_dead(r->producer));
    TRY(db_exec(r->db, &rows, read_sql, P(r->owner), P(BATCH)));
    int n = rows_count(rows);
    if (n == 0) {
        return OK;
    }
    struct flight flights[BATCH] = {0};
    producer_send(r->producer, rows, flights);
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
        if (producer_knows_topics(r->producer)) {
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

static void relay_free(struct bus_relay *r)
{
    producer_free(r->producer);
    db_free(r->db);
    (void)close(r->wake_fd);
    free(r);
}

struct err relay_start(const struct kafka_settings *kafka, const char *database_url,
                       const char *schema, const char *owner, struct bus_relay **ret)
{
    struct bus_relay *r = calloc(1, sizeof *r);

    if (!r) {
        abort();
    }
    r->owner = owner;
    r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct err e = producer_new(kafka, &r->stopping, &r->producer);
    if (failed(e)) {
        relay_free(r);
        return e;
    }
    r->db = db_new(database_url, kafka->service, schema);
    db_force_index_plans(r->db);
    db_commit_lazily(r->db); /* a lost delete is a repeat, and repeats are harmless */
    if (pthread_create(&r->thread, NULL, relay_main, r) != 0) {
        relay_free(r);
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
    relay_free(r);
}
