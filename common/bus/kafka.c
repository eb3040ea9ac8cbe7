/* Settings shared by producer, consumer and admin client; making the topics. */
#include "bus/kafka.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"

extern char **environ;

const char *const kafka_topics[] = {"deployments", "keys",         "servers",
                                    "instances",   "dead-letters", NULL};

enum { ADMIN_DEADLINE_MS = 15000 };

static const char *const common_conf[][2] = {
    {"socket.keepalive.enable",            "true" },
    {"socket.nagle.disable",               "true" },
    {"reconnect.backoff.ms",               "50"   },
    {"reconnect.backoff.max.ms",           "1000" },
    {"topic.metadata.refresh.interval.ms", "30000"},
    {"log.connection.close",               "false"},
};

static const char *const producer_conf[][2] = {
    {"enable.idempotence",         "true" },
    {"acks",                       "all"  },
    {"linger.ms",                  "0"    },
    {"message.timeout.ms",         "30000"},
    {"queue.buffering.max.kbytes", "8192" },
};

static const char *const consumer_conf[][2] = {
    {"enable.auto.commit",            "false"},
    {"enable.auto.offset.store",      "false"},
    {"auto.offset.reset",             "error"}, /* the inbox looks what happened and decides */
    {"partition.assignment.strategy", "range"},
    {"session.timeout.ms",            "6000" },
    {"heartbeat.interval.ms",         "1000" },
    {"fetch.wait.max.ms",             "500"  },
    {"fetch.error.backoff.ms",        "50"   },
    {"queued.max.messages.kbytes",    "2048" },
    {"allow.auto.create.topics",      "false"},
};

static const char prefix[] = "KAFKA_";

/* Events are neither lost nor mixed up because these are what they are. */
static const char *const guarantees[] = {"acks",
                                         "request.required.acks",
                                         "enable.idempotence",
                                         "enable.auto.commit",
                                         "auto.commit.enable",
                                         "enable.auto.offset.store",
                                         "group.id",
                                         "group.instance.id",
                                         "auto.offset.reset",
                                         "partition.assignment.strategy",
                                         NULL};
static const char *const ours[] = {"bootstrap.servers", "metadata.broker.list", NULL};

static bool any_is(const char *const *names, const char *name)
{
    for (; *names; names++) {
        if (strcmp(*names, name) == 0) {
            return true;
        }
    }
    return false;
}

static struct err set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[160];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK) {
        return permanent("kafka: %s", why);
    }
    return OK;
}

static struct err set_all(rd_kafka_conf_t *conf, const char *const table[][2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        TRY(set(conf, table[i][0], table[i][1]));
    }
    return OK;
}

/* KAFKA_SASL_USERNAME=x -> sasl.username=x; KAFKA_SASL_PASSWORD_FILE=path -> sasl.password=its content. */
static struct err set_one(rd_kafka_conf_t *conf, const char *variable, size_t len, const char *text)
{
    char name[100], value[SETTING_SIZE], own[100];
    size_t n = len - strlen(prefix), known = 0;

    if (n == 0 || n >= sizeof name) {
        return permanent("no such Kafka setting");
    }
    for (size_t i = 0; i < n; i++) {
        char c = variable[strlen(prefix) + i];
        name[i] = c == '_' ? '.' : (char)tolower((unsigned char)c);
    }
    name[n] = '\0';
    bool file = n > 5 && strcmp(name + n - 5, ".file") == 0 &&
                rd_kafka_conf_get(conf, name, NULL, &known) != RD_KAFKA_CONF_OK;
    if (file) {
        name[n - 5] = '\0';
    }
    if (any_is(guarantees, name)) {
        return permanent("%s is not to be chosen: what this product promises rests on it", name);
    }
    if (any_is(ours, name)) {
        return permanent("use KAFKA_BOOTSTRAP");
    }
    if (!file) {
        return set(conf, name, text);
    }
    (void)snprintf(own, sizeof own, "%.*s", (int)len - 5, variable);
    TRY(setting_read_file(own, text, value, sizeof value));
    struct err e = set(conf, name, value);
    explicit_bzero(value, sizeof value);
    return e;
}

