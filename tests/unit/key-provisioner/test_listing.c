/* How big an account may be: its list takes a page at a time, and has to end within a lease. The clock here is the calls'. */
#include "base/clock.h"
#include "world.h"

enum { PAGE_MS = 150, KEYS_A_PAGE = 100, KEYS = 29000, PAGES = KEYS / KEYS_A_PAGE };

static int64_t now_ms;
static struct exchange script[2 * PAGES + 4];
static size_t n_script;

int64_t clock_ms(void)
{
    return now_ms += PAGE_MS;
}

int64_t clock_unix_us(void)
{
    return INT64_C(1800000000000000);
}

void clock_format(int64_t unix_us, char *ret)
{
    (void)unix_us;
    ret[0] = '\0';
}

bool clock_parse(const char *text, int64_t *ret_unix)
{
    (void)text;
    (void)ret_unix;
    return false;
}

/* Every page is full, and begins with another key. */
static const char *page(int number)
{
    size_t size = 60 * KEYS_A_PAGE, len = 0;
    char *text = arena_alloc(arena, size);

    for (int k = 0; k < KEYS_A_PAGE && number < PAGES; k++) {
        len +=
            (size_t)snprintf(text + len, size - len, "%s{\"name\":\"theirs\",\"hash\":\"%d-%d\"}",
                             k ? "," : "", number, k);
    }
    return arena_printf(arena, "{\"data\":[%s]}", text);
}

static void the_whole_list(void)
{
    for (int i = 0; i <= PAGES; i++) {
        const struct exchange x = {
            .method = "GET",
            .path = arena_printf(arena, "/keys?offset=%d&include_disabled=true", KEYS_A_PAGE * i),
            .status = 200,
            .body = page(i),
        };
        script[n_script++] = x;
    }
}

static void begin(const char *state, enum goal goal)
{
    n_script = 0;
    job.state = state;
    job.goal = goal;
    job.lease_ends_ms = now_ms + 1000 * (int64_t)move_find(&llm_key_stage, state, goal)->lease_s;
    (void)json_object_set_new(notes, "name", json_string(NAME));
    (void)json_object_set_new(notes, "limit_micro", json_integer(10000000));
}

static void a_big_account_is_read_within_the_lease(void **state)
{
    const struct exchange made =
        ASK("POST", "/keys", 201, "{\"data\":{\"hash\":\"aa\"},\"key\":\"sk-or-v1-secret\"}");
    const struct exchange deleted = ASK("DELETE", "/keys/aa", 200, "{}");

    (void)state;
    begin("named", GOAL_UP);
    the_whole_list();
    script[n_script++] = made;
    world_says(script, n_script);
    assert_string_equal(key_create(&job).text, "");
    ALL_ASKED();

    begin("issued", GOAL_DOWN);
    script[n_script++] = deleted;
    the_whole_list();
    the_whole_list();
    world_says(script, n_script);
    assert_string_equal(key_revoke(&job).text, "");
    ALL_ASKED();
    assert_true(now_ms <= job.lease_ends_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_big_account_is_read_within_the_lease),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
