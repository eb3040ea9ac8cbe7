/* What of the environment reaches librdkafka. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/kafka.h"

static const struct kafka_settings settings = {.service = "test", .bootstrap = "broker:9092"};
static char shown[400];

extern char **environ;

/* Only what these tests are about: cmocka reads its own settings from there. */
static int no_environment(void **state)
{
    (void)state;
    for (char **line = environ; *line;) {
        char name[200];
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(*line, "="), *line);
        if (strncmp(name, "KAFKA_", 6) == 0) {
            (void)unsetenv(name);
            line = environ;
        } else {
            line++;
        }
    }
    return 0;
}

static struct err configure(bool producer, const char *name)
{
    rd_kafka_conf_t *conf = NULL;
    size_t size = sizeof shown;

    TRY(kafka_conf(&settings, producer, &conf));
    shown[0] = '\0';
    int found = rd_kafka_conf_get(conf, name, shown, &size);
    rd_kafka_conf_destroy(conf);
    return found == RD_KAFKA_CONF_OK ? OK : permanent("no %s", name);
}

static void assert_conf(const char *name, const char *value)
{
    assert_string_equal(configure(true, name).text, "");
    assert_string_equal(shown, value);
}

static void assert_refused(const char *variable, const char *value, const char *why)
{
    assert_int_equal(setenv(variable, value, 1), 0);
    assert_string_equal(configure(true, "client.id").text, why);
    assert_int_equal(unsetenv(variable), 0);
}

static void settings_pass_on_by_their_name(void **state)
{
    (void)state;
    assert_int_equal(setenv("KAFKA_SASL_USERNAME", "me=you", 1), 0);
    assert_int_equal(setenv("KAFKA_BOOTSTRAP", "ours:1", 1), 0);
    assert_int_equal(setenv("KAFKA_BOOTSTRAP_FILE", "/ours", 1), 0);
    assert_conf("sasl.username", "me=you");
    assert_conf("bootstrap.servers", "broker:9092");
    assert_refused("KAFKA_SASL_MECHANIX", "x",
                   "KAFKA_SASL_MECHANIX: kafka: No such configuration property: \"sasl.mechanix\"");
    assert_refused("KAFKA_BOOTSTRAP_SERVERS", "x:1",
                   "KAFKA_BOOTSTRAP_SERVERS: use KAFKA_BOOTSTRAP");
}

static void what_container_platforms_inject_is_ignored(void **state)
{
    static const char *const injected[] = {"KAFKA_SERVICE_HOST",        "KAFKA_SERVICE_PORT",
                                           "KAFKA_SERVICE_PORT_CLIENT", "KAFKA_PORT",
                                           "KAFKA_PORT_9092_TCP",       "KAFKA_PORT_9092_TCP_ADDR",
                                           "KAFKA_PORT_9092_TCP_PORT"};

    (void)state;
    for (size_t i = 0; i < sizeof injected / sizeof injected[0]; i++) {
        assert_int_equal(setenv(injected[i], "tcp://10.0.0.1:9092", 1), 0);
    }
    assert_conf("bootstrap.servers", "broker:9092");
}

static void a_file_gives_the_value(void **state)
{
    char path[] = "/tmp/test-kafka-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0 && write(fd, "hush\n", 5) == 5 && close(fd) == 0);
    assert_int_equal(setenv("KAFKA_SASL_PASSWORD_FILE", path, 1), 0);
    assert_conf("sasl.password", "hush");
    assert_int_equal(unlink(path), 0);
    struct err e = configure(true, "sasl.password");
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_non_null(strstr(e.text, "KAFKA_SASL_PASSWORD_FILE: cannot read '/tmp/test-kafka-"));
}

static void what_a_guarantee_rests_on_is_refused(void **state)
{
    static const char *const variables[] = {
        "KAFKA_ACKS",     "KAFKA_ENABLE_IDEMPOTENCE", "KAFKA_ENABLE_AUTO_COMMIT",
        "KAFKA_GROUP_ID", "KAFKA_GROUP_INSTANCE_ID",  "KAFKA_ENABLE_AUTO_OFFSET_STORE",
        "KAFKA_acks",     "KAFKA_AUTO_OFFSET_RESET",  "KAFKA_ACKS_FILE"};

    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        assert_int_equal(setenv(variables[i], "1", 1), 0);
        struct err e = configure(true, "client.id");
        assert_int_equal(e.kind, ERR_PERMANENT);
        assert_int_equal(strncmp(e.text, variables[i], strlen(variables[i])), 0);
        assert_non_null(strstr(e.text, " is not to be chosen: "));
        assert_int_equal(unsetenv(variables[i]), 0);
    }
}

static void a_consumer_that_lost_its_place_says_so(void **state)
{
    (void)state;
    assert_string_equal(configure(false, "auto.offset.reset").text, "");
    assert_string_equal(shown, "error");
}

#define TEST(name) cmocka_unit_test_setup(name, no_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(settings_pass_on_by_their_name),
        TEST(what_container_platforms_inject_is_ignored),
        TEST(a_file_gives_the_value),
        TEST(what_a_guarantee_rests_on_is_refused),
        TEST(a_consumer_that_lost_its_place_says_so),
    };

    return cmocka_run_group_tests_name("kafka", tests, NULL, NULL);
}
