/* Requests for a key whose outcome is unknown: what they may still make is nobody's, and is waited for. */
#include "world.h"

#define OURS(hash) "{\"name\":\"" NAME "\",\"hash\":\"" hash "\",\"usage\":0}"
#define CREATED "{\"data\":{\"hash\":\"aa\"},\"key\":\"sk-or-v1-secret\"}"
/* The hash of that text. */
#define REAL_HASH "54cbd2d901da666c184cec87a8a5b6971fe7ec51b4814f0631c01c37d7657eef"
#define CREATED_REAL "{\"data\":{\"hash\":\"" REAL_HASH "\"},\"key\":\"sk-or-v1-secret\"}"

static void named(void)
{
    (void)json_object_set_new(notes, "name", json_string(NAME));
    (void)json_object_set_new(notes, "limit_micro", json_integer(12500000));
}

/* A request that was given up may still be carried out there: the key there is is only issued after the last look. */
static void while_a_request_may_still_be_carried_out_nothing_is_issued(void **state)
{
    (void)state;
    for (int cut_off = 0; cut_off < 2; cut_off++) {
        start_again();
        named();
        job.again = cut_off;
        if (!cut_off) {
            WILL(ASK("GET", PAGE("0"), 200, EMPTY), BREAK("POST", "/keys", ERR_UNKNOWN));
            assert_int_equal(key_create(&job).kind, ERR_UNKNOWN);
            assert_false(job_has_secret(&job, SECRET_OPENROUTER_KEY));
            ALL_ASKED();
        }
        WILL(ASK("GET", PAGE("0"), 200, EMPTY), SEND("POST", "/keys", NAME, 201, CREATED_REAL));
        assert_int_equal(key_create(&job).kind, ERR_NOT_YET);
        ALL_ASKED();
        assert_true(job.wait_s > 59 && job.wait_s <= 60);
        assert_null(job.said);
        job.again = false;
        (void)json_object_set_new(job.patch, "unknown_ms", json_integer(1)); /* long ago by now */
        WILL(ASK("GET", PAGE("0"), 200, "{\"data\":[" OURS("b1") "," OURS(REAL_HASH) "]}"),
             ASK("GET", PAGE("2"), 200, EMPTY), ASK("DELETE", "/keys/b1", 200, "{}"));
        assert_false(failed(key_create(&job)));
        ALL_ASKED();
        assert_ptr_equal(job.said, &key_issued);
        assert_string_equal(note(&job, "hash"), REAL_HASH);
    }
}

/* It has turned up, and is deleted: there is nothing to wait for. */
static void a_key_of_a_lost_answer_is_accounted_for(void **state)
{
    (void)state;
    named();
    WILL(ASK("GET", PAGE("0"), 200, EMPTY), BREAK("POST", "/keys", ERR_UNKNOWN),
         ASK("GET", PAGE("0"), 200, "{\"data\":[" OURS("b1") "]}"),
         ASK("GET", PAGE("1"), 200, EMPTY), ASK("DELETE", "/keys/b1", 200, "{}"),
         ASK("POST", "/keys", 201, CREATED));
    assert_int_equal(key_create(&job).kind, ERR_UNKNOWN);
    assert_false(failed(key_create(&job)));
    ALL_ASKED();
    assert_ptr_equal(job.said, &key_issued);
}

/* Its text is all that makes it of use: a list that lags does not cost it. */
static void a_key_made_already_is_not_made_again(void **state)
{
    (void)state;
    named();
    assert_false(failed(job_keep_secret(&job, SECRET_OPENROUTER_KEY, "sk-or-v1-secret", 15)));
    note_set(&job, "made", REAL_HASH);
    WILL(ASK("GET", PAGE("0"), 200, EMPTY),
         ASK("GET", "/keys/" REAL_HASH, 200, "{\"data\":{\"hash\":\"" REAL_HASH "\"}}"));
    assert_int_equal(key_create(&job).kind, ERR_TRANSIENT);
    ALL_ASKED();
    job.goal = GOAL_DOWN;
    WILL(ASK("DELETE", "/keys/" REAL_HASH, 200, "{}"), ASK("GET", PAGE("0"), 200, EMPTY),
         ASK("GET", PAGE("0"), 200, EMPTY));
    assert_false(failed(key_revoke(&job)));
    ALL_ASKED();
}

/* Whoever was at it when it began again may have created one that the first look did not show. */
static void a_revocation_waits_for_what_may_still_be_made(void **state)
{
    (void)state;
    named();
    job.goal = GOAL_DOWN;
    job.again = true;
    WILL(ASK("GET", PAGE("0"), 200, EMPTY), ASK("GET", PAGE("0"), 200, EMPTY));
    assert_int_equal(key_revoke(&job).kind, ERR_NOT_YET);
    assert_true(job.wait_s > 59 && job.wait_s <= 60);
    (void)json_object_set_new(job.patch, "unknown_ms", json_integer(1));
    WILL(ASK("GET", PAGE("0"), 200, EMPTY), ASK("GET", PAGE("0"), 200, EMPTY));
    assert_false(failed(key_revoke(&job))); /* cut off itself by now: that asked for nothing */
    assert_ptr_equal(job.said, &key_revoked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(while_a_request_may_still_be_carried_out_nothing_is_issued),
        TEST(a_key_of_a_lost_answer_is_accounted_for),
        TEST(a_key_made_already_is_not_made_again),
        TEST(a_revocation_waits_for_what_may_still_be_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
