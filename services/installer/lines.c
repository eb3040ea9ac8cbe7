/* Redaction happens before cutting, so half a secret is never shown. */
#include "lines.h"

#include <string.h>

#include "base/utf8.h"

enum { LONG_LINE = 16 * 1024, SECRET_LEAST = 8 };

static const char key_prefix[] = "sk-or-";
static const char key_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

void secrets_add(struct secrets *secrets, const char *text)
{
    if (text && strlen(text) >= SECRET_LEAST && secrets->n < SECRETS_MAX) {
        secrets->text[secrets->n++] = text;
    }
}

size_t line_length(const char *bytes, size_t len, bool last)
{
    const char *end = len > 0 ? memchr(bytes, '\n', len) : NULL;

    if (end) {
        return (size_t)(end - bytes) + 1;
    }
    return last || len >= LONG_LINE ? len : 0;
}

/* Length of the secret that begins here, 0 for none. */
static size_t secret_at(const char *text, const struct secrets *secrets)
{
    for (int i = 0; i < secrets->n; i++) {
        size_t len = strlen(secrets->text[i]);
        if (strncmp(text, secrets->text[i], len) == 0) {
            return len;
        }
    }
    if (strncmp(text, key_prefix, sizeof key_prefix - 1) == 0) {
        return strspn(text, key_bytes);
    }
    return 0;
}

static void redact(char *text, const struct secrets *secrets)
{
    char *to = text;

    while (*text) {
        size_t len = secret_at(text, secrets);
        if (len >= 3) {
            memcpy(to, "***", 3);
            to += 3;
            text += len;
        } else {
            *to++ = *text++;
        }
    }
    *to = '\0';
}

const char *line_shown(const char *bytes, size_t len, const struct secrets *secrets,
                       struct arena *arena)
{
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r')) {
        len--;
    }
    char *line = arena_strndup(arena, bytes, len);
    utf8_scrub(line, len);
    for (char *c = line; *c; c++) {
        *c = *c == '\n' || *c == '\t' ? ' ' : *c;
    }
    redact(line, secrets);
    size_t shown = 0;
    for (size_t n; line[shown]; shown += n) {
        n = utf8_length(line + shown, strnlen(line + shown, 4));
        if (n == 0 || shown + n > LINE_SHOWN_MAX) {
            break;
        }
    }
    line[shown] = '\0';
    return line;
}

bool line_is_step(const char *line, struct arena *arena, const char **ret_step,
                  const char **ret_sentence)
{
    if (strncmp(line, "== ", 3) != 0) {
        return false;
    }
    const char *colon = strchr(line + 3, ':');
    if (!colon || colon == line + 3) {
        return false;
    }
    const char *sentence = colon + 1 + strspn(colon + 1, " ");
    if (!*sentence) {
        return false;
    }
    *ret_step = arena_strndup(arena, line + 3, (size_t)(colon - line - 3));
    *ret_sentence = sentence;
    return true;
}
