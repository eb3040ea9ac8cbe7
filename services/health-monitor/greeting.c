/* A healthy greeting is a challenge and then any answer but "not you". Each other one has a sentence of its own. */
#include "greeting.h"

#include <jansson.h>
#include <string.h>

/* As the Control UI of any version asks, with no device and no token: nobody is let in, no failed attempt is counted. */
const char greeting_connect[] =
    "{\"type\":\"req\",\"id\":\"1\",\"method\":\"connect\",\"params\":{"
    "\"minProtocol\":1,\"maxProtocol\":1000,\"role\":\"operator\",\"scopes\":[],\"client\":{"
    "\"id\":\"openclaw-control-ui\",\"version\":\"health-check\",\"platform\":\"web\","
    "\"mode\":\"webchat\"}}}";

static struct probe bad(const char *text)
{
    return (struct probe){VERDICT_WEBSOCKET, text};
}

/* Hostile: of any shape. NULL when it is no object. */
static json_t *parsed(const char *text)
{
    json_t *message = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    if (!json_is_object(message)) {
        json_decref(message);
        return NULL;
    }
    return message;
}

static bool is(const json_t *object, const char *name, const char *value)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && strcmp(text, value) == 0;
}

/* Is that the error's code, or the finer one in its details? */
static bool has_error(const json_t *message, const char *code)
{
    const json_t *error = json_object_get(message, "error");

    return is(error, "code", code) || is(json_object_get(error, "details"), "code", code);
}

/* A refusal that a person must hear of; healthy when it is none. */
static struct probe refusal(const char *text)
{
    json_auto_t *message = parsed(text);

    if (has_error(message, "CONTROL_UI_ORIGIN_NOT_ALLOWED")) {
        return bad("OpenClaw refuses the WebSocket of its own page: the page's address is not "
                   "among its allowed origins");
    }
    if (has_error(message, "UNAVAILABLE")) {
        return (struct probe){VERDICT_APP_DOWN, "OpenClaw is still starting (says its WebSocket)"};
    }
    return (struct probe){VERDICT_HEALTHY, ""};
}

static bool is_challenge(const char *text)
{
    json_auto_t *message = parsed(text);

    return is(message, "type", "event") && is(message, "event", "connect.challenge");
}

static struct probe refused(long status, struct arena *arena)
{
    if (status == 401 || status == 403) {
        return bad(arena_printf(arena, "It refuses the WebSocket of its own page (%ld)", status));
    }
    if (status == 200) {
        return bad("It answers with a page where it should open a WebSocket");
    }
    struct probe probe = verdict_of_status(status, "its WebSocket", arena);
    if (probe.verdict == VERDICT_WRONG_ANSWER) {
        probe.verdict = VERDICT_WEBSOCKET;
    }
    return probe;
}

static struct probe closed(const struct websocket_answer *answer, struct arena *arena)
{
    if (!answer->open) {
        return bad("It breaks the connection off when asked to open a WebSocket");
    }
    if (answer->close_code == 1006) {
        return bad("Its WebSocket opens and breaks off at once");
    }
    return bad(
        arena_printf(arena, "Its WebSocket opens and is closed at once (%d)", answer->close_code));
}

struct probe verdict_of_greeting(const struct websocket_answer *answer, struct arena *arena)
{
    /* What was said counts whatever became of the connection: who refuses hangs up right behind it. */
    struct probe probe = refusal(answer->first);
    if (probe.verdict == VERDICT_HEALTHY) {
        probe = refusal(answer->answer);
    }
    if (probe.verdict != VERDICT_HEALTHY) {
        return probe;
    }
    bool spoke = answer->first[0] || answer->end == WEBSOCKET_SPOKE;
    if (spoke && !is_challenge(answer->first)) {
        return bad("Its WebSocket opens, but it is not OpenClaw that speaks there");
    }
    switch (answer->end) {
    case WEBSOCKET_SPOKE:
        return probe;
    case WEBSOCKET_REFUSED:
        return refused(answer->status, arena);
    case WEBSOCKET_NO_HTTP:
        return bad("It does not answer with HTTP when asked to open a WebSocket");
    case WEBSOCKET_BAD_ACCEPT:
        return bad("It says that it opens a WebSocket, but not the one it was asked for");
    case WEBSOCKET_CLOSED:
        return closed(answer, arena);
    case WEBSOCKET_SILENT:
        return bad(answer->open ? "Its WebSocket opens and stays silent"
                                : "It does not answer in time when asked to open a WebSocket");
    case WEBSOCKET_BROKEN:
        return bad("Its WebSocket says what no WebSocket may say");
    }
    return bad("Its WebSocket does not open");
}
