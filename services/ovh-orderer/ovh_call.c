/* A signed call to OVH: signature, clock difference, and what an answer means for what was asked. */
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "budget.h"
#include "ovh.h"
#include "runner/move.h"

enum {
    READ_MS = 10000,
    CHANGE_MS = 25000,
    ANSWER_LIMIT = 8 * 1024 * 1024, /* the list of all orders of an account grows for ever */
    REASON_MAX = 140,
};

#define REFUSED "OVH refused our credentials; an operator must check them"

/* OVH's clock less ours, read once per process and again when OVH finds a signature too old. */
static struct {
    pthread_mutex_t lock;
    bool known;
    int64_t seconds;
} ahead = {.lock = PTHREAD_MUTEX_INITIALIZER};

void ovh_clock_forget(void)
{
    (void)pthread_mutex_lock(&ahead.lock);
    ahead.known = false;
    (void)pthread_mutex_unlock(&ahead.lock);
}

static int64_t unix_now(void)
{
    return clock_unix_us() / 1000000;
}

void ovh_sign(const char *app_secret, const char *consumer_key, const char *method, const char *url,
              const char *body, int64_t timestamp, char ret[OVH_SIGNATURE_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char when[24];
    const char *parts[] = {app_secret, consumer_key, method, url, body, when};
    EVP_MD_CTX *sha = EVP_MD_CTX_new();

    (void)snprintf(when, sizeof when, "%lld", (long long)timestamp);
    if (!sha || EVP_DigestInit_ex(sha, EVP_sha1(), NULL) != 1) {
        abort();
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if ((i > 0 && EVP_DigestUpdate(sha, "+", 1) != 1) ||
            EVP_DigestUpdate(sha, parts[i], strlen(parts[i])) != 1) {
            abort();
        }
    }
    if (EVP_DigestFinal_ex(sha, digest, NULL) != 1) {
        abort();
    }
    EVP_MD_CTX_free(sha);
    (void)snprintf(ret, OVH_SIGNATURE_SIZE, "$1$");
    for (size_t i = 0; i < 20; i++) {
        (void)snprintf(ret + 3 + 2 * i, 3, "%02x", digest[i]);
    }
}

int64_t ovh_now(void)
{
    (void)pthread_mutex_lock(&ahead.lock);
    int64_t seconds = ahead.seconds;
    (void)pthread_mutex_unlock(&ahead.lock);
    return unix_now() + seconds;
}

/* A request on the way out: it counts, whatever comes of it. */
static struct err sent(const struct ovh *ovh, const struct http_request *request,
                       struct http_response *ret)
{
    struct job *job = ovh->job;

    struct err e = ovh_http(ovh->http, request, ovh->arena, ret);
    if (job) {
        job->spent++;
        job->hushed = job->hushed || (!failed(e) && ret->status == 429);
        job->hush_s =
            ret->retry_after_s > job->hush_s && job->hushed ? ret->retry_after_s : job->hush_s;
    }
    return e;
}

/* GET /auth/time is the one call without a signature. Not under the lock: several threads may ask at once. */
static struct err ovh_time(const struct ovh *ovh, int64_t *ret)
{
    struct http_request request = {
        .method = "GET",
        .url = arena_printf(ovh->arena, "%s/auth/time", ovh->settings->endpoint),
        .deadline_ms = READ_MS,
    };
    struct http_response response = {0};

    (void)pthread_mutex_lock(&ahead.lock);
    bool known = ahead.known;
    int64_t seconds = ahead.seconds;
    (void)pthread_mutex_unlock(&ahead.lock);
    if (known) {
        *ret = unix_now() + seconds;
        return OK;
    }

    struct err e = sent(ovh, &request, &response);
    if (failed(e)) {
        e.kind = e.kind == ERR_PERMANENT && e.code == 0 ? ERR_PERMANENT : ERR_TRANSIENT;
        return err_in(e, "OVH could not be reached");
    }
    json_auto_t *answer = json_loadb(response.body, response.body_len, JSON_DECODE_ANY, NULL);
    int64_t there = json_integer_value(answer);
    if (response.status != 200 || there <= 0 || there > INT64_C(1) << 40) {
        return transient("OVH did not tell its time (status %ld)", response.status);
    }
    (void)pthread_mutex_lock(&ahead.lock);
    ahead.known = true;
    ahead.seconds = there - unix_now();
    (void)pthread_mutex_unlock(&ahead.lock);
    *ret = there;
    return OK;
}

static bool has(const char *text, const char *part)
{
    return text && strstr(text, part);
}

/* A key that is wrong, pending, expired or may not do this; as opposed to a refusal of this one thing. */
static bool credentials_refused(long status, const char *code, const char *message)
{
    static const char *const codes[] = {"INVALID_CREDENTIAL", "NOT_CREDENTIAL", "INVALID_KEY",
                                        "NOT_GRANTED_CALL"};
    static const char *const messages[] = {"application key is invalid", "must login first",
                                           "has not been granted", "credential is not valid"};

    if (status == 401) {
        return true;
    }
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (status == 403 && ((code && strcmp(code, codes[i]) == 0) || has(message, messages[i]))) {
            return true;
        }
    }
    return false;
}

static struct err said(enum err_kind kind, const struct http_response *response, const char *what)
{
    struct err e = {
        .kind = kind, .code = (int)response->status, .retry_after_s = response->retry_after_s};

