/* From main() to the drained end, the same for every service. */
#include "service/service.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "bus/inbox.h"
#include "bus/relay.h"
#include "http/http.h"
#include "runner/runner.h"
#include "service/web.h"
#include "ssh/ssh.h"

enum { EXIT_BAD_SETTINGS = 2, DRAIN_MS = 8000, WORKERS_MOST = 1024, DATABASE_AGE_MS = 10000 };

#ifndef VERSION
#define VERSION "dev"
#endif

static struct service_settings settings;

static const struct setting common_settings[] = {
    {"DATABASE_URL",    SETTING_SECRET, &settings.database_url,    NULL,
     "PostgreSQL, as this service's own role"                                                                    },
    {"KAFKA_BOOTSTRAP", SETTING_TEXT,   &settings.kafka_bootstrap, NULL,
     "host:port of Kafka brokers; other KAFKA_* pass on to librdkafka"                                           },
    {"HTTP_LISTEN",     SETTING_TEXT,   &settings.http_listen,     "127.0.0.1:8080",
     "address:port of this service's web server"                                                                 },
    {"WORKERS",         SETTING_INT,    &settings.workers,         "64",             "actions in flight at once" },
    {"LOG_LEVEL",       SETTING_TEXT,   &settings.log_level,       "info",           "debug, info, warn or error"},
};
static const struct setting seal_settings[] = {
    {"MASTER_KEYS", SETTING_SECRET, &settings.master_keys, NULL,
     "id:base64 of 32 bytes, newest first; seals secrets at rest"},
};

enum { N_COMMON = sizeof common_settings / sizeof common_settings[0] };

/* The process, while it runs. */
struct process {
    const struct service *service;
    struct service_context context;
    struct kafka_settings kafka;
    struct web web;
    struct runner *runner;
    struct bus_relay *relay;
    struct bus_inbox *inbox;
    struct db *db;
    char instance[160], owner[ID_SIZE];
    atomic_bool stopping, started;
    _Atomic int64_t database_ok_ms;
};

static struct err check_common(enum log_level *ret_level)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(settings.log_level, names[i]) == 0) {
            *ret_level = (enum log_level)i;
            if (settings.workers < 1 || settings.workers > WORKERS_MOST) {
                return permanent("WORKERS must be from 1 to %d, not %d", WORKERS_MOST,
                                 settings.workers);
            }
            return OK;
        }
    }
    return permanent("LOG_LEVEL must be debug, info, warn or error, not '%.40s'",
                     settings.log_level);
}

/* KAFKA_* settings are librdkafka's to judge: a bad one must stop the start, not the first event. */
static struct err check_kafka(void)
{
    struct kafka_settings kafka = {.service = "check", .bootstrap = settings.kafka_bootstrap};
    rd_kafka_conf_t *conf = NULL;

    TRY(kafka_conf(&kafka, true, &conf));
    rd_kafka_conf_destroy(conf);
    return OK;
}

static struct err configure(struct process *p)
{
    const struct service *s = p->service;
    enum log_level level = LOG_INFO;

    TRY(settings_load(common_settings, N_COMMON));
    TRY(settings_load(s->settings, s->n_settings));
    TRY(check_common(&level));
    TRY(check_kafka());
    log_setup(s->name, level);
    if (s->seals) {
        TRY(settings_load(seal_settings, 1));
        TRY(seal_new(settings.master_keys, &p->context.seal));
    }
    if (s->prepare) {
        TRY(s->prepare());
    }
    return s->stage ? stage_check(s->stage) : OK;
}

static void show_settings(const struct setting *table, int n)
{
    for (int i = 0; i < n; i++) {
        char value[200];
        settings_show(&table[i], value, sizeof value);
        log_debug("setting", KV("name", table[i].name), KV("value", (const char *)value));
    }
}

static int help(const struct service *s)
{
    (void)printf("%s: %s\n\nSettings (environment; NAME_FILE reads the value from a file):\n",
                 s->name, s->why);
    settings_help(stdout, common_settings, N_COMMON);
    if (s->seals) {
        settings_help(stdout, seal_settings, 1);
    }
    settings_help(stdout, s->settings, s->n_settings);
    (void)printf("\nOptions: --help, --version%s\n",
                 s->stage ? ", --graph (the table of moves for graphviz)" : "");
    return 0;
}

static struct web_ready ready_now(void *arg)
{
    struct process *p = arg;
    struct web_ready now = {.stopping = atomic_load(&p->stopping)};

    if (!atomic_load(&p->started)) {
        return now;
    }
    now.kafka = relay_ready(p->relay) && (!p->inbox || inbox_ready(p->inbox));
    now.database = p->runner ? runner_ready(p->runner)
                             : clock_ms() - atomic_load(&p->database_ok_ms) < DATABASE_AGE_MS;
    return now;
}