/* KAFKA_BOOTSTRAP is a setting of ours; Kubernetes and Docker announce a service named kafka by the others. */
static bool passes_on(const char *variable, size_t len)
{
    static const char *const others[] = {"KAFKA_BOOTSTRAP", "KAFKA_BOOTSTRAP_FILE", "KAFKA_PORT",
                                         NULL};

    if (strncmp(variable, prefix, strlen(prefix)) != 0 ||
        strncmp(variable, "KAFKA_SERVICE_", 14) == 0 || strncmp(variable, "KAFKA_PORT_", 11) == 0) {
        return false;
    }
    for (int i = 0; others[i]; i++) {
        if (strlen(others[i]) == len && strncmp(variable, others[i], len) == 0) {
            return false;
        }
    }
    return true;
}

static struct err set_from_environment(rd_kafka_conf_t *conf)
{
    for (char **line = environ; line && *line; line++) {
        size_t len = strcspn(*line, "=");
        if ((*line)[len] != '=' || !passes_on(*line, len)) {
            continue;
        }
        struct err e = set_one(conf, *line, len, *line + len + 1);
        if (failed(e)) {
            return err_in(e, "%.*s", (int)len, *line);
        }
    }
    return OK;
}

/* librdkafka's own lines stay off stderr: what matters comes back as errors. */
static void quiet(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

struct err kafka_conf(const struct kafka_settings *settings, bool producer, rd_kafka_conf_t **ret)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct err e;

    rd_kafka_conf_set_log_cb(conf, quiet);
    e = set(conf, "bootstrap.servers", settings->bootstrap);
    if (!failed(e)) {
        e = set(conf, "client.id", settings->service);
    }
    if (!failed(e)) {
        e = set_all(conf, common_conf, sizeof common_conf / sizeof common_conf[0]);
    }
    if (!failed(e)) {
        e = producer ? set_all(conf, producer_conf, sizeof producer_conf / sizeof producer_conf[0])
                     : set_all(conf, consumer_conf, sizeof consumer_conf / sizeof consumer_conf[0]);
    }
    if (!failed(e)) {
        e = set_from_environment(conf);
    }
    if (failed(e)) {
        rd_kafka_conf_destroy(conf);
        return e;
    }
    *ret = conf;
    return OK;
}

static struct err read_results(rd_kafka_event_t *event)
{
    size_t n;
    const rd_kafka_topic_result_t **results;

    if (rd_kafka_event_error(event)) {
        return transient("kafka: %.150s", rd_kafka_event_error_string(event));
    }
    results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    for (size_t i = 0; i < n; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            return transient("kafka: topic %s: %.120s", rd_kafka_topic_result_name(results[i]),
                             rd_kafka_err2str(code));
        }
    }
    return OK;
}

static struct err create_all(rd_kafka_t *rk, int replicas)
{
    rd_kafka_NewTopic_t *topics[8];
    size_t n = 0;
    char why[160];

    for (; kafka_topics[n]; n++) {
        topics[n] =
            rd_kafka_NewTopic_new(kafka_topics[n], KAFKA_PARTITIONS, replicas, why, sizeof why);
        /* events are how a lost database is brought up to date: kept longer than any backup is old */
        (void)rd_kafka_NewTopic_set_config(topics[n], "retention.ms", "2592000000");
        if (replicas >= 3) { /* acknowledged means on two brokers, while one may be away */
            (void)rd_kafka_NewTopic_set_config(topics[n], "min.insync.replicas", "2");
        }
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    (void)rd_kafka_AdminOptions_set_operation_timeout(options, ADMIN_DEADLINE_MS, why, sizeof why);
    rd_kafka_CreateTopics(rk, topics, n, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ADMIN_DEADLINE_MS);
    struct err e = event ? read_results(event) : transient("kafka: no answer in time");
    if (event) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy_array(topics, n);
    return e;
}

struct err kafka_make_topics(const struct kafka_settings *settings, int replicas)
{
    rd_kafka_conf_t *conf = NULL;
    char why[160];

    TRY(kafka_conf(settings, true, &conf));
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        return permanent("kafka: %s", why);
    }
    struct err e = create_all(rk, replicas);
    rd_kafka_destroy(rk);
    return e;
}
