/* The cap does not start again: what earlier keys have spent is written down before they go, and taken off. */
#include "key-provisioner/spent.h"
#include "world.h"

#define OLD(hash, usage) "{\"name\":\"" NAME "\",\"hash\":\"" hash "\",\"usage\":" usage "}"
#define LIST(keys, next)                                                                           \
    ASK("GET", PAGE("0"), 200, "{\"data\":[" keys "]}"), ASK("GET", PAGE(next), 200, EMPTY)
#define CREATED "{\"data\":{\"hash\":\"aa\"},\"key\":\"sk-or-v1-secret\"}"

static void named(void)
{
    (void)json_object_set_new(notes, "name", json_string(NAME));
    (void)json_object_set_new(notes, "limit_micro", json_integer(10000000));
}

/* What was noted in one run is what the next one finds. */
static void committed(void)
{
    const char *name;
    json_t *value;

    json_object_foreach(job.patch, name, value)
    {
        (void)json_object_set(notes, name, value);
    }
    job_release(&job);
    job_init(&job, arena);
    job.id = TEST_ID;
    job.world = &test_settings;
    job.notes = notes;
    job.goal = GOAL_UP;
    job.seal = seal;
}

/* Noted first, deleted only by the run after that. */
static void spending_is_committed_before_the_key_goes(void **state)
{
    (void)state;
    named();
    WILL(LIST(OLD("b1", "3.25"), "1"));
    assert_int_equal(key_create(&job).kind, ERR_NOT_YET);
    ALL_ASKED();
    assert_true(job.wait_s == 0);
    assert_int_equal(note_int(&job, "spent_micro", 0), 3250000);
    committed();

    const struct exchange next[] = {LIST(OLD("b1", "3.25"), "1"),
                                    ASK("DELETE", "/keys/b1", 200, "{}"),
                                    SEND("POST", "/keys", "\"limit\":6.75,", 201, CREATED)};
    world_says(next, sizeof next / sizeof next[0]);
    assert_false(failed(key_create(&job)));
    ALL_ASKED();
    const struct key_issued *said = job.said_fields;
    assert_int_equal(said->limit_micro, 6750000);
    assert_int_equal(note_int(&job, "limit_micro", 0), 10000000);
    char *lines = json_dumps(job.lines, 0);
    assert_non_null(strstr(lines, "capped at $6.75"));
    assert_non_null(strstr(lines, "$3.25 of your $10.00"));
    free(lines);
}

/* A crash after the deletion: the key is gone from the list, what it spent is not forgotten. */
static void a_crash_after_the_deletion_forgets_nothing(void **state)
{
    (void)state;
    named();
    (void)json_object_set_new(notes, "spent", json_string("b1=3250000 "));
    (void)json_object_set_new(notes, "spent_micro", json_integer(3250000));
    WILL(ASK("GET", PAGE("0"), 200, EMPTY), SEND("POST", "/keys", "\"limit\":6.75,", 201, CREATED));
    assert_false(failed(key_create(&job)));
    ALL_ASKED();
}

/* A crash before it: the key is still there and is not counted a second time. */
static void nothing_is_counted_twice(void **state)
{
    const struct openrouter_key keys[] = {
        {.hash = "b1",  .spent_micro = 3250000},
        {.hash = "b11", .spent_micro = 1      },
        {.hash = "cc",  .spent_micro = 5      },
        {.hash = "dd",  .spent_micro = 0      }
    };
    const struct openrouter_keys all = {.key = keys, .n = 4};

    (void)state;
    assert_true(spent_note(&job, &all, "cc"));
    assert_int_equal(note_int(&job, "spent_micro", 0), 3250001);
    committed();
    assert_false(spent_note(&job, &all, "cc"));
    assert_int_equal(json_object_size(job.patch), 0);
    assert_int_equal(note_int(&job, "spent_micro", 0), 3250001);
}

