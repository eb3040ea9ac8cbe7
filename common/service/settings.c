/* The common settings' table; every check that can stop a start before it begins. */
#include "service/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "bus/kafka.h"
#include "db/db.h"
#include "seal/seal.h"

enum { WORKERS_MOST = 1024, INSTANCE_MOST = 100 };

static struct service_settings settings;

static const struct setting common_settings[] = {
    {"DATABASE_URL",    SETTING_SECRET, &settings.database_url,    NULL,
     "PostgreSQL, as this service's own role"                                                                    },
    {"KAFKA_BOOTSTRAP", SETTING_TEXT,   &settings.kafka_bootstrap, NULL,
     "host:port of Kafka brokers; other KAFKA_* pass on to librdkafka"                                           },
    {"HTTP_LISTEN",     SETTING_TEXT,   &settings.http_listen,     "127.0.0.1:8080",
     "address:port of this service's web server"                                                                 },
    {"INSTANCE",        SETTING_TEXT,   &settings.instance,        "",
     "what tells this process from its twins, the same after a restart; empty: host name and "
     "HTTP_LISTEN"                                                                                               },
    {"WORKERS",         SETTING_INT,    &settings.workers,         "64",             "actions in flight at once" },
    {"LOG_LEVEL",       SETTING_TEXT,   &settings.log_level,       "info",           "debug, info, warn or error"},
};
static const struct setting seal_settings[] = {
    {"MASTER_KEYS", SETTING_SECRET, &settings.master_keys, NULL,
     "id:base64 of 32 bytes, newest first; seals secrets at rest"},
};
static const struct setting sweep_settings[] = {
    {"SWEEP_S", SETTING_SECONDS, &settings.sweep_s, "900",
     "pause between sweeps, which compare our rows with what the provider says there is; 0: only "
     "when clawctl audit asks"},
};

enum { N_COMMON = sizeof common_settings / sizeof common_settings[0] };

/* It becomes part of a Kafka group member's name. */
static struct err check_instance(void)
{
    bool good = strlen(settings.instance) <= INSTANCE_MOST;

    for (const char *c = settings.instance; *c; c++) {
        good = good && *c > ' ' && *c <= '~';
    }
    return good ? OK
                : permanent("INSTANCE must have at most %d printable characters and no spaces",
                            INSTANCE_MOST);
}

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
            return check_instance();
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

struct err service_configure(const struct service *s, struct service_context *context)
{
    enum log_level level = LOG_INFO;

    TRY(settings_load(common_settings, N_COMMON));
    TRY(settings_load(s->settings, s->n_settings));
    TRY(check_common(&level));
    TRY(db_url_ok(settings.database_url));
    TRY(check_kafka());
    log_setup(s->name, level);
    if (s->seals) {
        TRY(settings_load(seal_settings, 1));
        TRY(seal_new(settings.master_keys, &context->seal));
    }
    if (s->sweep) {
        TRY(settings_load(sweep_settings, 1));
    }
    context->service = s;
    context->settings = &settings;
    if (s->prepare) {
        TRY(s->prepare());
    }
    return s->stage ? stage_check(s->stage) : OK;
}

static void log_table(const struct setting *table, int n)
{
    for (int i = 0; i < n; i++) {
        char value[200];
        settings_show(&table[i], value, sizeof value);
        log_debug("setting", KV("name", table[i].name), KV("value", (const char *)value));
    }
}

void service_settings_log(const struct service *s)
{
    log_table(common_settings, N_COMMON);
    log_table(s->settings, s->n_settings);
}

void service_settings_help(const struct service *s)
{
    (void)printf("%s: %s\n\nSettings (environment; NAME_FILE reads the value from a file):\n",
                 s->name, s->why);
    settings_help(stdout, common_settings, N_COMMON);
    if (s->seals) {
        settings_help(stdout, seal_settings, 1);
    }
    if (s->sweep) {
        settings_help(stdout, sweep_settings, 1);
    }
    settings_help(stdout, s->settings, s->n_settings);
    (void)printf("\nOptions: --help, --version%s\n",
                 s->stage ? ", --graph (the table of moves for graphviz)" : "");
}
