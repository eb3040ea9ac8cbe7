/* Looks the type up, decodes, and names the effect. Whatever cannot be read keeps its bytes for a person. */
#include "bus/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "base/utf8.h"
#include "events.h"
#include "runner/stage.h"

enum { DEAD_BYTES_MAX = 16 * 1024 };

static const char *const effect_names[] = {"start", "leave", "retry", "step", "nudge", "down"};

/* `whole` becomes false when what is kept is not what came, byte by byte: then it can't be said again. */
static json_t *text_or_null(struct arena *arena, const char *text, size_t len, bool *whole)
{
    if (!text) {
        *whole = false;
        return json_null();
    }
    char *copy = arena_strndup(arena, text, len < DEAD_BYTES_MAX ? len : DEAD_BYTES_MAX);
    for (size_t i = 0; i < len && i < DEAD_BYTES_MAX; i++) {
        if (copy[i] == '\0') {
            copy[i] = '?';
        }
    }
    utf8_scrub(copy, strlen(copy));
    *whole = *whole && strlen(copy) == len && memcmp(copy, text, len) == 0;
    return json_string(copy);
}

/* What an operator needs to judge it and to replay it. */
static json_t *dead(struct arena *arena, const struct message *m, const char *reason)
{
    json_t *d = json_object();
    bool whole = true, any = true;
    const size_t key_len = m->key ? strlen(m->key) : 0, type_len = m->type ? strlen(m->type) : 0;

    (void)json_object_set_new(d, "key", text_or_null(arena, m->key, key_len, &whole));
    (void)json_object_set_new(d, "type", text_or_null(arena, m->type, type_len, &whole));
    (void)json_object_set_new(d, "reason", text_or_null(arena, reason, strlen(reason), &any));
    (void)json_object_set_new(d, "payload", text_or_null(arena, m->bytes, m->len, &whole));
    (void)json_object_set_new(d, "whole", json_boolean(whole));
    return d;
}

static const struct goal_rule *rule_for(const struct stage *stage, const struct event *event)
{
    for (int i = 0; i < stage->n_goals; i++) {
        if (stage->goals[i].hears == event) {
            return &stage->goals[i];
        }
    }
    return NULL;
}

/* Where a row goes that is known. */
static void set_places(const struct stage *stage, const struct goal_rule *rule, json_t *out)
{
    if (!rule->to) {
        return;
    }
    (void)json_object_set_new(out, "to", json_string(rule->to));
    if (rule->effect == EFFECT_STEP) {
        (void)json_object_set_new(out, "from", json_string(rule->from));
    }
    if (rule->effect == EFFECT_LEAVE && !move_find(stage, rule->to, GOAL_UP)) {
        (void)json_object_set_new(out, "rests", json_true());
    }
    if (rule->effect == EFFECT_START) {
        if (rule->from) {
            (void)json_object_set_new(out, "from", stage_words(rule->from));
        }
        if (rule->waits) {
            (void)json_object_set_new(out, "waits", json_string(rule->waits));
        }
        (void)json_object_set_new(out, "forgets", stage_words(rule->forgets));
    }
}

/* A decision to install anew is never newer than the event that comes of it. */
static struct err set_notes(const struct goal_rule *rule, const void *fields, json_t *out)
{
    const struct event_common *common = fields;
    json_t *notes = json_object();

    (void)json_object_set_new(out, "notes", notes);
    rule->remember(fields, notes);
    const json_t *anew = json_object_get(notes, "anew");
    if (anew && (json_integer_value(anew) < 1 || json_integer_value(anew) > common->generation)) {
        return permanent("%s: 'anew' is out of range", rule->hears->type);
    }
    return OK;
}

static struct err plan(const struct stage *stage, const char *texts, const struct message *m,
                       struct arena *arena, json_t *out)
{
    if (!m->type) {
        return permanent("no ce_type header");
    }
    const struct event *event = event_find(m->type);
    if (!event || strcmp(event->topic, m->topic) != 0) {
        return permanent("unknown event type in this topic");
    }
    const struct goal_rule *rule = rule_for(stage, event);
    if (!rule) {
        (void)json_object_set_new(out, "effect", json_string("none"));
        return OK;
    }
    void *fields = arena_alloc(arena, event->size);
    TRY(event_decode(event, arena, m->bytes, m->len, fields));
    const struct event_common *common = fields;
    if (!m->key || strcmp(m->key, common->deployment_id) != 0) {
        return permanent("%s: the message key is not its deploymentId", event->type);
    }
    if (common->generation < 1 || common->generation > INT32_MAX) {
        return permanent("%s: 'generation' is out of range", event->type);
    }
    (void)json_object_set_new(out, "effect", json_string(effect_names[rule->effect]));
    (void)json_object_set_new(out, "id", json_string(common->deployment_id));
    (void)json_object_set_new(out, "generation", json_integer(common->generation));
    set_places(stage, rule, out);
    if (rule->starts) {
        (void)json_object_set_new(out, "starts", json_true());
    }
    if (rule->remember) {
        TRY(set_notes(rule, fields, out));
    }
    (void)json_object_set_new(out, "texts", json_loads(texts, 0, NULL));
    return OK;
}

static const char *told(json_t *out, struct arena *arena)
{
    char *text = json_dumps(out, JSON_COMPACT);

    if (!text) {
        abort();
    }
    const char *copy = arena_strdup(arena, text);
    free(text);
    return copy;
}

/* What every message that may end in dead-letters needs to get there. */
static void set_grave(json_t *out, const char *service, const char *owner, const struct message *m,
                      const char *reason, struct arena *arena)
{
    (void)json_object_set_new(out, "dead", dead(arena, m, reason));
    (void)json_object_set_new(out, "service", json_string(service));
    (void)json_object_set_new(out, "owner", json_string(owner));
}

const char *message_grave(const char *service, const char *owner, const struct message *m,
                          const char *reason, struct arena *arena)
{
    json_auto_t *out = json_pack("{s:s}", "effect", "dead");

    set_grave(out, service, owner, m, reason, arena);
    return told(out, arena);
}

const char *message_plan(const struct stage *stage, const char *texts, const char *service,
                         const char *owner, const struct message *m, struct arena *arena)
{
    json_auto_t *out = json_object();
    struct err e = plan(stage, texts, m, arena, out);

    if (failed(e)) {
        (void)json_object_set_new(out, "effect", json_string("dead"));
    }
    const char *effect = json_string_value(json_object_get(out, "effect"));
    if (strcmp(effect, "none") != 0) { /* when applied, there may turn out to be no deployment */
        set_grave(out, service, owner, m, e.text, arena);
    }
    return told(out, arena);
}
