/* Every way OpenClaw's WebSocket can greet or not, as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "greeting.h"

#define CHALLENGE                                                                                  \
    "{\"type\":\"event\",\"event\":\"connect.challenge\",\"payload\":{\"nonce\":\"n\",\"ts\":1}}"
#define NO_TOKEN                                                                                   \
    "{\"type\":\"res\",\"id\":\"1\",\"ok\":false,\"error\":{\"code\":\"INVALID_REQUEST\","         \
    "\"message\":\"unauthorized\",\"details\":{\"code\":\"AUTH_TOKEN_MISSING\"}}}"
#define NOT_ALLOWED                                                                                \
    "{\"type\":\"res\",\"id\":\"1\",\"ok\":false,\"error\":{\"code\":\"INVALID_REQUEST\","         \
    "\"message\":\"origin not "                                                                    \
    "allowed\",\"details\":{\"code\":\"CONTROL_UI_ORIGIN_NOT_ALLOWED\"}}}"
#define NOT_ALLOWED_EARLY                                                                          \
    "{\"type\":\"error\",\"error\":{\"code\":\"CONTROL_UI_ORIGIN_NOT_ALLOWED\"}}"
#define STARTING                                                                                   \
    "{\"type\":\"res\",\"id\":\"1\",\"ok\":false,\"error\":{\"code\":\"UNAVAILABLE\",\"message\":" \
    "\"gateway starting; retry shortly\"}}"
#define ORIGIN_TEXT                                                                                \
    "OpenClaw refuses the WebSocket of its own page: the page's address is not among its allowed " \
    "origins"
#define STRANGER_TEXT "Its WebSocket opens, but it is not OpenClaw that speaks there"

/* clang-format off */
static const struct {
    const char *why;
    struct websocket_answer answer;
    enum verdict verdict;
    const char *text;
} cases[] = {
    {"asks for a token",   {.end = WEBSOCKET_SPOKE, .open = true, .first = CHALLENGE, .answer = NO_TOKEN},    VERDICT_HEALTHY, ""},
    {"lets us in",         {.end = WEBSOCKET_SPOKE, .open = true, .first = CHALLENGE, .answer = "{\"ok\":true}"}, VERDICT_HEALTHY, ""},
    {"answers nonsense",   {.end = WEBSOCKET_SPOKE, .open = true, .first = CHALLENGE, .answer = "[1]"},       VERDICT_HEALTHY, ""},
    {"not this page",      {.end = WEBSOCKET_SPOKE, .open = true, .first = CHALLENGE, .answer = NOT_ALLOWED}, VERDICT_WEBSOCKET, ORIGIN_TEXT},
    {"not this page, at once", {.end = WEBSOCKET_CLOSED, .open = true, .first = NOT_ALLOWED_EARLY, .close_code = 1008}, VERDICT_WEBSOCKET, ORIGIN_TEXT},
    {"starting",           {.end = WEBSOCKET_SPOKE, .open = true, .first = CHALLENGE, .answer = STARTING},    VERDICT_APP_DOWN, "OpenClaw is still starting (says its WebSocket)"},
    {"another server",     {.end = WEBSOCKET_SPOKE, .open = true, .first = "hello"},                          VERDICT_WEBSOCKET, STRANGER_TEXT},
    {"another one, who waits", {.end = WEBSOCKET_SILENT, .open = true, .first = "hello"},                     VERDICT_WEBSOCKET, STRANGER_TEXT},
    {"another's JSON",     {.end = WEBSOCKET_SPOKE, .open = true, .first = "{\"type\":\"event\",\"event\":[]}"}, VERDICT_WEBSOCKET, STRANGER_TEXT},
    {"another's list",     {.end = WEBSOCKET_SPOKE, .open = true, .first = "[\"connect.challenge\"]"},        VERDICT_WEBSOCKET, STRANGER_TEXT},
    {"an empty message",   {.end = WEBSOCKET_SPOKE, .open = true},                                            VERDICT_WEBSOCKET, STRANGER_TEXT},
    {"refused",            {.end = WEBSOCKET_REFUSED, .status = 403},    VERDICT_WEBSOCKET, "It refuses the WebSocket of its own page (403)"},
    {"not signed in",      {.end = WEBSOCKET_REFUSED, .status = 401},    VERDICT_WEBSOCKET, "It refuses the WebSocket of its own page (401)"},
    {"a page",             {.end = WEBSOCKET_REFUSED, .status = 200},    VERDICT_WEBSOCKET, "It answers with a page where it should open a WebSocket"},
    {"not there",          {.end = WEBSOCKET_REFUSED, .status = 404},    VERDICT_WEBSOCKET, "It gives 404 for its WebSocket"},
    {"gateway gone",       {.end = WEBSOCKET_REFUSED, .status = 502},    VERDICT_APP_DOWN, "OpenClaw does not run yet (its WebSocket gives 502)"},
    {"no HTTP",            {.end = WEBSOCKET_NO_HTTP},                   VERDICT_WEBSOCKET, "It does not answer with HTTP when asked to open a WebSocket"},
    {"wrong accept",       {.end = WEBSOCKET_BAD_ACCEPT, .status = 101}, VERDICT_WEBSOCKET, "It says that it opens a WebSocket, but not the one it was asked for"},
    {"hangs up",           {.end = WEBSOCKET_CLOSED, .close_code = 1006}, VERDICT_WEBSOCKET, "It breaks the connection off when asked to open a WebSocket"},
    {"opens and hangs up", {.end = WEBSOCKET_CLOSED, .open = true, .close_code = 1006}, VERDICT_WEBSOCKET, "Its WebSocket opens and breaks off at once"},
    {"opens and closes",   {.end = WEBSOCKET_CLOSED, .open = true, .close_code = 1008}, VERDICT_WEBSOCKET, "Its WebSocket opens and is closed at once (1008)"},
    {"closes when asked",  {.end = WEBSOCKET_CLOSED, .open = true, .first = CHALLENGE, .close_code = 1013}, VERDICT_WEBSOCKET, "Its WebSocket opens and is closed at once (1013)"},
    {"mute",               {.end = WEBSOCKET_SILENT},                    VERDICT_WEBSOCKET, "It does not answer in time when asked to open a WebSocket"},
    {"opens and is mute",  {.end = WEBSOCKET_SILENT, .open = true},      VERDICT_WEBSOCKET, "Its WebSocket opens and stays silent"},
    {"garbage",            {.end = WEBSOCKET_BROKEN, .open = true},      VERDICT_WEBSOCKET, "Its WebSocket says what no WebSocket may say"},
};
/* clang-format on */

