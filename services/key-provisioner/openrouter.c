/* Talking to OpenRouter: one call to the API at a time, judged and parsed here and nowhere else. */
#include "openrouter.h"

#include <ctype.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/clock.h"
#include "base/scope.h"

enum {
    READ_MS = 10000,
    CHANGE_MS = 20000,
    PAGE_LIMIT = 4 * 1024 * 1024, /* 100 keys are about 100 KB */
    PAGES_MAX = 1000,             /* 100 000 keys              */
    LISTING_MS = 15000,           /* all pages together        */
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

/* The answer's JSON object; the caller owns it. */
static struct err call(const struct openrouter *at, const char *method, const char *path,
                       const char *body, json_t **ret)
{
    const char *headers[] = {
        arena_printf(at->arena, "Authorization: Bearer %s", at->management_key),
        "Accept: application/json",
        body ? "Content-Type: application/json" : NULL,
        NULL,
    };
    bool once = strcmp(method, "POST") == 0;
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

static bool hash_valid(const char *hash)
{
    size_t len = hash ? strlen(hash) : 0;

    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)hash[i]) && hash[i] != '-' && hash[i] != '_') {
            return false;
        }
    }
    return len > 0 && len <= 128;
}

/* The namesakes of one page; how many rows it had and its first hash, to notice a list that never ends. */
static struct err read_page(const struct openrouter *at, const json_t *page, const char *name,
                            struct openrouter_keys *ret, size_t *ret_rows, const char **ret_first)
{
    const json_t *data = json_object_get(page, "data");

    if (!json_is_array(data)) {
        return broken_answer(false, "has no list of keys");
    }
    *ret_rows = json_array_size(data);
    for (size_t i = 0; i < *ret_rows; i++) {
        const json_t *key = json_array_get(data, i);
        const char *its_name = json_string_value(json_object_get(key, "name"));
        const char *hash = json_string_value(json_object_get(key, "hash"));
        if (!its_name || !hash_valid(hash)) {
            return broken_answer(false, "lists a key without name or hash");
        }
        if (i == 0) {
            *ret_first = arena_strdup(at->arena, hash);
        }
        if (strcmp(its_name, name) != 0) {
            continue;
        }
        if (ret->n == OPENROUTER_NAMESAKES_MAX) {
            return permanent("OpenRouter has more than %d keys named %s; an operator must look",
                             OPENROUTER_NAMESAKES_MAX, name);
        }
        ret->hash[ret->n++] = arena_strdup(at->arena, hash);
    }
    return OK;
}

struct err openrouter_keys_named(const struct openrouter *at, const char *name,
                                 struct openrouter_keys *ret)
{
    int64_t deadline = clock_ms() + LISTING_MS;
    const char *before = "";
    size_t offset = 0;

    *ret = (struct openrouter_keys){0};
    for (int i = 0; i < PAGES_MAX; i++) {
        json_auto_t *page = NULL;
        const char *first = "";
        size_t rows = 0;

        if (clock_ms() > deadline) {
            return transient("OpenRouter took too long to list its keys");
        }
        TRY(call(at, "GET",
                 arena_printf(at->arena, "/keys?offset=%zu&include_disabled=true", offset), NULL,
                 &page));
        TRY(read_page(at, page, name, ret, &rows, &first));
        if (rows == 0) {
            return OK;
        }
        if (strcmp(first, before) == 0) {
            return broken_answer(false, "repeats the same page of keys");
        }
        before = first;
        offset += rows;
    }
    return permanent("OpenRouter lists more than %zu keys; an operator must look", offset);
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
    TRY(call(at, "POST", "/keys", sent, &answer));

    const json_t *data = json_object_get(answer, "data");
    const char *hash = json_string_value(json_object_get(data, "hash"));
    const char *plain = json_string_value(json_object_get(answer, "key"));
    if (!plain) {
        plain = json_string_value(json_object_get(data, "key"));
    }
    if (!hash_valid(hash)) {
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

    struct err e =
        call(at, "DELETE", arena_printf(at->arena, "/keys/%s", http_escape(at->arena, hash)), NULL,
             &answer);
    return e.kind == ERR_PERMANENT && e.code == 404 ? OK : e;
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
