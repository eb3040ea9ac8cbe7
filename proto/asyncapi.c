/* The published description of the topics and events, written from the field lists themselves. */
#include <string.h>

#include "event.h"

static const char *const topics[][2] = {
    {"deployments", "what the user decided, and how it ended"          },
    {"keys",        "the OpenRouter key of each deployment"            },
    {"servers",     "the server of each deployment at OVH"             },
    {"instances",   "OpenClaw on the machine, and whether it is usable"},
};

static const char *json_type(enum event_kind kind)
{
    return kind == EVENT_int ? "integer" : "string";
}

static void print_channels(FILE *out, const struct event *const *all, int n)
{
    (void)fputs("channels:\n", out);
    for (size_t t = 0; t < sizeof topics / sizeof topics[0]; t++) {
        (void)fprintf(out, "  %s:\n    address: %s\n    description: %s\n    messages:\n",
                      topics[t][0], topics[t][0], topics[t][1]);
        for (int i = 0; i < n; i++) {
            if (strcmp(all[i]->topic, topics[t][0]) == 0) {
                (void)fprintf(out, "      %s:\n        $ref: '#/components/messages/%s'\n",
                              all[i]->type, all[i]->type);
            }
        }
    }
}

static void print_message(FILE *out, const struct event *e)
{
    (void)fprintf(out, "    %s:\n      summary: %s\n      description: said by %s\n", e->type,
                  e->why, e->says);
    (void)fputs("      contentType: application/json\n"
                "      headers:\n        $ref: '#/components/schemas/headers'\n"
                "      payload:\n        type: object\n        properties:\n",
                out);
    for (int i = 0; i < e->n; i++) {
        const struct event_field *f = &e->fields[i];
        (void)fprintf(out, "          %s:\n            type: %s\n", f->name, json_type(f->kind));
        if (f->kind == EVENT_id) {
            (void)fputs("            format: uuid\n", out);
        }
        (void)fprintf(out, "            description: %s\n", f->why);
    }
    (void)fputs("        required:\n", out);
    for (int i = 0; i < e->n; i++) {
        if (e->fields[i].need == REQUIRED) {
            (void)fprintf(out, "          - %s\n", e->fields[i].name);
        }
    }
}

void event_print_asyncapi(FILE *out)
{
    int n;
    const struct event *const *all = event_all(&n);

    (void)fputs(
        "# Written by `clawctl asyncapi` from the field lists in proto/events.h.\n"
        "asyncapi: 3.0.0\n"
        "info:\n"
        "  title: OpenClaw 1-Click Deploy events\n"
        "  version: 1.0.0\n"
        "  description: CloudEvents 1.0 in binary mode; the message key is the deployment id\n",
        out);
    print_channels(out, all, n);
    (void)fputs("components:\n"
                "  schemas:\n"
                "    headers:\n"
                "      type: object\n"
                "      properties:\n"
                "        ce_specversion:\n          const: '1.0'\n"
                "        ce_id:\n          type: string\n          format: uuid\n"
                "        ce_type:\n          type: string\n"
                "        ce_source:\n          type: string\n"
                "        ce_time:\n          type: string\n          format: date-time\n"
                "        traceparent:\n          type: string\n"
                "  messages:\n",
                out);
    for (int i = 0; i < n; i++) {
        print_message(out, all[i]);
    }
}
