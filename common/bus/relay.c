/* The relay thread: take over what dead processes left, read what is ours, produce, forget the delivered. */
#include "bus/relay.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bus/flights.h"
#include "bus/producer.h"
#include "db/db.h"

enum {
    BATCH = 100,
    REPORTS_MS = 100, /* how long a turn waits for its reports; late ones are met by a later turn */
    SWEEP_MS = 1000,
    PROBE_MS = 10000,
    POLL_MS = 20,
    STOP_MS = 2500,
    PAUSE_MS = 500,
};

/* A row waits while an older one of its topic and key is there, whoever owns which: order per deployment. */
static const char read_sql[] =
    "select o.id, o.event_id, o.topic, o.key, o.type, o.payload, "
    "to_char(o.at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as at "
    "from outbox o where o.owner = $1::uuid and o.id <> all ($3::bigint[]) "
    "and not exists (select from outbox older where older.topic = o.topic and older.key = o.key "
    "and older.id < o.id) "
    "order by o.id limit $2::int";
static const char delete_sql[] = "delete from outbox where id = any ($1::bigint[])";
/* Rows of the dead, a limited number at a time. Our own late ones renew their lease by it. */
static const char take_over_sql[] =
    "update outbox set owner = $1::uuid, lease_until = now() + interval '10 s' where id in "
    "(select id from outbox where lease_until < now() order by id limit 500 for update skip "
    "locked)";

struct bus_relay {
    const char *owner;
    struct db *db;
    struct producer *producer;
    pthread_t thread;
    int wake_fd;
    atomic_bool stopping, ready;
    int64_t swept_ms, heard_ms; /* heard: Kafka last took an event or answered */
    struct flights flights;
};

/* Forgets the delivered rows, in the table first; lets failed ones be read again after their pause. */
static struct err harvest(struct bus_relay *r)
{
    struct buf ids;
    struct err e = OK;

    buf_init(&ids, FLIGHT_IDS_CEILING);
    int n = flights_ids(&r->flights, FLIGHTS_DELIVERED, &ids);
    if (n > 0) {
        crash_point("relay.delivered");
        e = db_exec(r->db, NULL, delete_sql, P((const char *)ids.at));
        METRIC_ADD(outbox_published, failed(e) ? 0 : n);
        r->heard_ms = clock_ms();
    }
    buf_release(&ids);
    METRIC_ADD(outbox_retried, flights_settle(&r->flights, !failed(e)));
    return e;
}

static struct err read_rows(struct bus_relay *r, struct rows **ret)
{
    SCOPED(buf_release) struct buf ids;

    buf_init(&ids, FLIGHT_IDS_CEILING);
    (void)flights_ids(&r->flights, FLIGHTS_ALL, &ids);
    struct param params[] = {P(r->owner), P(BATCH), P((const char *)ids.at)};
    TRY(db_batch_begin(r->db)); /* a batch of one: it is prepared, and every event waits for it */
    TRY(db_batch_add(r->db, "read", read_sql, params, 3));
    return db_batch_end(r->db, ret, 1);
}

/* Sends what is there and not under way; the number of rows is returned. */
static struct err send_rows(struct bus_relay *r, int *ret_sent)
{
    ROWS *rows = NULL;
    struct flight *flight;

    TRY(read_rows(r, &rows));
    if (rows_count(rows) > 0) {
        crash_point("relay.read");
    }
    for (int i = 0; i < rows_count(rows) && (flight = flights_free(&r->flights)); i++) {
        producer_send(r->producer, rows, i, flight);
        ++*ret_sent;
    }
    if (*ret_sent > 0) {
        crash_point("relay.sent");
    }
    return OK;
}

static void await_reports(struct bus_relay *r)
{
    int64_t deadline = clock_ms() + REPORTS_MS;
    bool late;

    producer_poll(r->producer, 0);
    while (flights_under_way(&r->flights, &late) > 0 && clock_ms() < deadline) {
        producer_poll(r->producer, POLL_MS);
    }
}

static void sweep(struct bus_relay *r)
{
    if (clock_ms() - r->swept_ms < SWEEP_MS) {
        return;
    }
    r->swept_ms = clock_ms();
    struct err e = db_exec(r->db, NULL, take_over_sql, P(r->owner));
    if (failed(e)) { /* what is ours goes out all the same */
        log_warn("taking over events of ended processes failed", KV("why", (const char *)e.text));
    }
}

/* Publishes what is there. `ret_sent`: 0 when nothing was. */
static struct err turn(struct bus_relay *r, int *ret_sent)
{
    *ret_sent = 0;
    sweep(r);
    if (producer_renewed(r->producer)) {
        memset(&r->flights, 0,
               sizeof r->flights); /* they never report; their rows are still there */
    }
    TRY(harvest(r));
    TRY(send_rows(r, ret_sent));
    await_reports(r);
    return harvest(r);
}

/* Ready is: Kafka took an event or answered lately, and none waits for too long. */
static void judge(struct bus_relay *r)
{
    bool late;

    if (flights_under_way(&r->flights, &late) == 0 && clock_ms() - r->heard_ms > PROBE_MS &&
        producer_knows_topics(r->producer)) {
        r->heard_ms = clock_ms();
    }
    bool ready = !late && clock_ms() - r->heard_ms <= PROBE_MS;
    if (!ready && atomic_load(&r->ready)) {
        log_warn("Kafka takes no events; trying again");
    }
    atomic_store(&r->ready, ready);
}

static void wait_for_kafka(struct bus_relay *r)
{
    while (!atomic_load(&r->stopping)) {
        if (producer_knows_topics(r->producer)) {
            r->heard_ms = clock_ms();
            atomic_store(&r->ready, true);
            return;
        }
        log_warn("Kafka does not answer, or its topics are missing (clawctl topics); trying again");
        struct pollfd p = {.fd = r->wake_fd, .events = 0};
        (void)poll(&p, 1, PAUSE_MS);
    }
}

/* Nothing on its way, nothing left to send; or the time is up. */
static bool may_end(const struct bus_relay *r, int64_t stop_by, int sent)
{
    bool late;

    return stop_by &&
           ((sent == 0 && flights_under_way(&r->flights, &late) == 0) || clock_ms() > stop_by);
}

static void *relay_main(void *arg)
{
    struct bus_relay *r = arg;
    int64_t stop_by = 0;
    int wait_ms = 0;
    bool late;

    wait_for_kafka(r);
    for (;;) {
        struct pollfd p = {.fd = r->wake_fd, .events = POLLIN};
        uint64_t wakes;
        int sent = 0;
        if (poll(&p, 1, wait_ms) > 0) {
            (void)!read(p.fd, &wakes, sizeof wakes);
        }
        if (atomic_load(&r->stopping) && stop_by == 0) {
            stop_by = clock_ms() + STOP_MS;
        }
        struct err e = turn(r, &sent);
        if (failed(e)) {
            log_warn("publishing events failed; trying again", KV("why", (const char *)e.text));
        }
        if (may_end(r, stop_by, sent)) {
            return NULL;
        }
        judge(r);
        wait_ms = failed(e)                                   ? PAUSE_MS
                  : sent > 0                                  ? 0
                  : flights_under_way(&r->flights, &late) > 0 ? POLL_MS
                                                              : SWEEP_MS;
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
    struct err e = producer_new(kafka, &r->producer);
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
