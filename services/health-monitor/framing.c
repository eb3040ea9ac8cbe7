/*
 * Content-Security-Policy is read as a browser does: header values split at commas into policies, policies at semicolons
 * into directives, of which the first of a name counts.
 */
#include "framing.h"

#include <string.h>
#include <strings.h>

#include "source.h"

static const char blanks[] = " \t\n\f\r";

struct span {
    const char *at;
    size_t len;
};

static bool is_blank(char c)
{
    return c && strchr(blanks, c);
}

static struct span trimmed(struct span s)
{
    while (s.len > 0 && is_blank(s.at[0])) {
        s.at++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.at[s.len - 1])) {
        s.len--;
    }
    return s;
}

/* Takes what comes before the next `mark`, or all there is; false when nothing is left. */
static bool take(struct span *from, char mark, struct span *ret)
{
    if (!from->at) {
        return false;
    }
    const char *stop = memchr(from->at, mark, from->len);
    size_t len = stop ? (size_t)(stop - from->at) : from->len;
    *ret = trimmed((struct span){from->at, len});
    *from = stop ? (struct span){stop + 1, from->len - len - 1} : (struct span){NULL, 0};
    return true;
}

/* The next blank-separated word; false when there is none. */
static bool take_word(struct span *from, struct span *ret)
{
    *from = trimmed(*from);
    size_t len = 0;
    while (len < from->len && !is_blank(from->at[len])) {
        len++;
    }
    *ret = (struct span){from->at, len};
    *from = (struct span){from->at + len, from->len - len};
    return len > 0;
}

/* What the policy says by that name; false when nothing. */
static bool directive(struct span policy, const char *name, struct span *ret)
{
    struct span one, word;

    while (take(&policy, ';', &one)) {
        if (take_word(&one, &word) && word.len == strlen(name) &&
            strncasecmp(word.at, name, word.len) == 0) {
            *ret = one;
            return true;
        }
    }
    return false;
}

bool policy_allows(const char *policy, size_t len, const struct origin *origin,
                   const struct origin *self)
{
    struct span sources, source;

    if (!directive((struct span){policy, len}, "frame-ancestors", &sources)) {
        return true;
    }
    while (take_word(&sources, &source)) {
        if (source_matches(source.at, source.len, origin, self)) {
            return true;
        }
    }
    return false;
}

/* All policies of a page, one after the other. */
struct policies {
    const struct http_response *page;
    const struct http_header *header;
    struct span left;
};

static bool next_policy(struct policies *all, struct span *ret)
{
    while (!take(&all->left, ',', ret)) {
        all->header = http_header(all->page, HEADER_CSP, all->header);
        if (!all->header) {
            return false;
        }
        all->left = (struct span){all->header->value, strlen(all->header->value)};
    }
    return true;
}

static bool may_frame(const struct http_response *page, const struct origin *origin,
                      const struct origin *self)
{
    struct policies all = {.page = page};
    struct span policy;

    while (next_policy(&all, &policy)) {
        if (!policy_allows(policy.at, policy.len, origin, self)) {
            return false;
        }
    }
    return true;
}

static bool some_policy_has(const struct http_response *page, const char *name)
{
    struct policies all = {.page = page};
    struct span policy, ignored;

    while (next_policy(&all, &policy)) {
        if (directive(policy, name, &ignored)) {
            return true;
        }
    }
    return false;
}

/* Somebody we do not know, in ordinary places and where we are ourselves: who lets them in, lets everybody in. */
static bool strangers_may(const struct http_response *page, const struct origin *self,
                          const struct origins *ours)
{
    static const char host[] = "stranger.invalid";
    struct origin stranger = {.host = host, .host_len = sizeof host - 1};

    for (int i = -2; i < ours->n; i++) {
        stranger.https = i == -2 || (i >= 0 && ours->list[i].https);
        stranger.port = i == -2 ? 443 : i == -1 ? 80 : ours->list[i].port;
        if (may_frame(page, &stranger, self)) {
            return true;
        }
    }
    return false;
}

enum framing framing_of(const struct http_response *page, const struct origin *self,
                        const struct origins *ours, const struct origin **refused)
{
    *refused = NULL;
    if (http_header(page, HEADER_XFO, NULL)) {
        return FRAMING_FORBIDDEN;
    }
    if (!http_header(page, HEADER_CSP, NULL)) {
        return FRAMING_NO_POLICY;
    }
    if (!some_policy_has(page, "frame-ancestors")) {
        return FRAMING_UNSAID;
    }
    if (strangers_may(page, self, ours)) {
        return FRAMING_ANYBODY;
    }
    for (int i = 0; i < ours->n; i++) {
        if (!may_frame(page, &ours->list[i], self)) {
            *refused = &ours->list[i];
            return FRAMING_REFUSED;
        }
    }
    if (!some_policy_has(page, "script-src") && !some_policy_has(page, "default-src")) {
        return FRAMING_STRIPPED;
    }
    return FRAMING_OURS;
}
