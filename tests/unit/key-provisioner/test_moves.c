/* A key's life: one at most is ever live, its text is only kept sealed, and gone means that the list says so. */
#include "base/clock.h"
#include "runner/stage.h"
#include "world.h"

#define OTHER "{\"name\":\"openclaw-other\",\"hash\":\"ff\"}"
#define OURS(hash) "{\"name\":\"" NAME "\",\"hash\":\"" hash "\",\"usage\":0}"
#define CREATED "{\"data\":{\"hash\":\"aa\"},\"key\":\"sk-or-v1-secret\"}"

static void named(void)
{
    (void)json_object_set_new(notes, "name", json_string(NAME));
    (void)json_object_set_new(notes, "limit_micro", json_integer(12500000));
}

static void the_table_holds_together(void **state)
{
    (void)state;
    struct err e = stage_check(&llm_key_stage);
    assert_string_equal(e.text, "");
}

static void the_name_is_committed_first(void **state)
{
    (void)state;
    assert_false(failed(key_name_it(&job)));
    assert_string_equal(note(&job, "name"), NAME);
    assert_int_equal(note_int(&job, "limit_micro", 0), 10000000);
}

/* The cap of a retry is the one that was committed, not the setting of today. */
static void a_key_is_created_with_its_cap(void **state)
{
    (void)state;
    named();
    WILL(ASK("GET", PAGE("0"), 200, "{\"data\":[" OTHER "]}"), ASK("GET", PAGE("1"), 200, EMPTY),
         SEND("POST", "/keys",
              "{\"name\":\"" NAME
              "\",\"limit\":12.5,\"limit_reset\":null,\"include_byok_in_limit\":false}",
              201, CREATED));
    assert_false(failed(key_create(&job)));
    ALL_ASKED();
    assert_string_equal(note(&job, "hash"), "aa");
    assert_ptr_equal(job.said, &key_issued);
    assert_int_equal(((const struct key_issued *)job.said_fields)->limit_micro, 12500000);
    const char *plain = NULL;
    size_t len = 0;
    assert_false(failed(job_secret(&job, SECRET_OPENROUTER_KEY, &plain, &len)));
    assert_string_equal(plain, "sk-or-v1-secret");
    char *all = json_dumps(job.patch, 0), *kept = json_dumps(job.keep, 0),
         *lines = json_dumps(job.lines, 0);
    assert_null(strstr(all, "secret"));
    assert_null(strstr(kept, "sk-or"));
    assert_null(strstr(lines, "sk-or"));
    free(all);
    free(kept);
    free(lines);
}

/* An earlier run created one and crashed before it could keep the text: nobody can use that key. */
static void a_key_without_its_text_is_replaced(void **state)
{
    (void)state;
    named();
    WILL(ASK("GET", PAGE("0"), 200, "{\"data\":[" OURS("b1") "," OTHER "," OURS("b2") "]}"),
         ASK("GET", PAGE("3"), 200, EMPTY), ASK("DELETE", "/keys/b1", 200, "{}"),
         ASK("DELETE", "/keys/b2", 404, "{}"), ASK("POST", "/keys", 201, CREATED));
    assert_false(failed(key_create(&job)));
    ALL_ASKED();
    assert_string_equal(note(&job, "hash"), "aa");
}

/* A stage that is replayed finds its key alive and its text sealed: it is kept. */
static void a_key_with_its_text_is_kept(void **state)
{
    char page[300];

    (void)state;
    named();
    assert_false(failed(job_keep_secret(&job, SECRET_OPENROUTER_KEY, "abc", 3)));
    (void)snprintf(page, sizeof page,
                   "{\"data\":[{\"name\":\"" NAME "\",\"hash\":\"%s\",\"usage\":0}]}",
                   openrouter_hash(arena, "abc"));
    const struct exchange script[] = {ASK("GET", PAGE("0"), 200, page),
                                      ASK("GET", PAGE("1"), 200, EMPTY)};
    world_says(script, 2);
    assert_false(failed(key_create(&job)));
    ALL_ASKED();
    assert_string_equal(note(&job, "hash"), openrouter_hash(arena, "abc"));
}

/* Before its machine is wiped: the old key is deleted although its text is here, and what it spent counts. */
static void a_key_is_renewed_with_what_is_left(void **state)
{
    char page[300], path[100];

    (void)state;
    named();
    job.state = "renewing";
    (void)json_object_set_new(notes, "anew", json_integer(3));
    assert_false(failed(job_keep_secret(&job, SECRET_OPENROUTER_KEY, "abc", 3)));
    const char *old = openrouter_hash(arena, "abc");
    (void)snprintf(page, sizeof page,
                   "{\"data\":[{\"name\":\"" NAME "\",\"hash\":\"%s\",\"usage\":12.499}]}", old);
    (void)snprintf(path, sizeof path, "/keys/%s", old);
    const struct exchange script[] = {
        ASK("GET", PAGE("0"), 200, page), ASK("GET", PAGE("1"), 200, EMPTY),
        ASK("GET", PAGE("0"), 200, page), ASK("GET", PAGE("1"), 200, EMPTY),
        ASK("DELETE", path, 200, "{}"),   SEND("POST", "/keys", "\"limit\":0.001,", 201, CREATED),
    };
    world_says(script, sizeof script / sizeof script[0]);
    assert_int_equal(key_create(&job).kind, ERR_NOT_YET); /* what it spent is committed first */
    assert_false(failed(key_create(&job)));
    ALL_ASKED();
    const struct key_issued *said = job.said_fields;
    assert_int_equal(said->anew, 3);
    assert_int_equal(said->limit_micro, 1000);
    assert_string_equal(note(&job, "hash"), "aa");
    const char *last = json_string_value(json_array_get(job.lines, json_array_size(job.lines) - 1));
    assert_string_equal(
        last, "Nothing is left of your $12.50: OpenClaw runs, but no model will answer it");
}

