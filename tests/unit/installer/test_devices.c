/* Who waits at OpenClaw's door: the list as it is, as a hostile machine might print it, and whom it lets be approved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "devices.h"

#define ONE "0b5f3c1e-7d39-4a55-9d6b-1f2e3d4c5b6a"
#define TWO "9a8b7c6d-1111-4222-8333-444455556666"
#define FIELDS(id)                                                                                 \
    "{\"requestId\":\"" id "\",\"deviceId\":\"6f1c\",\"publicKey\":\"k\",\"platform\":\"Linux\","  \
    "\"clientMode\":\"webchat\",\"scopes\":[\"operator.admin\"],\"remoteIp\":\"192.0.2.50\","      \
    "\"silent\":false,\"isRepair\":false,\"ts\":1790000000000"
#define BROWSER(id)                                                                                \
    FIELDS(id)                                                                                     \
    ",\"clientId\":\"openclaw-control-ui\",\"role\":\"operator\",\"roles\":[\"operator\"]}"
#define NODE(id) FIELDS(id) ",\"clientId\":\"node-host\",\"role\":\"node\",\"roles\":[\"node\"]}"
#define LIST(pending) "{\"pending\":[" pending "],\"paired\":[{\"deviceId\":\"7a\"}]}"

static struct arena *arena;
static struct devices found;

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

static struct err read_text(const char *text)
{
    return devices_read(text, strlen(text), arena, &found);
}

/* Whom a list lets be approved; "" nobody yet, NULL nobody at all. */
static const char *chosen(const char *list, const char *noted)
{
    const char *id = NULL;

    assert_int_equal(read_text(list).kind, ERR_NONE);
    struct err e = devices_choose(&found, noted, &id);
    assert_true((id != NULL) == !failed(e));
    assert_true(!failed(e) || e.kind == ERR_NOT_YET || e.code == DEVICES_SEVERAL);
    assert_null(strstr(e.text, ONE));
    return id ? id : e.kind == ERR_NOT_YET ? "" : NULL;
}

static void browsers_are_found_and_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(read_text(LIST("")).kind, ERR_NONE);
    assert_int_equal(found.n, 0);
    assert_int_equal(read_text(LIST(NODE("x-node-1") "," BROWSER(ONE) "," NODE("; reboot"))).kind,
                     ERR_NONE);
    assert_int_equal(found.n, 1);
    assert_string_equal(found.ids[0], ONE);
}

static void the_one_that_came_since_is_chosen(void **state)
{
    (void)state;
    assert_string_equal(chosen(LIST(BROWSER(ONE)), ""), ONE);
    assert_string_equal(chosen(LIST(NODE("a-node-1") "," BROWSER(ONE)), ""), ONE);
    assert_string_equal(chosen(LIST(BROWSER(ONE)), TWO), ONE);
}

static void who_waited_before_is_waited_past(void **state)
{
    (void)state;
    assert_string_equal(chosen(LIST(""), ""), "");
    assert_string_equal(chosen(LIST(NODE("a-node-1")), ""), "");
    assert_string_equal(chosen(LIST(BROWSER(ONE)), ONE), "");
    assert_string_equal(chosen(LIST(BROWSER(ONE) "," BROWSER(TWO)), ONE " " TWO), "");
}

static void of_two_none_is_chosen(void **state)
{
    (void)state;
    assert_null(chosen(LIST(BROWSER(ONE) "," BROWSER(TWO)), ""));
    assert_null(chosen(LIST(BROWSER(ONE) "," BROWSER(TWO)), ONE));
    assert_null(chosen(LIST(BROWSER(ONE) "," BROWSER(TWO)), TWO));
}

static void a_part_of_an_id_is_another_id(void **state)
{
    (void)state;
    assert_string_equal(chosen(LIST(BROWSER("12345678")), "123456789 1234567"), "12345678");
    assert_string_equal(chosen(LIST(BROWSER("12345678")), "a 12345678"), "");
}

static void what_is_noted_is_known_again(void **state)
{
    (void)state;
    assert_int_equal(read_text(LIST(BROWSER(ONE) "," BROWSER(TWO))).kind, ERR_NONE);
    const char *noted = devices_noted(&found, arena);
    assert_string_equal(noted, "@0 " ONE " " TWO);
    assert_true(devices_has_noted(noted, ONE));
    assert_true(devices_has_noted(noted, TWO));
    assert_false(devices_has_noted("", ONE));
    assert_string_equal(devices_noted(&(struct devices){0}, arena), "@0");
}

#define SEEN(client, at) "{\"clientId\":\"" client "\",\"lastSeenAtMs\":" at "}"
#define PAIRED(list) "{\"pending\":[],\"paired\":[" list "]}"

