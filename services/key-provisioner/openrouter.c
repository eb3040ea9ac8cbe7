/* Talking to OpenRouter: one call to the API at a time, judged and parsed here and nowhere else. */
#include "openrouter.h"

#include <ctype.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/scope.h"

enum {
    READ_MS = 10000,
    CHANGE_MS = 20000,
    PAGE_LIMIT = 4 * 1024 * 1024, /* 100 keys are about 100 KB */
    KEY_TEXT_MAX = 512,
};

#define REFUSED "OpenRouter refused our management key; an operator must check it"

static struct err broken_answer(bool once, const char *what)
{
    return once ? unknown("OpenRouter's answer %s", what)
                : transient("OpenRouter's answer %s", what);
}

static struct err judge(const struct http_response *response, bool once)
{
    struct err e;

    if (response->status == 401 || response->status == 403) {
        e = transient(REFUSED);
        e.code = (int)response->status;
        e.retry_after_s = response->retry_after_s;
        return e;
    }
    return http_judge(response, once, "OpenRouter");
}

struct err openrouter_call(const struct openrouter *at, const char *method, const char *path,
                           const char *body, json_t **ret)
{
    const char *headers[] = {
        arena_printf(at->arena, "Authorization: Bearer %s", at->management_key),
        "Accept: application/json",
        body ? "Content-Type: application/json" : NULL,
        NULL,
    };
    bool once = strcmp(method, "GET") != 0;
    struct http_request request = {
        .method = method,
        .url = arena_printf(at->arena, "%s%s", at->url, path),
        .headers = headers,
        .body = body,
        .once = once,
        .deadline_ms = strcmp(method, "GET") == 0 ? READ_MS : CHANGE_MS,
        .body_limit = PAGE_LIMIT,
    };
    struct http_response response = {0};

    if (at->before) {
        TRY(at->before(at->context));
    }
    /* Another worker may have the row by its end. */
    if (once && at->job && !job_may_take(at->job, CHANGE_MS)) {
        return transient("OpenRouter answers too slowly for a change to be begun");
    }
    struct err e = openrouter_http(at->http, &request, at->arena, &response);
    if (failed(e)) {
        if (e.kind == ERR_PERMANENT && strstr(e.text, "too large")) {
            e.kind = ERR_TRANSIENT; /* a proxy in between; the next answer may be the right one */
        }
        return err_in(e, "OpenRouter could not be reached");
    }
    TRY(judge(&response, once));
    *ret = json_loadb(response.body, response.body_len, 0, NULL);
    if (!json_is_object(*ret)) {
        json_decref(*ret);
        *ret = NULL;
        return broken_answer(once, "is no JSON object");
    }
    return OK;
}

bool openrouter_hash_valid(const char *hash)
{
    size_t len = hash ? strlen(hash) : 0;

    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)hash[i]) && hash[i] != '-' && hash[i] != '_') {
            return false;
        }
    }
    return len > 0 && len <= 128;
}

struct err openrouter_key_create(const struct openrouter *at, const char *name, double limit_usd,
                                 struct openrouter_new_key *ret)
{
    json_auto_t *body = json_pack("{s:s, s:f, s:n, s:b}", "name", name, "limit", limit_usd,
                                  "limit_reset", "include_byok_in_limit", 0);
    json_auto_t *answer = NULL;
    char *text = json_dumps(body, JSON_COMPACT);

    if (!text) {
        abort();
    }
    const char *sent = arena_strdup(at->arena, text);
    free(text);
    TRY(openrouter_call(at, "POST", "/keys", sent, &answer));

    const json_t *data = json_object_get(answer, "data");
    const char *hash = json_string_value(json_object_get(data, "hash"));
    const char *plain = json_string_value(json_object_get(answer, "key"));
    if (!plain) {
        plain = json_string_value(json_object_get(data, "key"));
    }
    if (!openrouter_hash_valid(hash)) {
        return broken_answer(true, "names no key hash");
    }
    size_t len = plain ? strlen(plain) : 0;
    if (len < 8 || len > KEY_TEXT_MAX || strpbrk(plain, "\r\n \t'\"\\")) {
        return broken_answer(true, "holds no usable key");
    }
    ret->hash = arena_strdup(at->arena, hash);
    ret->plain = arena_strdup(at->arena, plain);
    return OK;
}

struct err openrouter_key_delete(const struct openrouter *at, const char *hash)
{
    json_auto_t *answer = NULL;

    struct err e = openrouter_call(
        at, "DELETE", arena_printf(at->arena, "/keys/%s", http_escape(at->arena, hash)), NULL,
        &answer);
    return e.kind == ERR_PERMANENT && e.code == 404 ? OK : e;
}

struct err openrouter_key_exists(const struct openrouter *at, const char *hash, bool *ret)
{
    json_auto_t *answer = NULL;

    *ret = false;
    struct err e = openrouter_call(
        at, "GET", arena_printf(at->arena, "/keys/%s", http_escape(at->arena, hash)), NULL,
        &answer);
    if (e.kind == ERR_PERMANENT && e.code == 404) {
        return OK;
    }
    TRY(e);
    *ret = true;
    return OK;
}

const char *openrouter_hash(struct arena *arena, const char *plain)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    if (EVP_Digest(plain, strlen(plain), digest, &len, EVP_sha256(), NULL) != 1) {
        abort();
    }
    char *hex = arena_alloc(arena, 2 * (size_t)len + 1);
    for (unsigned int i = 0; i < len; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    return hex;
}