/* Pages shift when somebody else's key is deleted between two of them: what the last key has spent must not be lost with it,
 * whether it is to be renewed or an operator set its row back. */
static void a_list_that_misses_the_last_key_makes_none(void **state)
{
    static const struct exchange script[] = {
        ASK("GET", PAGE("0"), 200, "{\"data\":[" OTHER "]}"),
        ASK("GET", PAGE("1"), 200, EMPTY),
        ASK("GET", "/keys/ab", 200, "{\"data\":" OURS("ab") "}"),
        ASK("GET", PAGE("0"), 200, "{\"data\":[" OTHER "]}"),
        ASK("GET", PAGE("1"), 200, EMPTY),
        ASK("GET", "/keys/ab", 404, "{}"),
        ASK("POST", "/keys", 201, CREATED),
    };
    static const char *const states[] = {"renewing", "named"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_again();
        named();
        job.state = states[i];
        note_set(&job, "hash", "ab");
        world_says(script, sizeof script / sizeof script[0]);
        assert_int_equal(key_create(&job).kind, ERR_TRANSIENT);
        assert_int_equal(world.at, 3);
        assert_string_equal(note(&job, "hash"), "ab");
        assert_false(failed(key_create(&job)));
        ALL_ASKED();
        assert_string_equal(note(&job, "hash"), "aa");
    }
}

/* One that was frozen longer than its lease: another worker has the row, and a key that this one does not know. */
static void without_its_lease_it_changes_nothing(void **state)
{
    (void)state;
    named();
    job.lease_ends_ms = clock_ms() - 1;
    WILL(ASK("GET", PAGE("0"), 200, "{\"data\":[" OURS("b1") "]}"),
         ASK("GET", PAGE("1"), 200, EMPTY));
    assert_int_equal(key_create(&job).kind, ERR_TRANSIENT);
    ALL_ASKED();
    WILL(ASK("GET", PAGE("0"), 200, EMPTY));
    assert_int_equal(key_create(&job).kind, ERR_TRANSIENT);
    ALL_ASKED();
    assert_int_equal(note_int(&job, "unknown", 0), 0);
    job.goal = GOAL_DOWN;
    note_set(&job, "hash", "aa");
    WILL({0});
    struct err e = key_revoke(&job);
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_string_equal(e.text, "OpenRouter answers too slowly for a change to be begun");
    assert_int_equal(world.at, 0);
}

static void refused_credentials_soon_need_a_person(void **state)
{
    (void)state;
    named();
    WILL(ASK("GET", PAGE("0"), 401, "{}"), ASK("GET", PAGE("0"), 401, "{}"));
    assert_int_equal(key_create(&job).kind, ERR_TRANSIENT);
    job.tries = 2;
    struct err e = key_create(&job);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_string_equal(e.text, "OpenRouter refused our management key; an operator must check it");
}

static void revoking_ends_when_the_list_is_clean(void **state)
{
    (void)state;
    named();
    (void)json_object_set_new(notes, "hash", json_string("aa"));
    WILL(ASK("DELETE", "/keys/aa", 404, "{}"),
         ASK("GET", PAGE("0"), 200, "{\"data\":[" OTHER "," OURS("b1") "]}"),
         ASK("GET", PAGE("2"), 200, EMPTY), ASK("DELETE", "/keys/b1", 200, "{}"),
         ASK("GET", PAGE("0"), 200, "{\"data\":[" OTHER "]}"), ASK("GET", PAGE("1"), 200, EMPTY));
    assert_false(failed(key_revoke(&job)));
    ALL_ASKED();
    assert_ptr_equal(job.said, &key_revoked);
    assert_null(note(&job, "hash"));
    assert_int_equal(json_array_size(job.forget), 1);
}

/* Also without a name in the row: an earlier life of it, before a backup was restored, may have had a key. */
static void a_new_row_revokes_by_name(void **state)
{
    (void)state;
    WILL(ASK("GET", PAGE("0"), 200, "{\"data\":[" OURS("b1") "]}"),
         ASK("GET", PAGE("1"), 200, EMPTY), ASK("DELETE", "/keys/b1", 200, "{}"),
         ASK("GET", PAGE("0"), 200, "{\"data\":[" OURS("b1") "]}"),
         ASK("GET", PAGE("1"), 200, EMPTY));
    assert_int_equal(key_revoke(&job).kind, ERR_TRANSIENT); /* still listed */
    ALL_ASKED();
    assert_null(job.said);
}

/* Valid keys got 401 once for an hour: nothing is taken for gone on such a day. */
static void refused_credentials_revoke_nothing(void **state)
{
    (void)state;
    named();
    (void)json_object_set_new(notes, "hash", json_string("aa"));
    WILL(ASK("DELETE", "/keys/aa", 401, "{}"));
    assert_true(failed(key_revoke(&job)));
    ALL_ASKED();
    assert_null(job.said);
    assert_int_equal(json_array_size(job.forget), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_table_holds_together),
        TEST(the_name_is_committed_first),
        TEST(a_key_is_created_with_its_cap),
        TEST(a_key_without_its_text_is_replaced),
        TEST(a_key_with_its_text_is_kept),
        TEST(a_key_is_renewed_with_what_is_left),
        TEST(a_list_that_misses_the_last_key_makes_none),
        TEST(without_its_lease_it_changes_nothing),
        TEST(refused_credentials_soon_need_a_person),
        TEST(revoking_ends_when_the_list_is_clean),
        TEST(a_new_row_revokes_by_name),
        TEST(refused_credentials_revoke_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
