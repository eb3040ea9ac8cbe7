/* From main() to the drained end, the same for every service. */
#include "service/service.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/ids.h"
#include "base/log.h"
#include "bus/inbox.h"
#include "bus/relay.h"
#include "http/http.h"
#include "runner/runner.h"
#include "seal/seal.h"
#include "service/options.h"
#include "service/settings.h"
#include "service/signals.h"
#include "service/web.h"
#include "ssh/ssh.h"

/* Within STOP_MS of the signal everything ends; the last LAST_WORDS_MS of it are for publishing events. */
enum { STOP_MS = 9500, LAST_WORDS_MS = 2500, DATABASE_AGE_MS = 10000 };
enum { HEAPS = 4, LARGE = 128 * 1024 };

/* The process, while it runs. */
struct process {
    const struct service *service;
    struct service_context context;
    struct kafka_settings kafka;
    struct web web;
    struct runner *runner;
    struct bus_relay *relay;
    struct bus_inbox *inbox;
    struct sweeper *sweeper;
    struct db *db;
    char instance[200], owner[ID_SIZE];
    pthread_mutex_t
        lock; /* of the two below: while started and not stopping, the parts are there */
    bool stopping, started;
    _Atomic int64_t database_ok_ms;
    atomic_bool older;
};

static struct web_ready ready_now(void *arg)
{
    struct process *p = arg;

    (void)pthread_mutex_lock(&p->lock);
    struct web_ready now = {.stopping = p->stopping, .older = atomic_load(&p->older)};
    if (p->started && !p->stopping) {
        now.kafka = relay_ready(p->relay) && (!p->inbox || inbox_ready(p->inbox));
        now.database = p->runner ? runner_ready(p->runner)
                                 : clock_ms() - atomic_load(&p->database_ok_ms) < DATABASE_AGE_MS;
        now.held = p->runner && runner_held(p->runner);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return now;
}

static bool may_sweep(void *arg)
{
    struct web_ready now = ready_now(arg);

    return now.database && now.kafka && !now.stopping && !now.held;
}

/* From here on the web's threads leave the parts alone. */
static void say_stopping(struct process *p)
{
    (void)pthread_mutex_lock(&p->lock);
    p->stopping = true;
    (void)pthread_mutex_unlock(&p->lock);
}

/* PostgreSQL answers and its migrations are there. */
static struct err database_check(struct process *p)
{
    char table[100];
    ROWS *rows = NULL;

    (void)snprintf(table, sizeof table, "%s.outbox", p->service->db_schema);
    TRY(db_exec(p->db, &rows, "select to_regclass($1) is not null as there",
                P((const char *)table)));
    if (!rows_bool(rows, 0, "there")) {
        return transient("table %s is missing: run clawctl migrate", table);
    }
    atomic_store(&p->database_ok_ms, clock_ms());
    return OK;
}

/* One log line an attempt; false when told to stop meanwhile. */
static bool await_database(struct process *p)
{
    for (int attempt = 1;; attempt++) {
        struct err e = database_check(p);
        if (!failed(e)) {
            return true;
        }
        log_warn("the database is not ready; trying again", KV("attempt", attempt),
                 KV("why", (const char *)e.text));
        if (told_to_stop(attempt < 5 ? 300 : 2000)) {
            return false;
        }
    }
}

static void rows_changed(void *arg)
{
    runner_wake(((struct process *)arg)->runner);
}

/* The database was compared with the topics. */
static void compared(void *arg, bool older)
{
    struct process *p = arg;

    atomic_store(&p->older, older);
    runner_hold(p->runner, older);
}

static bool held(void *arg)
{
    return runner_held(((struct process *)arg)->runner);
}

static void dead_letters(void *arg)
{
    relay_wake(((struct process *)arg)->relay);
}

static struct err start_parts(struct process *p)
{
    const struct service *s = p->service;
    const struct service_settings *settings = p->context.settings;

