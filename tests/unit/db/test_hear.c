/* Waiting for a notification: it is heard whenever it comes, and nobody waits longer than told, whatever the server does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "db/internal.h"
#include "server.h"

enum { SOON_MS = 100, LONG_MS = 20000 };

/* The first word of the script is for the statement that sets the search path. */
#define SCRIPT(...) (server.script = (const char *const[]){__VA_ARGS__, NULL})

static struct db *db;
static char heard[16];

static int set_up(void **state)
{
    int status = server_start(state);

    server.connections = 0;
    db = db_new(server.url, "test", NULL);
    db_listen(db, "news");
    return status;
}

static int tear_down(void **state)
{
    db_free(db);
    return server_stop(state);
}

static struct err hear(int wake, int within_ms)
{
    heard[0] = '\0';
    return db_hear(db, wake, within_ms, heard, sizeof heard);
}

static void it_listens_on_every_connection(void **state)
{
    (void)state;
    assert_int_equal(db_ready(db).kind, ERR_NONE);
    assert_non_null(strstr(server.first, "listen news;"));
    db_drop(db);
    server.first[0] = '\0';
    assert_int_equal(hear(-1, 0).kind, ERR_NOT_YET);
    assert_non_null(strstr(server.first, "listen news;"));
    assert_int_equal(server.connections, 2);
}

static void what_comes_is_heard_once(void **state)
{
    (void)state;
    SCRIPT("ok", "note");
    assert_int_equal(db_exec(db, NULL, "select 1").kind, ERR_NONE);
    assert_int_equal(hear(-1, LONG_MS).kind, ERR_NONE);
    assert_string_equal(heard, "id 7");
    assert_int_equal(hear(-1, 0).kind, ERR_NOT_YET);
}

static void a_notification_before_an_answer_is_not_lost(void **state)
{
    (void)state;
    SCRIPT("ok", "note", "ok");
    assert_int_equal(db_exec(db, NULL, "select 1").kind, ERR_NONE);
    assert_int_equal(db_exec(db, NULL, "select 2").kind, ERR_NONE);
    assert_int_equal(hear(-1, LONG_MS).kind, ERR_NONE);
    assert_string_equal(heard, "id 7");
}

static void silence_ends_in_time(void **state)
{
    int64_t began = clock_ms();

    (void)state;
    assert_int_equal(hear(-1, SOON_MS).kind, ERR_NOT_YET);
    assert_in_range(clock_ms() - began, SOON_MS, 50 * SOON_MS);
}

static void another_thread_can_end_it(void **state)
{
    int64_t began = clock_ms();
    int wake = eventfd(1, 0);

    (void)state;
    assert_int_equal(hear(wake, LONG_MS).kind, ERR_NOT_YET);
    assert_true(clock_ms() - began < LONG_MS / 2);
    (void)close(wake);
}

static void a_server_that_leaves_is_an_error_and_then_forgotten(void **state)
{
    (void)state;
    SCRIPT("ok", "bye");
    assert_int_equal(db_exec(db, NULL, "select 1").kind, ERR_NONE);
    assert_int_equal(hear(-1, LONG_MS).kind, ERR_TRANSIENT);
    assert_null(db->conn);
    assert_int_equal(hear(-1, 0).kind, ERR_NOT_YET);
    assert_int_equal(server.connections, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_listens_on_every_connection),
        TEST(what_comes_is_heard_once),
        TEST(a_notification_before_an_answer_is_not_lost),
        TEST(silence_ends_in_time),
        TEST(another_thread_can_end_it),
        TEST(a_server_that_leaves_is_an_error_and_then_forgotten),
    };

    return cmocka_run_group_tests_name("notifications", tests, NULL, NULL);
}
