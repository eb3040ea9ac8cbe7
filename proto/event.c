/* The codec: walks a field table, so a new event needs no code. */
#include "event.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "base/utf8.h"

static struct err decode_field(const struct event *event, const struct event_field *field,
                               const json_t *value, struct arena *arena, char *base)
{
    void *into = base + field->offset;

    if (!value || json_is_null(value)) {
        if (field->need == REQUIRED) {
            return permanent("%s: '%s' is missing", event->type, field->name);
        }
        return OK;
    }
    switch (field->kind) {
    case EVENT_int:
        if (!json_is_integer(value)) {
            return permanent("%s: '%s' is not a whole number", event->type, field->name);
        }
        *(int64_t *)into = json_integer_value(value);
        return OK;
    case EVENT_id:
        if (!json_is_string(value) || !id_valid(json_string_value(value))) {
            return permanent("%s: '%s' is not a UUID", event->type, field->name);
        }
        break;
    case EVENT_text:
        if (!json_is_string(value)) {
            return permanent("%s: '%s' is not a text", event->type, field->name);
        }
        if (json_string_length(value) > EVENT_TEXT_CEILING) {
            return permanent("%s: '%s' is too long", event->type, field->name);
        }
        break;
    }
    *(const char **)into = arena_strdup(arena, json_string_value(value));
    return OK;
}

struct err event_decode(const struct event *event, struct arena *arena, const char *bytes,
                        size_t len, void *ret)
{
    json_error_t why;

    memset(ret, 0, event->size);
    if (!bytes || len == 0 || len > EVENT_CEILING) {
        return permanent("%s: %s", event->type, len ? "too large" : "empty");
    }
    json_auto_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &why);
    if (!root) {
        return permanent("%s: not JSON: %.80s", event->type, why.text);
    }
    if (!json_is_object(root)) {
        return permanent("%s: not a JSON object", event->type);
    }
    for (int i = 0; i < event->n; i++) {
        const struct event_field *field = &event->fields[i];
        TRY(decode_field(event, field, json_object_get(root, field->name), arena, ret));
    }
    return OK;
}

/* What is no UTF-8 is mended, never dropped: the reader may require the field. */
static json_t *json_text(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);

    utf8_scrub(copy, strlen(copy));
    return json_string(copy);
}

const char *event_encode(const struct event *event, struct arena *arena, const void *from)
{
    json_auto_t *root = json_object();

    for (int i = 0; i < event->n; i++) {
        const struct event_field *field = &event->fields[i];
        const void *at = (const char *)from + field->offset;
        json_t *value = NULL;
        if (field->kind == EVENT_int) {
            value = json_integer(*(const int64_t *)at);
        } else if (*(const char *const *)at) {
            value = json_text(arena, *(const char *const *)at);
        }
        if (value && json_object_set_new(root, field->name, value) != 0) {
            abort();
        }
    }
    char *text = json_dumps(root, JSON_COMPACT);
    if (!text) {
        abort();
    }
    const char *copy = arena_strdup(arena, text);
    free(text);
    return copy;
}
