/* What an action reads and says back: notes, waits, log lines, secrets. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "runner/outcome.h"

enum { LINES_MAX = 200, LINE_MAX_BYTES = 500 };

void job_init(struct job *job, struct arena *arena)
{
    *job = (struct job){.arena = arena, .wait_s = -1, .state = "new", .generation = 1};
    job->patch = json_object();
    job->lines = json_array();
    job->keep = json_object();
    job->forget = json_array();
}

void job_release(struct job *job)
{
    json_decref(job->patch);
    json_decref(job->lines);
    json_decref(job->keep);
    json_decref(job->forget);
}

bool job_may_take(const struct job *job, int64_t ms)
{
    return job->lease_ends_ms == 0 || clock_ms() + ms <= job->lease_ends_ms;
}

static const json_t *note_find(const struct job *job, const char *name)
{
    const json_t *fresh = json_object_get(job->patch, name);

    return fresh ? fresh : json_object_get(job->notes, name);
}

const char *note(const struct job *job, const char *name)
{
    return json_string_value(note_find(job, name));
}

int64_t note_int(const struct job *job, const char *name, int64_t otherwise)
{
    const json_t *value = note_find(job, name);

    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

void note_set(struct job *job, const char *name, const char *text)
{
    (void)json_object_set_new(job->patch, name, text ? text_json(text) : json_null());
}

void note_set_int(struct job *job, const char *name, int64_t number)
{
    (void)json_object_set_new(job->patch, name, json_integer(number));
}

void job_go(struct job *job, const char *state)
{
    job->go = state;
}

void job_wait(struct job *job, double seconds)
{
    job->wait_s = seconds;
}

VPRINTF(2)
static const char *scrubbed(struct arena *arena, const char *format, va_list args)
{
    char text[LINE_MAX_BYTES];

    (void)vsnprintf(text, sizeof text, format, args);
    utf8_scrub(text, strlen(text));
    return arena_strdup(arena, text);
}

void job_message(struct job *job, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    job->message = scrubbed(job->arena, format, args);
    va_end(args);
}

void job_trouble(struct job *job, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    job->trouble = scrubbed(job->arena, format, args);
    va_end(args);
}

void job_log(struct job *job, const char *format, ...)
{
    va_list args;

    if (json_array_size(job->lines) >= LINES_MAX) {
        return;
    }
    va_start(args, format);
    (void)json_array_append_new(job->lines, json_string(scrubbed(job->arena, format, args)));
    va_end(args);
}

void job_say(struct job *job, const struct event *event, const void *fields)
{
    job->said = event;
    job->said_fields = fields;
}

void job_address(struct job *job, const char *ip)
{
    job->ip_address = arena_strdup(job->arena, ip);
}

void job_version(struct job *job, const char *version)
{
    job->version = arena_strdup(job->arena, version);
}

void job_change_over(struct job *job, const char *kind, bool worked)
{
    job->change_over = kind;
    job->change_worked = worked;
    note_set(job, "change", NULL);
}

/* The sealed text in the arena; NULL when there is none. Secrets set by this very job count. */
static const char *sealed_find(const struct job *job, const char *name)
{
    const char *sealed = json_string_value(json_object_get(job->keep, name));

    if (sealed) {
        return arena_strdup(job->arena, sealed);
    }
    json_auto_t *all = job->sealed ? json_loads(job->sealed, 0, NULL) : NULL;
    sealed = json_string_value(json_object_get(all, name));
    return sealed ? arena_strdup(job->arena, sealed) : NULL;
}

bool job_has_secret(const struct job *job, const char *name)
{
    return sealed_find(job, name) != NULL;
}

struct err job_secret(struct job *job, const char *name, const char **ret, size_t *ret_len)
{
    const char *sealed = sealed_find(job, name);

    if (!sealed) {
        return permanent("the secret '%s' is not there", name);
    }
    return seal_open(job->seal, job->id, name, sealed, job->arena, ret, ret_len);
}

struct err job_keep_secret(struct job *job, const char *name, const char *plain, size_t len)
{
    const char *sealed = NULL;

    TRY(seal_close(job->seal, job->id, name, plain, len, job->arena, &sealed));
    (void)json_object_set_new(job->keep, name, json_string(sealed));
    return OK;
}

void job_forget_secret(struct job *job, const char *name)
{
    (void)json_array_append_new(job->forget, json_string(name));
}