    TRY(relay_start(&p->kafka, settings->database_url, s->db_schema, p->owner, &p->relay));
    p->context.relay = p->relay;
    if (s->stage) {
        struct runner_settings r = {.stage = s->stage,
                                    .service = s->name,
                                    .database_url = settings->database_url,
                                    .schema = s->db_schema,
                                    .owner = p->owner,
                                    .seal = p->context.seal,
                                    .relay = p->relay,
                                    .workers = settings->workers};
        TRY(runner_start(&r, &p->runner));
        struct inbox_hooks hooks = {rows_changed, dead_letters, compared, held, p};
        TRY(inbox_start(&p->kafka, settings->database_url, s->stage, s->db_schema, p->owner, hooks,
                        &p->inbox));
    }
    if (s->sweep) {
        TRY(sweeper_start(&p->context, may_sweep, p, &p->sweeper));
    }
    if (s->start) {
        TRY(s->start(&p->context));
    }
    (void)pthread_mutex_lock(&p->lock);
    p->started = true;
    (void)pthread_mutex_unlock(&p->lock);
    return OK;
}

/* Who takes work in ends first, then who does it, then the web, whose threads wake the relay; the relay last. */
static bool stop_parts(struct process *p)
{
    say_stopping(p);
    inbox_stop(p->inbox);
    int left = stop_left_ms();
    bool clean = runner_stop(p->runner, left > LAST_WORDS_MS ? left - LAST_WORDS_MS : 0);
    left = stop_left_ms();
    clean = sweeper_stop(p->sweeper, left > LAST_WORDS_MS ? left - LAST_WORDS_MS : 0) && clean;
    if (p->service->stop) {
        clean = p->service->stop(&p->context) && clean;
    }
    web_stop(&p->web);
    relay_stop(p->relay);
    return clean;
}

/* Until told to stop. The gateway has no runner to say whether the database answers. */
static void stand_by(struct process *p)
{
    while (!told_to_stop(2000)) {
        struct err e = p->runner ? OK : database_check(p);
        if (failed(e)) {
            log_warn("the database does not answer", KV("why", (const char *)e.text));
        }
    }
}

static int run(struct process *p)
{
    const struct service_settings *settings = p->context.settings;

    p->db = db_new(settings->database_url, p->service->name, p->service->db_schema);
    if (!await_database(p)) {
        say_stopping(p);
        web_stop(&p->web);
        db_free(p->db);
        return 0;
    }
    struct err e = start_parts(p);
    if (failed(e)) {
        log_error("cannot start", KV("why", (const char *)e.text));
        (void)fprintf(stderr, "%s: %s\n", p->service->name, e.text);
        _exit(EXIT_BAD_SETTINGS);
    }
    log_info("started", KV("listen", settings->http_listen), KV("workers", settings->workers));
    stand_by(p);
    log_info("stopping");
    bool clean = stop_parts(p);
    db_free(p->db);
    log_info("stopped");
    if (!clean) {
        _exit(0); /* actions under way hold threads; their leases hand the work over */
    }
    seal_free(p->context.seal);
    return 0;
}

/* Threads that mostly wait share a few heaps, and the room of a large answer goes back once it was read: by itself
 * malloc would take ever larger ones for usual, and keep them. */
static void share_memory(void)
{
    (void)mallopt(M_ARENA_MAX, HEAPS);
    (void)mallopt(M_MMAP_THRESHOLD, LARGE);
}

static struct err listen_for_health(struct process *p)
{
    http_init();
    ssh_init();
    p->web = (struct web){.service = p->service->name, .ready = ready_now, .context = p};
    return web_start(&p->web, p->context.settings->http_listen,
                     p->service->web_threads ? p->service->web_threads : 4);
}

/* A restarted process has the name, and so the id, of its earlier life: it inherits what that was at. */
static void name_process(struct process *p)
{
    const struct service_settings *settings = p->context.settings;
    char host[80] = "";

    (void)gethostname(host, sizeof host - 1);
    if (settings->instance[0]) {
        (void)snprintf(p->instance, sizeof p->instance, "%s@%.120s", p->service->name,
                       settings->instance);
    } else {
        (void)snprintf(p->instance, sizeof p->instance, "%s@%.60s:%.60s", p->service->name, host,
                       settings->http_listen);
    }
    id_of(p->instance, p->owner);
    p->kafka = (struct kafka_settings){.service = p->service->name,
                                       .bootstrap = settings->kafka_bootstrap,
                                       .instance = p->instance};
    p->context.web = p->web.server;
    p->context.owner = p->owner;
    p->context.kafka = &p->kafka;
}

int service_run(const struct service *service, int argc, char **argv)
{
    static struct process process;
    struct process *p = &process;
    bool armed = false;

    p->service = service;
    if (argc > 1) {
        return options_answer(service, argv[1]);
    }
    share_memory();
    (void)pthread_mutex_init(&p->lock, NULL);
    struct err e = signals_watch(STOP_MS);
    if (!failed(e)) {
        e = service_configure(service, &p->context);
    }
    if (!failed(e)) {
        e = crash_arm(&armed);
    }
    if (!failed(e)) {
        e = listen_for_health(p);
    }
    if (failed(e)) {
        (void)fprintf(stderr, "%s: %s\n", service->name, e.text);
        return EXIT_BAD_SETTINGS;
    }
    service_settings_log(service);
    if (armed) {
        log_warn("TEST_CRASH is set: this process will end itself at a crash point");
    }
    name_process(p);
    return run(p);
}