    (void)snprintf(e.text, sizeof e.text, "OVH said %ld: %.*s", response->status, REASON_MAX, what);
    utf8_scrub(e.text, strlen(e.text));
    for (char *c = e.text; *c; c++) {
        *c = *c == '\n' || *c == '\t' ? ' ' : *c;
    }
    return e;
}

/* What the answer means. `change`: the request was to change something. */
static struct err judge(const struct http_response *response, bool change, const json_t *answer)
{
    enum err_kind broken = change ? ERR_UNKNOWN : ERR_TRANSIENT;
    const char *message = json_string_value(json_object_get(answer, "message"));
    const char *code = json_string_value(json_object_get(answer, "errorCode"));
    long status = response->status;

    if (status >= 200 && status < 300) {
        return answer ? OK : said(broken, response, "something that is no JSON");
    }
    if (status == 429) {
        return said(ERR_TRANSIENT, response, "too many requests");
    }
    if (status < 400 || status >= 500 || status == 408 || !message) {
        return said(broken, response, message ? message : "something that is no JSON");
    }
    if (credentials_refused(status, code, message)) {
        struct err e = transient(REFUSED);
        e.code = (int)status;
        return e;
    }
    if (code && strcmp(code, "QUERY_TIME_OUT") == 0) {
        return said(broken, response, message);
    }
    if (code && strcmp(code, "INVALID_SIGNATURE") == 0) {
        return said(ERR_TRANSIENT, response, message); /* refused at the door */
    }
    return said(ERR_PERMANENT, response, message);
}

static bool clock_suspect(const json_t *answer)
{
    const char *code = json_string_value(json_object_get(answer, "errorCode"));

    return code && (strcmp(code, "QUERY_TIME_OUT") == 0 || strcmp(code, "INVALID_SIGNATURE") == 0);
}

/* One request, signed for now. `ret` is NULL when the answer is no JSON. */
static struct err send_once(const struct ovh *ovh, const char *method, const char *url,
                            const char *body, bool change, struct http_response *response,
                            json_t **ret)
{
    const struct orderer_settings *s = ovh->settings;
    char signature[OVH_SIGNATURE_SIZE];
    int64_t timestamp = 0;

    if (ovh->before) {
        TRY(ovh->before(ovh->context));
    }
    TRY(ovh_time(ovh, &timestamp));
    if (change && ovh->job && !job_may_take(ovh->job, CHANGE_MS)) {
        return transient("OVH answers too slowly"); /* another worker may have the row by its end */
    }
    const char *key = orderer_consumer_key(s, ovh->job ? ovh->job->lane : 0, ovh->arena);
    ovh_sign(s->app_secret, key, method, url, body ? body : "", timestamp, signature);
    const char *headers[] = {
        arena_printf(ovh->arena, "X-Ovh-Application: %s", s->app_key),
        arena_printf(ovh->arena, "X-Ovh-Consumer: %s", key),
        arena_printf(ovh->arena, "X-Ovh-Timestamp: %lld", (long long)timestamp),
        arena_printf(ovh->arena, "X-Ovh-Signature: %s", signature),
        "Accept: application/json",
        body ? "Content-Type: application/json" : NULL,
        NULL,
    };
    struct http_request request = {
        .method = method,
        .url = url,
        .headers = headers,
        .body = body,
        .once = change,
        .deadline_ms = change ? CHANGE_MS : READ_MS,
        .body_limit = ANSWER_LIMIT,
    };

    *response = (struct http_response){0};
    struct err e = sent(ovh, &request, response);
    if (failed(e)) {
        if (e.kind == ERR_PERMANENT && strstr(e.text, "too large")) {
            e.kind = ERR_TRANSIENT; /* something in between; the next answer may be the right one */
        }
        return err_in(e, "OVH could not be reached");
    }
    if (response->body_len == 0) {
        *ret = json_null();
    } else {
        *ret = json_loadb(response->body, response->body_len, JSON_DECODE_ANY, NULL);
    }
    return OK;
}

struct err ovh_call(const struct ovh *ovh, const char *method, const char *path, json_t *body,
                    json_t **ret)
{
    const char *url = arena_printf(ovh->arena, "%s%s", ovh->settings->endpoint, path);
    bool change = strcmp(method, "GET") != 0;
    struct http_response response;
    const char *sent = NULL;
    json_t *answer = NULL;

    *ret = NULL;
    if (body) {
        char *text = json_dumps(body, JSON_COMPACT | JSON_ENSURE_ASCII);
        json_decref(body);
        if (!text) {
            abort();
        }
        sent = arena_strdup(ovh->arena, text);
        free(text);
    }
    TRY(send_once(ovh, method, url, sent, change, &response, &answer));
    struct err e = judge(&response, change, answer);
    if (failed(e) && clock_suspect(answer)) {
        ovh_clock_forget();
        if (e.kind == ERR_TRANSIENT) { /* nothing was done: once more with the right time */
            json_decref(answer);
            TRY(send_once(ovh, method, url, sent, change, &response, &answer));
            e = judge(&response, change, answer);
        }
    }
    if (failed(e)) {
        json_decref(answer);
        return e;
    }
    *ret = answer;
    return OK;
}

struct err ovh_do(const struct ovh *ovh, const char *method, const char *path, json_t *body)
{
    json_auto_t *answer = NULL;

    return ovh_call(ovh, method, path, body, &answer);
}
