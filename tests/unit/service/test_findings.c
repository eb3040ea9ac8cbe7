/* What a sweep writes in its end, above all when it found more than its list holds. The database is this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "service/findings.h"

static const struct sweeping mine = {.piece = "server", .owner = "me", .every_s = 900};

/* What was asked of the database; "" or NULL: it was not. */
static struct {
    char error[400], next_s[40];
    json_t *found, *skipped;
} asked;

struct db *db_new(const char *url, const char *application, const char *schema)
{
    (void)url, (void)application, (void)schema;
    return NULL;
}

void db_free(struct db *db)
{
    (void)db;
}

struct err db_begin(struct db *db)
{
    (void)db;
    return OK;
}

struct err db_commit(struct db *db)
{
    (void)db;
    return OK;
}

void db_rollback(struct db *db)
{
    (void)db;
}

struct err db_query(struct db *db, struct rows **ret, const char *sql, const struct param *params,
                    int n)
{
    (void)db, (void)ret, (void)n;
    if (strncmp(sql, "update sweeps", 13) == 0) {
        (void)snprintf(asked.error, sizeof asked.error, "%s", params[3].text);
        (void)snprintf(asked.next_s, sizeof asked.next_s, "%s", params[4].digits);
    } else if (strncmp(sql, "insert into findings", 20) == 0) {
        asked.found = json_loads(params[1].text, 0, NULL);
    } else if (strncmp(sql, "delete from findings", 20) == 0) {
        asked.skipped = json_loads(params[1].text, 0, NULL);
    }
    return OK;
}

int rows_count(const struct rows *rows)
{
    (void)rows;
    return 1;
}

int rows_affected(const struct rows *rows)
{
    (void)rows;
    return 1;
}

int64_t rows_int(const struct rows *rows, int row, const char *column)
{
    (void)rows, (void)row, (void)column;
    return 1;
}

void rows_free(struct rows *rows)
{
    (void)rows;
}

static struct arena *arena;
static struct sweep_look look;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    sweep_look_init(&look, arena);
    memset(&asked, 0, sizeof asked);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(asked.found);
    json_decref(asked.skipped);
    arena_free(arena);
    return 0;
}

static void find(int n)
{
    for (int i = 0; i < n; i++) {
        struct finding *f = sweep_found(&look, "unknown key", arena_printf(arena, "key %d", i));
        f->words = "It is marked as ours";
    }
}

static void what_fits_is_all_there_is(void **state)
{
    (void)state;
    find(FINDINGS_MAX);
    assert_int_equal(sweep_finish(NULL, &mine, &look, OK).kind, ERR_NONE);
    assert_string_equal(asked.error, "");
    assert_int_equal(json_array_size(asked.found), FINDINGS_MAX);
    assert_int_equal(json_array_size(asked.skipped), 0);
}

static void what_does_not_fit_is_counted_and_what_was_known_of_it_stays(void **state)
{
    (void)state;
    find(FINDINGS_MAX + 2);
    assert_int_equal(sweep_finish(NULL, &mine, &look, OK).kind, ERR_NONE);
    assert_string_equal(asked.error, "1000 differences are listed, and 2 more are not");
    assert_string_equal(asked.next_s, "900"); /* sooner would find no less */
    assert_int_equal(json_array_size(asked.found), FINDINGS_MAX);
    assert_int_equal(json_array_size(asked.skipped), 2);
    assert_string_equal(json_string_value(json_array_get(asked.skipped, 0)), "key 1000");
    assert_string_equal(json_string_value(json_array_get(asked.skipped, 1)), "key 1001");
}

static void a_sweep_that_failed_says_why(void **state)
{
    (void)state;
    find(FINDINGS_MAX + 2);
    struct err e = sweep_finish(NULL, &mine, &look, transient("no answer"));
    assert_int_equal(e.kind, ERR_NONE);
    assert_string_equal(asked.error, "no answer");
    assert_string_equal(asked.next_s, "60");
    assert_null(asked.skipped);
}

static void when_too_much_was_skipped_to_remember_nothing_is_forgotten(void **state)
{
    (void)state;
    for (int i = 0; i < SKIPPED_MAX + 1; i++) {
        sweep_skipped(&look, "vps-1");
    }
    assert_int_equal(sweep_finish(NULL, &mine, &look, OK).kind, ERR_NONE);
    assert_null(asked.skipped);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_fits_is_all_there_is),
        TEST(what_does_not_fit_is_counted_and_what_was_known_of_it_stays),
        TEST(a_sweep_that_failed_says_why),
        TEST(when_too_much_was_skipped_to_remember_nothing_is_forgotten),
    };

    return cmocka_run_group_tests_name("findings", tests, NULL, NULL);
}
