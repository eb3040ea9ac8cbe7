/* What the setup script says, and what a hostile machine might say in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/utf8.h"

static struct arena *arena;
static struct setup_answer answer;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct err follow(const char *text)
{
    return answer_follow(text, strlen(text), arena, &answer);
}

static void a_running_setup_says_its_step_and_its_log(void **state)
{
    (void)state;
    assert_int_equal(
        follow("run r-1\nrunning node\noffset 120\n\n== node: Installing Node.js\n").kind,
        ERR_NONE);
    assert_int_equal(answer.status, SETUP_RUNNING);
    assert_string_equal(answer.run_id, "r-1");
    assert_string_equal(answer.step, "node");
    assert_int_equal(answer.offset, 120);
    assert_int_equal(answer.log_len, strlen("== node: Installing Node.js\n"));
}

static void a_failed_setup_says_step_and_reason(void **state)
{
    (void)state;
    assert_int_equal(follow("run r-1\nfailed node no network here\noffset 0\n\n").kind, ERR_NONE);
    assert_int_equal(answer.status, SETUP_FAILED);
    assert_string_equal(answer.step, "node");
    assert_string_equal(answer.reason, "no network here");
    assert_int_equal(answer.log_len, 0);
}

static void a_bare_failed_has_neither(void **state)
{
    (void)state;
    assert_int_equal(follow("run\nfailed\noffset 0\n\n").kind, ERR_NONE);
    assert_int_equal(answer.status, SETUP_FAILED);
    assert_string_equal(answer.step, "");
    assert_string_equal(answer.reason, "");
    assert_string_equal(answer.run_id, "");
}

static void none_and_done_are_words_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(follow("run \nnone\noffset 0\n\n").kind, ERR_NONE);
    assert_int_equal(answer.status, SETUP_NONE);
    assert_int_equal(follow("run r\ndone\noffset 5\n\n").kind, ERR_NONE);
    assert_int_equal(answer.status, SETUP_DONE);
    assert_int_equal(follow("run r\ndoneish\noffset 5\n\n").kind, ERR_TRANSIENT);
}

static void what_makes_no_sense_is_worth_another_look(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "run",
        "run r\n",
        "run r\nrunning node\n",
        "run r\nrunning node\noffset\n\n",
        "run r\nrunning node\noffset -1\n\n",
        "run r\nrunning node\noffset 12x\n\n",
        "run r\nrunning node\noffset 99999999999999999999\n\n",
        "run r\nrunning node\noffset 12\n",
        "run r\nrunning node\noffset 12\nlog without an empty line\n",
        "run r\nconquered the world\noffset 0\n\n",
        "run r\n\noffset 0\n\n",
        "Welcome to Debian\nrun r\ndone\noffset 0\n\n",
        "<html><body>502</body></html>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = follow(bad[i]);
        if (e.kind != ERR_TRANSIENT || !e.text[0]) {
            fail_msg("'%s' was taken", bad[i]);
        }
    }
}

static void nuls_and_bad_utf8_never_reach_a_text(void **state)
{
    static const char bytes[] = "run r\0x\nfailed no\xff\x1b[31mde bad\xc3\noffset 3\n\na\0\xffz\n";

    (void)state;
    assert_int_equal(answer_follow(bytes, sizeof bytes - 1, arena, &answer).kind, ERR_NONE);
    assert_string_equal(answer.run_id, "r?x");
    assert_string_equal(answer.step, "no??[31mde");
    assert_string_equal(answer.reason, "bad?");
    assert_int_equal(answer.log_len, 5);
}

static void long_words_are_cut_between_characters(void **state)
{
    char text[8192] = "run r\nfailed node ";

    (void)state;
    for (int i = 0; i < 1000; i++) {
        memcpy(text + strlen(text), "\xc3\xa4", 3);
    }
    memcpy(text + strlen(text), "\noffset 0\n\n", 12);
    assert_int_equal(follow(text).kind, ERR_NONE);
    assert_true(strlen(answer.reason) <= 160);
    assert_true(utf8_valid(answer.reason, strlen(answer.reason)));
}

static void any_bytes_at_all_are_survived(void **state)
{
    static const char good[] = "run r-1\nrunning node\noffset 120\n\n== node: Installing\nmore\n";
    char bytes[sizeof good];
    unsigned seed = 7;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        memcpy(bytes, good, sizeof good);
        for (int i = 0; i < 1 + round % 4; i++) {
            seed = seed * 1103515245U + 12345U;
            bytes[(seed >> 16) % (sizeof good - 1)] = (char)(seed >> 8);
        }
        size_t len = (size_t)round % sizeof good;
        struct err e = answer_follow(bytes, len, arena, &answer);
        assert_true(e.kind == ERR_NONE || e.kind == ERR_TRANSIENT);
        assert_true(utf8_valid(e.text, strlen(e.text)));
        if (e.kind == ERR_NONE) {
            assert_true(answer.log + answer.log_len == bytes + len);
            assert_true(answer.offset >= 0);
        }
        arena_reset(arena);
    }
}

static struct err result(const char *text, struct setup_result *ret)
{
    return answer_result(text, strlen(text), arena, ret);
}

static void a_result_holds_token_and_version(void **state)
{
    struct setup_result r;

    (void)state;
    assert_int_equal(
        result(
            "{\"gatewayToken\":\"0123456789abcdef\",\"openclawVersion\":\"2026.9.6\",\"more\":1}\n",
            &r)
            .kind,
        ERR_NONE);
    assert_string_equal(r.gateway_token, "0123456789abcdef");
    assert_string_equal(r.openclaw_version, "2026.9.6");
}

static void a_result_that_is_none_is_refused_and_not_quoted(void **state)
{
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"gatewayToken\":\"secretsecret-1234\"}",
        "{\"gatewayToken\":\"secretsecret-1234\",\"openclawVersion\":\"\"}",
        "{\"gatewayToken\":\"secretsecret-1234\",\"openclawVersion\":\"a b\"}",
        "{\"gatewayToken\":7,\"openclawVersion\":\"1\"}",
        "{\"gatewayToken\":\"short\",\"openclawVersion\":\"1\"}",
        "{\"gatewayToken\":\"secretsecret-1234\\n\",\"openclawVersion\":\"1\"}",
        "{\"gatewayToken\":\"secretsecret-1234\",\"openclawVersion\":\"1\"} secretsecret",
    };
    struct setup_result r;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = result(bad[i], &r);
        assert_int_equal(e.kind, ERR_TRANSIENT);
        assert_null(strstr(e.text, "secretsecret"));
    }
}

static void a_result_may_tell_of_the_key_and_of_an_upgrade(void **state)
{
    struct setup_result r;

    (void)state;
    const char *plain = "{\"gatewayToken\":\"0123456789abcdef\",\"openclawVersion\":\"1.2\"}";
    assert_int_equal(result(plain, &r).kind, ERR_NONE);
    assert_string_equal(r.key_hash, "");
    assert_string_equal(r.skills_missing, "");
    assert_string_equal(r.upgrade_run, "");
    assert_string_equal(r.upgrade_reason, "");
    assert_false(r.upgraded);
    const char *skills = "{\"gatewayToken\":\"0123456789abcdef\",\"openclawVersion\":\"1.2\","
                         "\"skillsMissing\":\"agentwallet @a/b\"}";
    assert_int_equal(result(skills, &r).kind, ERR_NONE);
    assert_string_equal(r.skills_missing, "agentwallet @a/b");
    const char *undone =
        "{\"gatewayToken\":\"0123456789abcdef\",\"openclawVersion\":\"1.2\",\"keyHash\":\"ab12\","
        "\"upgrade\":{\"run\":\"r-u1\",\"outcome\":\"undone\",\"reason\":\"it does not start\"}}";
    assert_int_equal(result(undone, &r).kind, ERR_NONE);
    assert_string_equal(r.key_hash, "ab12");
    assert_string_equal(r.upgrade_run, "r-u1");
    assert_string_equal(r.upgrade_reason, "it does not start");
    assert_false(r.upgraded);
    const char *odd =
        "{\"gatewayToken\":\"0123456789abcdef\",\"openclawVersion\":\"1.2\",\"keyHash\":[7],"
        "\"upgrade\":{\"run\":null,\"outcome\":\"upgraded\"}}";
    assert_int_equal(result(odd, &r).kind, ERR_NONE);
    assert_string_equal(r.key_hash, "");
    assert_string_equal(r.upgrade_run, "");
    assert_true(r.upgraded);
}

static void a_service_tells_whether_it_answers_and_how_it_is(void **state)
{
    static const char text[] = "ready=200\nMainPID=1\nActiveState=active\nNRestarts=2\n"
                               "ExecMainStatus=78\nnonsense\n=\n";
    struct service_answer s;

    (void)state;
    assert_int_equal(answer_service(text, strlen(text), arena, &s).kind, ERR_NONE);
    assert_true(s.ready);
    assert_string_equal(s.state, "active");
    assert_int_equal(s.restarts, 2);
    assert_int_equal(s.exit_status, 78);
}

static void a_service_that_tells_little_or_nonsense_is_not_ready(void **state)
{
    static const char *const odd[] = {
        "ready=\n", "ready=000\n", "ready=2000\n", "ready=503\nActiveState=\nNRestarts=-1\n",
        "ready=503\nNRestarts=99999999999999999999\nExecMainStatus=7x\n"};
    struct service_answer s;

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        assert_int_equal(answer_service(odd[i], strlen(odd[i]), arena, &s).kind, ERR_NONE);
        assert_false(s.ready);
        assert_string_equal(s.state, "");
        assert_int_equal(s.restarts, 0);
        assert_int_equal(s.exit_status, 0);
    }
    assert_int_equal(answer_service("", 0, arena, &s).kind, ERR_TRANSIENT);
    assert_int_equal(answer_service("ready=200", 9, arena, &s).kind, ERR_TRANSIENT);
    assert_int_equal(answer_service("Welcome\n", 8, arena, &s).kind, ERR_TRANSIENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_running_setup_says_its_step_and_its_log),
        TEST(a_failed_setup_says_step_and_reason),
        TEST(a_bare_failed_has_neither),
        TEST(none_and_done_are_words_of_their_own),
        TEST(what_makes_no_sense_is_worth_another_look),
        TEST(nuls_and_bad_utf8_never_reach_a_text),
        TEST(long_words_are_cut_between_characters),
        TEST(any_bytes_at_all_are_survived),
        TEST(a_result_holds_token_and_version),
        TEST(a_result_that_is_none_is_refused_and_not_quoted),
        TEST(a_result_may_tell_of_the_key_and_of_an_upgrade),
        TEST(a_service_tells_whether_it_answers_and_how_it_is),
        TEST(a_service_that_tells_little_or_nonsense_is_not_ready),
    };

    return cmocka_run_group_tests_name("setup answers", tests, NULL, NULL);
}