static void each_greeting_has_its_own_verdict_and_sentence(void **state)
{
    (void)state;
    struct arena *arena = arena_new();

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct websocket_answer answer = cases[i].answer;
        answer.first = answer.first ? answer.first : "";
        answer.answer = answer.answer ? answer.answer : "";
        struct probe probe = verdict_of_greeting(&answer, arena);
        if (probe.verdict != cases[i].verdict || strcmp(probe.text, cases[i].text) != 0) {
            fail_msg("%s: %d '%s'", cases[i].why, (int)probe.verdict, probe.text);
        }
    }
    arena_free(arena);
}

static void the_request_is_json_without_any_credential(void **state)
{
    (void)state;
    json_t *request = json_loads(greeting_connect, JSON_REJECT_DUPLICATES, NULL);
    const json_t *params = json_object_get(request, "params");

    assert_string_equal(json_string_value(json_object_get(request, "method")), "connect");
    assert_non_null(json_object_get(params, "client"));
    assert_null(json_object_get(params, "auth"));
    assert_null(json_object_get(params, "device"));
    json_decref(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_greeting_has_its_own_verdict_and_sentence),
        cmocka_unit_test(the_request_is_json_without_any_credential),
    };

    return cmocka_run_group_tests_name("greeting", tests, NULL, NULL);
}