/* What it spent between the two runs is noted along the way; usage never shrinks. */
static void later_spending_is_noted_too(void **state)
{
    const struct openrouter_key more = {.hash = "b1", .spent_micro = 4000000};
    const struct openrouter_key less = {.hash = "b1", .spent_micro = 1};

    (void)state;
    (void)json_object_set_new(notes, "spent", json_string("aa=10 b1=3250000 cc=20 "));
    assert_false(spent_note(&job, &(struct openrouter_keys){.key = &more, .n = 1}, ""));
    assert_int_equal(note_int(&job, "spent_micro", 0), 4000030);
    committed();
    assert_false(spent_note(&job, &(struct openrouter_keys){.key = &less, .n = 1}, ""));
    assert_int_equal(note_int(&job, "spent_micro", 0), 4000030);
}

/* More spent than allowed (usage shows up late): a key that can spend nothing. */
static void a_cap_never_falls_below_zero(void **state)
{
    (void)state;
    named();
    (void)json_object_set_new(notes, "spent", json_string("b1=12000000 "));
    (void)json_object_set_new(notes, "spent_micro", json_integer(12000000));
    WILL(ASK("GET", PAGE("0"), 200, EMPTY), SEND("POST", "/keys", "\"limit\":0.0,", 201, CREATED));
    assert_false(failed(key_create(&job)));
    ALL_ASKED();
}

/* The sweep has noted what a surplus key had spent, and deleted it: the next key's cap is without it. */
static void what_the_sweep_has_noted_counts(void **state)
{
    const struct openrouter_key gone = {.hash = "b2", .spent_micro = 5};
    const char *spent = "b1=3250000 ";

    (void)state;
    named();
    assert_true(spent_add(arena, &spent, &gone));
    assert_string_equal(spent, "b1=3250000 b2=5 ");
    (void)json_object_set_new(notes, "spent", json_string("b1=3250000 "));
    WILL(ASK("GET", PAGE("0"), 200, EMPTY), SEND("POST", "/keys", "\"limit\":6.75,", 201, CREATED));
    assert_false(failed(key_create(&job)));
    ALL_ASKED();
}

/* Deleted, it could never be asked again; only another's key may be as it likes, and one of a deployment that ends. */
static void a_key_that_does_not_say_what_it_has_spent_stays(void **state)
{
    static const char *const lies[] = {"null", "\"3.25\"", "-1", "1e9", "{}"};

    (void)state;
    for (size_t i = 0; i <= sizeof lies / sizeof lies[0]; i++) {
        bool lies_here = i < sizeof lies / sizeof lies[0];
        const char *usage =
            lies_here ? arena_printf(arena, ",\"usage\":%s", lies[i]) : ""; /* not even that */
        const char *page =
            arena_printf(arena, "{\"data\":[{\"name\":\"" NAME "\",\"hash\":\"b1\"%s}]}", usage);
        const struct exchange script[] = {
            ASK("GET", PAGE("0"), 200, page),
            ASK("GET", PAGE("1"), 200, EMPTY),
        };
        named();
        world_says(script, 2);
        struct err e = key_create(&job);
        assert_int_equal(e.kind, ERR_TRANSIENT);
        assert_string_equal(e.text, "OpenRouter lists a key without its usage");
        ALL_ASKED();
        start_again();
    }
    named();
    WILL(ASK("GET", PAGE("0"), 200, "{\"data\":[{\"name\":\"theirs\",\"hash\":\"ff\"}]}"),
         ASK("GET", PAGE("1"), 200, EMPTY), ASK("POST", "/keys", 201, CREATED));
    assert_false(failed(key_create(&job)));
    ALL_ASKED();
    WILL(ASK("DELETE", "/keys/aa", 200, "{}"), LIST(OLD("b1", "null"), "1"),
         ASK("DELETE", "/keys/b1", 200, "{}"), ASK("GET", PAGE("0"), 200, EMPTY));
    assert_false(failed(key_revoke(&job)));
    ALL_ASKED();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(spending_is_committed_before_the_key_goes),
        TEST(a_crash_after_the_deletion_forgets_nothing),
        TEST(nothing_is_counted_twice),
        TEST(later_spending_is_noted_too),
        TEST(a_cap_never_falls_below_zero),
        TEST(what_the_sweep_has_noted_counts),
        TEST(a_key_that_does_not_say_what_it_has_spent_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
