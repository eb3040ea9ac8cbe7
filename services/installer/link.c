/* Only what is known to be harmless is taken out of the answer; the rest of it goes nowhere. */
#include "link.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lines.h"

enum { TOKEN_LEAST = 16, TOKEN_MOST = 512, REASON_MOST = 100, LIFE_MS = 10 * 60 * 1000 };

static const char local[] = "http://127.0.0.1:18789/#";
/* RFC 3986's unreserved characters: they mean themselves wherever they stand in a URL. */
static const char unreserved[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

static struct err senseless(const char *why)
{
    struct err e = permanent("what OpenClaw answered is no link: %s", why);

    e.code = LINK_SENSELESS;
    return e;
}

/* The value of the one parameter of that name in "a=b&c=d"; `ret_n` how often the name is there. */
static const char *parameter(const char *at, const char *name, size_t *ret_len, int *ret_n)
{
    const char *value = NULL;
    size_t name_len = strlen(name);

    *ret_n = 0;
    for (;;) {
        size_t len = strcspn(at, "&");
        if (len > name_len && at[name_len] == '=' && strncmp(at, name, name_len) == 0) {
            value = at + name_len + 1;
            *ret_len = len - name_len - 1;
            (*ret_n)++;
        }
        if (!at[len]) {
            return value;
        }
        at += len + 1;
    }
}

static struct err read_url(const char *url, struct arena *arena, struct link *ret)
{
    size_t token_len = 0, profile_len = 0;
    int tokens, profiles;

    if (strncmp(url, local, sizeof local - 1) != 0) {
        return senseless("its address is not the gateway's own");
    }
    const char *fragment = url + sizeof local - 1;
    const char *token = parameter(fragment, "bootstrapToken", &token_len, &tokens);
    const char *profile = parameter(fragment, "bootstrapProfile", &profile_len, &profiles);
    if (tokens != 1 || token_len < TOKEN_LEAST || token_len > TOKEN_MOST ||
        strspn(token, unreserved) < token_len) {
        return senseless("it has no usable token");
    }
    if (profiles != 1 || profile_len != 5 || strncmp(profile, "owner", 5) != 0) {
        return senseless("it is not the owner's");
    }
    ret->token = arena_strndup(arena, token, token_len);
    return OK;
}

/* "ok": false. Its reason is for a person, in OpenClaw's words. */
static struct err refusal(const json_t *answer, struct arena *arena)
{
    static const struct secrets none;
    const char *reason = json_string_value(json_object_get(answer, "reason"));
    const char *shown = reason ? line_shown(reason, strlen(reason), &none, arena) : "";

    if (!*shown) {
        return senseless("it gives no reason");
    }
    struct err e = permanent("%.*s%s", REASON_MOST, shown, strlen(shown) > REASON_MOST ? "…" : "");
    e.code = strstr(shown, "not running") ? LINK_NOT_RUNNING : LINK_REFUSED;
    return e;
}

/* The machine's clock may be wrong: no link lives longer than OpenClaw's do. */
static int64_t expiry(const json_t *answer, int64_t now_ms)
{
    int64_t said = json_integer_value(json_object_get(answer, "browserBootstrapExpiresAtMs"));

    return said > now_ms && said < now_ms + LIFE_MS ? said : now_ms + LIFE_MS;
}

/* jansson frees without wiping. */
static void wipe(json_t *answer)
{
    const char *url = json_string_value(json_object_get(answer, "browserUrl"));
    void *at = NULL;

    if (url) {
        memcpy(&at, &url, sizeof at); /* it is ours to write to: the last to see it wipes it */
        OPENSSL_cleanse(at, strlen(url));
    }
    json_decref(answer);
}

struct err link_read(const char *text, size_t len, int64_t now_ms, struct arena *arena,
                     struct link *ret)
{
    json_t *answer = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *ok = json_object_get(answer, "ok");
    const char *url = json_string_value(json_object_get(answer, "browserUrl"));
    struct err e;

    *ret = (struct link){.token = "", .expires_at_ms = expiry(answer, now_ms)};
    if (json_is_false(ok)) {
        e = refusal(answer, arena);
    } else if (!json_is_true(ok) || !url) {
        e = senseless("it has none");
    } else {
        e = read_url(url, arena, ret);
    }
    wipe(answer);
    return e;
}

/* As it may stand in a URL. */
static const char *escaped(const char *text, struct arena *arena)
{
    char *out = arena_alloc(arena, 3 * strlen(text) + 1), *at = out;

    for (; *text; text++) {
        if (strchr(unreserved, *text)) {
            *at++ = *text;
        } else {
            (void)snprintf(at, 4, "%%%02X", (unsigned char)*text);
            at += 3;
        }
    }
    return out;
}

const char *link_fragment(const struct link *link, const char *gateway_token, struct arena *arena)
{
    const char *token = escaped(gateway_token, arena);

    if (!link->token) {
        return arena_printf(arena, "token=%s", token);
    }
    return arena_printf(arena, "bootstrapToken=%s&bootstrapProfile=owner&token=%s", link->token,
                        token);
}
