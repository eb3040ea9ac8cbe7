/* What becomes of a statement when the server fails, leaves or hangs, and which connection strings are good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <poll.h>

#include "base/clock.h"
#include "db/internal.h"
#include "server.h"

enum { HURRY_MS = 200 };

/* The first word of the script is for the statement that sets the search path. */
#define SCRIPT(...) (server.script = (const char *const[]){__VA_ARGS__, NULL})

static struct db *db;

static int set_up(void **state)
{
    int status = server_start(state);

    server.connections = 0;
    server.silent = server.farewell = false;
    db = db_new(server.url, "test", NULL);
    db->deadline_ms = HURRY_MS;
    return status;
}

static int tear_down(void **state)
{
    db_free(db);
    return server_stop(state);
}

static enum err_kind kind_of_failure(const char *sqlstate)
{
    SCRIPT("ok", sqlstate);
    db_drop(db);
    return db_exec(db, NULL, "insert into t values (1)").kind;
}

static void outages_failovers_and_migrations_pass(void **state)
{
    static const char *const passing[] = {"25006", "42501", "42P01", "42883", "40001", "40P01",
                                          "55P03", "57014", "53300", "0A000", NULL};

    (void)state;
    for (int i = 0; passing[i]; i++) {
        assert_int_equal(kind_of_failure(passing[i]), ERR_TRANSIENT);
    }
    assert_int_equal(kind_of_failure("40003"), ERR_UNKNOWN);
    assert_int_equal(kind_of_failure("23505"), ERR_PERMANENT);
    assert_int_equal(kind_of_failure("42601"), ERR_PERMANENT);
}

static void a_server_that_only_reads_is_left(void **state)
{
    (void)state;
    assert_int_equal(kind_of_failure("25006"), ERR_TRANSIENT);
    assert_null(db->conn);
}

static void a_statement_that_hangs_is_given_up_and_its_connection_dropped(void **state)
{
    (void)state;
    SCRIPT("ok", "hang");
    int64_t began = clock_ms();
    struct err e = db_exec(db, NULL, "select 1");
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_string_equal(e.text, "the database did not answer in time");
    assert_in_range(clock_ms() - began, HURRY_MS, 10 * HURRY_MS);
    assert_null(db->conn);
    assert_int_equal(db_exec(db, NULL, "select 1").kind, ERR_NONE);
    assert_int_equal(server.connections, 2);
}

static void writing_that_hangs_may_have_been_done(void **state)
{
    (void)state;
    SCRIPT("ok", "hang");
    assert_int_equal(db_exec(db, NULL, "delete from t").kind, ERR_UNKNOWN);
    SCRIPT("ok", "close");
    assert_int_equal(db_exec(db, NULL, "delete from t").kind, ERR_UNKNOWN);
}

static void only_the_commit_of_a_transaction_can_be_in_doubt(void **state)
{
    (void)state;
    SCRIPT("ok", "begin", "hang");
    assert_int_equal(db_begin(db).kind, ERR_NONE);
    assert_int_equal(db_exec(db, NULL, "delete from t").kind, ERR_TRANSIENT);
    assert_int_equal(db_commit(db).kind, ERR_TRANSIENT);

    SCRIPT("ok", "begin", "close");
    assert_int_equal(db_begin(db).kind, ERR_NONE);
    assert_int_equal(db_exec(db, NULL, "delete from t").kind, ERR_TRANSIENT);

    SCRIPT("ok", "begin", "ok", "hang");
    assert_int_equal(db_begin(db).kind, ERR_NONE);
    assert_int_equal(db_exec(db, NULL, "delete from t").kind, ERR_NONE);
    assert_int_equal(db_commit(db).kind, ERR_UNKNOWN);
}

static void a_rollback_that_hangs_drops_the_connection(void **state)
{
    (void)state;
    SCRIPT("ok", "begin", "hang");
    assert_int_equal(db_begin(db).kind, ERR_NONE);
    db_rollback(db);
    assert_null(db->conn);
}

static void a_batch_that_hangs_is_in_doubt(void **state)
{
    struct rows *rows[1];

    (void)state;
    SCRIPT("ok", "hang");
    assert_int_equal(db_batch_begin(db).kind, ERR_NONE);
    assert_int_equal(db_batch_add(db, "one", "select 1", NULL, 0).kind, ERR_NONE);
    assert_int_equal(db_batch_end(db, rows, 1).kind, ERR_UNKNOWN);
    assert_null(rows[0]);
    assert_null(db->conn);
}

static void a_batch_that_was_left_is_not_in_the_way(void **state)
{
    (void)state;
    assert_int_equal(db_batch_begin(db).kind, ERR_NONE);
    assert_int_equal(db_exec(db, NULL, "select 1").kind, ERR_NONE);
}

