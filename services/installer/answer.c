/* Reads the setup script's answers line by line, with a limit on everything. */
#include "answer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum {
    WORD_MAX = 60,
    REASON_MAX = 160,
    TOKEN_MIN = 16,
    TOKEN_MAX = 200,
    VERSION_MAX = 60,
    HASH_LEN = 64
};

/* Takes the next line off `*at`, without its '\n'; NULL when no complete line is left. */
static const char *take_line(const char **at, size_t *left, struct arena *arena)
{
    const char *end = *left > 0 ? memchr(*at, '\n', *left) : NULL;

    if (!end) {
        return NULL;
    }
    size_t len = (size_t)(end - *at);
    char *line = arena_strndup(arena, *at, len);
    utf8_scrub(line, len);
    *at = end + 1;
    *left -= len + 1;
    return line;
}

/* The rest of the line after "word ", or "" when the line is just the word; NULL for another word. */
static const char *after_word(const char *line, const char *word)
{
    size_t len = strlen(word);

    if (!line || strncmp(line, word, len) != 0 || (line[len] != '\0' && line[len] != ' ')) {
        return NULL;
    }
    return line + len + strspn(line + len, " ");
}

/* At most `max` bytes, never half a character. */
static const char *cut(struct arena *arena, const char *text, size_t max)
{
    size_t len = 0;

    for (size_t n; text[len]; len += n) {
        n = utf8_length(text + len, strnlen(text + len, 4));
        if (n == 0 || len + n > max) {
            break;
        }
    }
    return arena_strndup(arena, text, len);
}

static struct err read_status(const char *line, struct arena *arena, struct setup_answer *ret)
{
    const char *rest;

    if (!line) {
        return transient("the setup's answer has no status");
    }
    if (after_word(line, "none")) {
        ret->status = SETUP_NONE;
    } else if (after_word(line, "done")) {
        ret->status = SETUP_DONE;
    } else if ((rest = after_word(line, "running"))) {
        ret->status = SETUP_RUNNING;
        ret->step = cut(arena, rest, WORD_MAX);
    } else if ((rest = after_word(line, "failed"))) {
        size_t word = strcspn(rest, " ");
        ret->status = SETUP_FAILED;
        ret->step = cut(arena, arena_strndup(arena, rest, word), WORD_MAX);
        ret->reason = cut(arena, rest + word + strspn(rest + word, " "), REASON_MAX);
    } else {
        return transient("the setup says '%.60s', which means nothing here",
                         cut(arena, line, WORD_MAX));
    }
    return OK;
}

static struct err read_offset(const char *line, int64_t *ret)
{
    const char *digits = after_word(line, "offset");
    char *end = NULL;

    if (!digits || *digits < '0' || *digits > '9' || strlen(digits) > 15) {
        return transient("the setup's answer has no offset");
    }
    *ret = strtoll(digits, &end, 10);
    return *end == '\0' ? OK : transient("the setup's answer has no offset");
}

struct err answer_follow(const char *text, size_t len, struct arena *arena,
                         struct setup_answer *ret)
{
    *ret = (struct setup_answer){.step = "", .reason = "", .run_id = "", .log = ""};
    const char *run = after_word(take_line(&text, &len, arena), "run");

    if (!run) {
        return transient("the setup's answer makes no sense");
    }
    ret->run_id = cut(arena, run, WORD_MAX);
    TRY(read_status(take_line(&text, &len, arena), arena, ret));
    TRY(read_offset(take_line(&text, &len, arena), &ret->offset));
    const char *empty = take_line(&text, &len, arena);
    if (!empty || *empty) {
        return transient("the setup's answer makes no sense");
    }
    ret->log = text;
    ret->log_len = len;
    return OK;
}

static bool is_plain(const char *text, size_t least, size_t most)
{
    size_t len = strlen(text);

    for (const char *c = text; *c; c++) {
        if (*c <= ' ' || *c >= 0x7f) {
            return false;
        }
    }
    return len >= least && len <= most;
}

/* Absent counts as empty. */
static const char *text_of(const json_t *object, const char *name, size_t most, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? cut(arena, text, most) : "";
}

struct err answer_result(const char *text, size_t len, struct arena *arena,
                         struct setup_result *ret)
{
    json_auto_t *result = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    const char *token = json_string_value(json_object_get(result, "gatewayToken"));
    const char *version = json_string_value(json_object_get(result, "openclawVersion"));

    if (!token || !is_plain(token, TOKEN_MIN, TOKEN_MAX)) {
        return transient("the setup's result has no gateway token");
    }
    if (!version || !is_plain(version, 1, VERSION_MAX)) {
        return transient("the setup's result has no OpenClaw version");
    }
    ret->gateway_token = arena_strdup(arena, token);
    ret->openclaw_version = arena_strdup(arena, version);
    ret->key_hash = text_of(result, "keyHash", HASH_LEN, arena);
    ret->skills_missing = text_of(result, "skillsMissing", REASON_MAX, arena);
    const json_t *upgrade = json_object_get(result, "upgrade");
    ret->upgrade_run = text_of(upgrade, "run", WORD_MAX, arena);
    ret->upgrade_reason = text_of(upgrade, "reason", REASON_MAX, arena);
    ret->upgraded = strcmp(text_of(upgrade, "outcome", WORD_MAX, arena), "upgraded") == 0;
    return OK;
}

static int small_number(const char *text)
{
    char *end = NULL;
    long value = strtol(text, &end, 10);

    return *text && *end == '\0' && value >= 0 && value < 1000000 ? (int)value : 0;
}

struct err answer_service(const char *text, size_t len, struct arena *arena,
                          struct service_answer *ret)
{
    bool told = false;

    *ret = (struct service_answer){.state = ""};
    for (const char *line; (line = take_line(&text, &len, arena));) {
        const char *is = strchr(line, '=');
        size_t name = is ? (size_t)(is - line) : 0;
        if (name == strlen("ready") && strncmp(line, "ready", name) == 0) {
            ret->ready = strcmp(is + 1, "200") == 0;
            told = true;
        } else if (name == strlen("ActiveState") && strncmp(line, "ActiveState", name) == 0) {
            ret->state = cut(arena, is + 1, WORD_MAX);
        } else if (name == strlen("ExecMainStatus") && strncmp(line, "ExecMainStatus", name) == 0) {
            ret->exit_status = small_number(is + 1);
        } else if (name == strlen("NRestarts") && strncmp(line, "NRestarts", name) == 0) {
            ret->restarts = small_number(is + 1);
        }
    }
    return told ? OK : transient("the machine says nothing of OpenClaw's service");
}
