/* Where reading goes on, and who is told what was lost. The database and the broker are this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/position.h"

/* The partition's row in `offsets`, and what the broker has of it. */
static struct {
    bool there, unreachable;
    int64_t next, low, high;
    char cluster[CLUSTER_SIZE];
} is;

static const char cluster[CLUSTER_SIZE] = "here";
static char logged[4000];
static int lines;
static struct position position;

void log_write(enum log_level level, const char *message, const struct kv *pairs, int n)
{
    lines += level == LOG_ERROR;
    size_t len = (size_t)snprintf(logged, sizeof logged, "%s", message);
    for (int i = 0; i < n; i++) {
        len += (size_t)(pairs[i].text ? snprintf(logged + len, sizeof logged - len, " %s=%s",
                                                 pairs[i].key, pairs[i].text)
                                      : snprintf(logged + len, sizeof logged - len, " %s=%lld",
                                                 pairs[i].key, (long long)pairs[i].number));
    }
}

rd_kafka_resp_err_t rd_kafka_query_watermark_offsets(rd_kafka_t *rk, const char *topic,
                                                     int32_t partition, int64_t *low, int64_t *high,
                                                     int timeout_ms)
{
    (void)rk, (void)topic, (void)partition, (void)timeout_ms;
    *low = is.low;
    *high = is.high;
    return is.unreachable ? RD_KAFKA_RESP_ERR__TIMED_OUT : RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Knows the statements by what they begin with. */
struct err db_query(struct db *db, struct rows **ret, const char *sql, const struct param *params,
                    int n)
{
    (void)db, (void)ret;
    if (strncmp(sql, "insert", 6) == 0 && !is.there) {
        is.there = true;
        is.next = n > 3 ? strtoll(params[3].digits, NULL, 10) : 0;
        (void)snprintf(is.cluster, sizeof is.cluster, "%s", params[2].text);
    } else if (strncmp(sql, "update", 6) == 0) {
        is.next = strtoll(params[2].digits, NULL, 10);
        if (n > 3) {
            (void)snprintf(is.cluster, sizeof is.cluster, "%s", params[3].text);
        }
    }
    return OK;
}

int64_t rows_int(const struct rows *rows, int row, const char *column)
{
    (void)rows, (void)row;
    assert_string_equal(column, "next");
    return is.next;
}

bool rows_bool(const struct rows *rows, int row, const char *column)
{
    (void)rows, (void)row;
    return strcmp(column, "elsewhere") == 0 && strcmp(is.cluster, position.cluster) != 0;
}

void rows_free(struct rows *rows)
{
    (void)rows;
}

static int set_up(void **state)
{
    (void)state;
    memset(&is, 0, sizeof is);
    position = (struct position){.cluster = cluster};
    memcpy(is.cluster, cluster, sizeof cluster);
    logged[0] = '\0';
    lines = 0;
    return 0;
}

static int64_t found(void)
{
    char topic[] = "servers";
    rd_kafka_topic_partition_t p = {.topic = topic, .partition = 7, .offset = -1};

    assert_int_equal(position_find(&position, NULL, &p).kind, ERR_NONE);
    assert_int_equal(p.offset, is.next);
    return p.offset;
}

static void stands_at(int64_t next, int64_t low, int64_t high)
{
    is.there = true;
    is.next = next;
    is.low = low;
    is.high = high;
}

static void what_is_there_is_read_from_where_it_was_left(void **state)
{
    (void)state;
    stands_at(20, 10, 30);
    assert_int_equal(found(), 20);
    stands_at(10, 10, 30);
    assert_int_equal(found(), 10);
    stands_at(30, 30, 30); /* all of it expired, and all of it was read */
    assert_int_equal(found(), 30);
    assert_int_equal(lines, 0);
}

static void what_expired_unread_is_told_once(void **state)
{
    (void)state;
    stands_at(20, 25, 30);
    assert_int_equal(found(), 25);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(logged, "deleted messages before they were read"));
    assert_non_null(strstr(logged, "run clawctl replay --from-state"));
    assert_non_null(strstr(logged, "topic=servers partition=7 stored=20 beginning=25 lost=5"));
    assert_int_equal(found(), 25);
    assert_int_equal(lines, 1);
}

static void so_is_all_of_a_partition_of_which_nothing_was_read(void **state)
{
    (void)state;
    stands_at(0, 3, 3);
    assert_int_equal(found(), 3);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(logged, "lost=3"));
}

static void what_expired_before_the_first_look_is_nobodys_loss(void **state)
{
    char topic[] = "servers";
    rd_kafka_topic_partition_t p = {.topic = topic, .partition = 7};

    (void)state;
    is.low = 25;
    is.high = 30;
    is.unreachable = true;
    assert_int_equal(position_find(&position, NULL, &p).kind, ERR_TRANSIENT);
    is.unreachable = false;
    assert_int_equal(found(), 25);
    assert_int_equal(lines, 0);
}

static void a_topic_made_anew_is_told_as_before(void **state)
{
    (void)state;
    stands_at(40, 0, 30);
    assert_int_equal(found(), 0);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(logged, "past the end"));
    assert_non_null(strstr(logged, "topic=servers partition=7 stored=40 end=30"));
}

static void a_position_in_another_cluster_is_told_as_that(void **state)
{
    (void)state;
    stands_at(1, 25, 30);
    (void)snprintf(is.cluster, sizeof is.cluster, "there");
    assert_int_equal(found(), 25);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(logged, "Kafka is another one than before"));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_there_is_read_from_where_it_was_left),
        TEST(what_expired_unread_is_told_once),
        TEST(so_is_all_of_a_partition_of_which_nothing_was_read),
        TEST(what_expired_before_the_first_look_is_nobodys_loss),
        TEST(a_topic_made_anew_is_told_as_before),
        TEST(a_position_in_another_cluster_is_told_as_that),
    };

    return cmocka_run_group_tests_name("position", tests, NULL, NULL);
}