/* True when a signal to end came within that time. */
static bool told_to_stop(int within_ms)
{
    sigset_t set;
    struct timespec wait = {.tv_sec = within_ms / 1000,
                            .tv_nsec = (long)(within_ms % 1000) * 1000000};

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    return sigtimedwait(&set, NULL, &wait) > 0;
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

static void dead_letters(void *arg)
{
    relay_wake(((struct process *)arg)->relay);
}

static struct err start_parts(struct process *p)
{
    const struct service *s = p->service;

    TRY(relay_start(&p->kafka, settings.database_url, s->db_schema, p->owner, &p->relay));
    p->context.relay = p->relay;
    if (s->stage) {
        struct runner_settings r = {.stage = s->stage,
                                    .service = s->name,
                                    .database_url = settings.database_url,
                                    .schema = s->db_schema,
                                    .owner = p->owner,
                                    .seal = p->context.seal,
                                    .relay = p->relay,
                                    .workers = settings.workers};
        TRY(runner_start(&r, &p->runner));
        struct inbox_hooks hooks = {.changed = rows_changed, .dead = dead_letters, .context = p};
        TRY(inbox_start(&p->kafka, settings.database_url, s->stage, s->db_schema, p->owner, hooks,
                        &p->inbox));
    }
    if (s->start) {
        TRY(s->start(&p->context));
    }
    atomic_store(&p->started, true);
    return OK;
}

static bool stop_parts(struct process *p)
{
    atomic_store(&p->stopping, true);
    inbox_stop(p->inbox);
    p->inbox = NULL;
    bool clean = runner_stop(p->runner, DRAIN_MS);
    p->runner = NULL;
    if (p->service->stop && atomic_load(&p->started)) {
        p->service->stop(&p->context);
    }
    atomic_store(&p->started, false);
    relay_stop(p->relay);
    return clean;
}

static int run(struct process *p)
{
    p->db = db_new(settings.database_url, p->service->name, p->service->db_schema);
    if (!await_database(p)) {
        db_free(p->db);
        return 0;
    }
    struct err e = start_parts(p);
    if (failed(e)) {
        log_error("cannot start", KV("why", (const char *)e.text));
        (void)fprintf(stderr, "%s: %s\n", p->service->name, e.text);
        _exit(EXIT_BAD_SETTINGS);
    }
    log_info("started", KV("listen", settings.http_listen), KV("workers", settings.workers));
    while (!told_to_stop(2000)) {
        if (!p->runner) { /* the gateway's readiness: its requests use a pool of their own */
            e = database_check(p);
            if (failed(e)) {
                log_warn("the database does not answer", KV("why", (const char *)e.text));
            }
        }
    }
    log_info("stopping");
    bool clean = stop_parts(p);
    web_stop(&p->web);
    db_free(p->db);
    log_info("stopped");
    if (!clean) {
        _exit(0); /* actions under way hold threads; their leases hand the work over */
    }
    seal_free(p->context.seal);
    return 0;
}

static void block_signals(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

int service_run(const struct service *service, int argc, char **argv)
{
    static struct process process;
    struct process *p = &process;
    char host[80] = "";

    p->service = service;
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        return help(service);
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        return printf("%s %s\n", service->name, VERSION) < 0;
    }
    if (argc > 1 && strcmp(argv[1], "--graph") == 0 && service->stage) {
        stage_print_graph(service->stage, stdout);
        return 0;
    }
    if (argc > 1) {
        (void)fprintf(stderr, "%s: unknown option '%s' (see --help)\n", service->name, argv[1]);
        return EXIT_BAD_SETTINGS;
    }
    block_signals();
    struct err e = configure(p);
    if (!failed(e)) {
        http_init();
        ssh_init();
        p->web = (struct web){.service = service->name, .ready = ready_now, .context = p};
        e = web_start(&p->web, settings.http_listen,
                      service->web_threads ? service->web_threads : 4);
    }
    if (failed(e)) {
        (void)fprintf(stderr, "%s: %s\n", service->name, e.text);
        return EXIT_BAD_SETTINGS;
    }
    show_settings(common_settings, N_COMMON);
    show_settings(service->settings, service->n_settings);
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(p->instance, sizeof p->instance, "%s@%.60s:%.60s", service->name, host,
                   settings.http_listen);
    id_of(p->instance, p->owner); /* a restarted process inherits what it was at */
    p->kafka = (struct kafka_settings){
        .service = service->name, .bootstrap = settings.kafka_bootstrap, .instance = p->instance};
    p->context.service = service;
    p->context.settings = &settings;
    p->context.web = p->web.server;
    p->context.owner = p->owner;
    p->context.kafka = &p->kafka;
    return run(p);
}
