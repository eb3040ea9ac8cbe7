/* Reading bodies. civetweb has no limit of its own (it would take 50 MB), so it is set here. */
#include "body.h"

#include <string.h>

static bool has_body(const struct request *request)
{
    return request->info->content_length > 0 || request_header(request, "Transfer-Encoding");
}

void body_admit(const struct request *request, struct reply *reply)
{
    if (!has_body(request)) {
        return;
    }
    if (request_header(request, "Transfer-Encoding")) {
        (void)refuse(request, reply, 411, "Send the body with a Content-Length.");
    } else if (request->info->content_length > BODY_CEILING) {
        (void)refuse(request, reply, 413, "The body may have at most %d bytes.", BODY_CEILING);
    } else if (!media_is_json(request_header(request, "Content-Type"))) {
        (void)refuse(request, reply, 415, "Send the body as Content-Type: application/json.");
    }
}

void body_parse(struct request *request, struct reply *reply, const char *bytes, size_t len)
{
    json_error_t why;

    request->body = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!request->body) {
        (void)refuse(request, reply, 400, "The body is not valid JSON (line %d, column %d).",
                     why.line, why.column);
    } else if (!json_is_object(request->body)) {
        (void)refuse(request, reply, 422, "The body must be a JSON object.");
    }
}

static const struct field *field_find(const struct field *fields, const char *name)
{
    for (; fields && fields->name; fields++) {
        if (strcmp(fields->name, name) == 0) {
            return fields;
        }
    }
    return NULL;
}

/* UTF-8 that jansson has checked: every byte that does not continue a character starts one. */
static int characters(const char *text)
{
    int n = 0;

    for (; *text; text++) {
        n += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return n;
}

static void check_field(const struct request *request, struct reply *reply,
                        const struct field *field)
{
    const json_t *value = json_object_get(request->body, field->name);

    if (!value || (json_is_null(value) && !field->required)) {
        if (field->required) {
            (void)refuse(request, reply, 422, "'%s' is missing.", field->name);
        }
        return;
    }
    if (!json_is_string(value)) {
        (void)refuse(request, reply, 422, "'%s' must be a text.", field->name);
        return;
    }
    int n = characters(json_string_value(value));
    if (n < field->min || n > field->max) {
        (void)refuse(request, reply, 422, "'%s' must have %d to %d characters.", field->name,
                     field->min, field->max);
    }
}

void body_check(const struct request *request, struct reply *reply, const struct field *fields)
{
    const char *name;
    json_t *value;

    json_object_foreach(request->body, name, value)
    {
        if (!field_find(fields, name)) {
            (void)refuse(request, reply, 422, "'%.100s' is not a field of this request.", name);
            return;
        }
    }
    for (; fields && fields->name && !reply_made(reply); fields++) {
        check_field(request, reply, fields);
    }
}

void body_read(struct request *request, struct reply *reply, const struct field *fields)
{
    size_t want = has_body(request) ? (size_t)request->info->content_length : 0, have = 0;
    char *bytes = arena_alloc(request->arena, want + 1);

    while (have < want) {
        int n = mg_read(request->connection, bytes + have, want - have);
        if (n <= 0) {
            (void)refuse(request, reply, 400, "The body ended after %zu of %zu bytes.", have, want);
            return;
        }
        have += (size_t)n;
    }
    if (want > 0) {
        body_parse(request, reply, bytes, want);
    }
    if (!reply_made(reply)) {
        body_check(request, reply, fields);
    }
}