static void a_browser_that_was_known_is_told_by_when_it_came(void **state)
{
    static const char *const later[] = {
        PAIRED(SEEN("openclaw-control-ui", "1790000000001")),
        PAIRED(SEEN("openclaw-control-ui", "5") "," SEEN("openclaw-control-ui", "1890000000000")),
    };
    static const char *const not_later[] = {
        PAIRED(""),
        PAIRED(SEEN("openclaw-control-ui", "1790000000000")),
        PAIRED(SEEN("node-host", "1790000000001")),
        PAIRED("7,[]," SEEN("openclaw-control-ui", "\"1790000000001\"")),
    };

    (void)state;
    assert_int_equal(
        read_text(PAIRED(SEEN("openclaw-control-ui", "1790000000000") "," SEEN(
                      "openclaw-control-ui", "17") "," SEEN("node-host", "1990000000000")))
            .kind,
        ERR_NONE);
    const char *noted = devices_noted(&found, arena);
    assert_string_equal(noted, "@1790000000000");
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        assert_int_equal(read_text(later[i]).kind, ERR_NONE);
        assert_true(devices_seen_since(&found, noted));
        assert_false(devices_seen_since(&found, ""));
    }
    for (size_t i = 0; i < sizeof not_later / sizeof not_later[0]; i++) {
        assert_int_equal(read_text(not_later[i]).kind, ERR_NONE);
        assert_false(devices_seen_since(&found, noted));
    }
}

#define ODD(id, more) "{\"requestId\":" id ",\"clientId\":\"openclaw-control-ui\"" more "}"
#define ROLE ",\"role\":\"operator\""

static void what_is_no_list_is_refused_and_not_quoted(void **state)
{
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "bash: openclaw: command not found",
        LIST("") LIST(""),
        "{\"pending\":[]}",
        "{\"pending\":{},\"paired\":[]}",
        "{\"pending\":[],\"pending\":[],\"paired\":[]}",
        "{\"ok\":false,\"error\":{\"message\":\"Gateway is not running.\"}}",
        LIST("7"),
        LIST("[]"),
        LIST("null"),
        LIST(BROWSER(ONE) "," BROWSER(ONE)),
        LIST(BROWSER("")),
        LIST(BROWSER("short")),
        LIST(BROWSER("--latest")),
        LIST(BROWSER("-abcdefgh")),
        LIST(BROWSER("12345678; reboot")),
        LIST(BROWSER("12345678'$(reboot)'")),
        LIST(BROWSER("12345678\\u0000reboot")),
        LIST(BROWSER("12345678\\n90")),
        LIST(BROWSER("\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4")),
        LIST(BROWSER(ONE ONE)),
        LIST(ODD("\"" ONE "\"", "")),
        LIST(ODD("\"" ONE "\"", ",\"role\":\"node\"")),
        LIST(ODD("\"" ONE "\"", ROLE ",\"roles\":[\"operator\",\"node\"]")),
        LIST(ODD("\"" ONE "\"", ROLE ",\"roles\":\"operator\"")),
        LIST(ODD("\"" ONE "\"", ROLE ",\"roles\":[7]")),
        LIST(ODD("7", ROLE)),
        LIST(ODD("null", ROLE)),
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = read_text(bad[i]);
        if (e.code != DEVICES_SENSELESS || strstr(e.text, ONE) || strstr(e.text, "reboot")) {
            fail_msg("'%s' was taken: %s", bad[i], e.text);
        }
    }
}

static void a_crowd_is_not_looked_through(void **state)
{
    char text[8000] = "{\"paired\":[],\"pending\":[";

    (void)state;
    for (int i = 0; i < DEVICES_MOST; i++) {
        (void)snprintf(text + strlen(text), 200, "%s" ODD("\"request-%02d\"", ROLE), i ? "," : "",
                       i);
    }
    size_t len = strlen(text);
    (void)snprintf(text + len, 200, "]}");
    assert_int_equal(read_text(text).kind, ERR_NONE);
    assert_int_equal(found.n, DEVICES_MOST);
    assert_true(strlen(devices_noted(&found, arena)) <= 2000);
    (void)snprintf(text + len, 200, "," ODD("\"request-more\"", ROLE) "]}");
    assert_int_equal(read_text(text).code, DEVICES_SENSELESS);
}

/* Whatever comes, what is chosen may stand in a command. */
static void any_bytes_at_all_are_survived(void **state)
{
    static const char good[] = LIST(BROWSER(ONE) "," NODE("a-node-1"));
    char bytes[sizeof good];
    unsigned seed = 7;
    int approved = 0;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        const char *id = NULL;
        memcpy(bytes, good, sizeof good);
        for (int i = 0; i < 1 + round % 4; i++) {
            seed = seed * 1103515245U + 12345U;
            bytes[(seed >> 16) % (sizeof good - 1)] = (char)(seed >> 8);
        }
        size_t len = round % 3 ? sizeof good - 1 : (size_t)round % sizeof good;
        if (!failed(devices_read(bytes, len, arena, &found)) &&
            !failed(devices_choose(&found, "", &id))) {
            size_t n = strlen(id);
            assert_in_range(n, 8, REQUEST_ID_MOST);
            assert_int_not_equal(id[0], '-');
            assert_int_equal(strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789-_"),
                             n);
            approved++;
        }
        arena_reset(arena);
    }
    assert_true(approved > 100); /* else nothing was tried */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(browsers_are_found_and_nothing_else),
        TEST(the_one_that_came_since_is_chosen),
        TEST(who_waited_before_is_waited_past),
        TEST(of_two_none_is_chosen),
        TEST(a_part_of_an_id_is_another_id),
        TEST(what_is_noted_is_known_again),
        TEST(a_browser_that_was_known_is_told_by_when_it_came),
        TEST(what_is_no_list_is_refused_and_not_quoted),
        TEST(a_crowd_is_not_looked_through),
        TEST(any_bytes_at_all_are_survived),
    };

    return cmocka_run_group_tests_name("devices that wait", tests, NULL, NULL);
}