/* Without its search path a connection would find other tables. */
static void a_connection_that_cannot_be_configured_is_not_used(void **state)
{
    (void)state;
    SCRIPT("57014", "hang");
    assert_int_equal(db_ready(db).kind, ERR_TRANSIENT);
    assert_null(db->conn);
    SCRIPT("ok", "ok");
    assert_int_equal(db_exec(db, NULL, "select 1").kind, ERR_NONE);
    assert_int_equal(server.connections, 2);
}

/* A server that was restarted: the first to ask afterwards must not be told that there is none. */
static void a_connection_that_ended_in_the_pool_is_not_handed_out(void **state)
{
    struct db_pool *pool = db_pool_new(server.url, "test", NULL, 1);
    struct db *taken = NULL;

    (void)state;
    SCRIPT("ok", "bye");
    assert_int_equal(db_pool_take(pool, HURRY_MS, &taken).kind, ERR_NONE);
    assert_int_equal(db_exec(taken, NULL, "select 1").kind, ERR_NONE);
    struct pollfd left = {.fd = PQsocket(taken->conn), .events = POLLIN};
    db_pool_give(pool, taken);
    assert_int_equal(poll(&left, 1, 5000), 1);
    assert_int_equal(db_pool_take(pool, HURRY_MS, &taken).kind, ERR_NONE);
    assert_int_equal(db_exec(taken, NULL, "insert into t values (1)").kind, ERR_NONE);
    assert_int_equal(server.connections, 2);
    db_pool_give(pool, taken);
    db_pool_free(pool);
}

/* libpq has a notice of it at once, and would print it. */
static void a_server_that_ends_while_we_connect_puts_nothing_on_our_stderr(void **state)
{
    FILE *file = tmpfile();
    int stderr_was = dup(STDERR_FILENO);

    (void)state;
    server.farewell = true;
    (void)dup2(fileno(file), STDERR_FILENO);
    struct err e = db_exec(db, NULL, "select 1");
    (void)dup2(stderr_was, STDERR_FILENO);
    (void)close(stderr_was);
    (void)e; /* the rest of the script is answered */
    assert_int_equal(server.connections, 1);
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    (void)fclose(file);
}

static void a_server_that_says_nothing_is_given_up(void **state)
{
    (void)state;
    server.silent = true;
    int64_t began = clock_ms();
    struct err e = db_exec(db, NULL, "select 1");
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_string_equal(e.text, "database: the server did not answer within 5 s");
    assert_in_range(clock_ms() - began, 4900, 20000);
    assert_null(db->conn);
}

static void a_bad_connection_string_is_refused_without_repeating_it(void **state)
{
    static const char *const bad[] = {"postgresql://u:secret@[::1/d",
                                      "postgresql://u:secret@h/d?no=such",
                                      "postgresql://u:se@cret@h/d",
                                      "postgresql://u:12/secret@h/d",
                                      "postgresql://u:secret/1@h/d",
                                      "postgresql://u:%zzsecret@h/d",
                                      "secret",
                                      NULL};

    (void)state;
    for (int i = 0; bad[i]; i++) {
        struct err e = db_url_ok(bad[i]);
        assert_int_equal(e.kind, ERR_PERMANENT);
        assert_string_equal(e.text, "DATABASE_URL is not a PostgreSQL connection string");
        struct db *other = db_new(bad[i], "test", NULL);
        assert_null(strstr(db_ready(other).text, "secret"));
        db_free(other);
    }
    assert_int_equal(db_url_ok(server.url).kind, ERR_NONE);
    assert_int_equal(db_url_ok("postgresql://u:a%40b%2F@h1:1,h2:2/d").kind, ERR_NONE);
    assert_int_equal(db_url_ok("host=/run/postgresql user=u password='a@b/c' dbname=d").kind,
                     ERR_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(outages_failovers_and_migrations_pass),
        TEST(a_server_that_only_reads_is_left),
        TEST(a_statement_that_hangs_is_given_up_and_its_connection_dropped),
        TEST(writing_that_hangs_may_have_been_done),
        TEST(only_the_commit_of_a_transaction_can_be_in_doubt),
        TEST(a_rollback_that_hangs_drops_the_connection),
        TEST(a_batch_that_hangs_is_in_doubt),
        TEST(a_batch_that_was_left_is_not_in_the_way),
        TEST(a_connection_that_cannot_be_configured_is_not_used),
        TEST(a_connection_that_ended_in_the_pool_is_not_handed_out),
        TEST(a_server_that_ends_while_we_connect_puts_nothing_on_our_stderr),
        TEST(a_server_that_says_nothing_is_given_up),
        TEST(a_bad_connection_string_is_refused_without_repeating_it),
    };

    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
