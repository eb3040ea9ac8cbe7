/* A replay in words: what is kept, what runs again, what it costs. */
#include <stdio.h>
#include <string.h>

#include "operator.h"
#include "replay.h"

struct words {
    const json_t *plan, *facts;
    struct arena *arena;
    int step;
};

static const char *fact(const struct words *w, const char *name)
{
    const char *text = json_string_value(json_object_get(w->facts, name));

    return text ? visible(w->arena, text, false) : NULL;
}

static double dollars(const struct words *w, const char *name)
{
    return (double)json_integer_value(json_object_get(w->facts, name)) / 1e6;
}

static bool is(const struct words *w, const char *name)
{
    return json_is_true(json_object_get(w->facts, name));
}

static bool begins_with(const struct words *w, const char *stage)
{
    return strcmp(json_string_value(json_object_get(w->plan, "first")), stage) == 0;
}

static bool asked_for(const struct words *w, const char *stage)
{
    return strcmp(json_string_value(json_object_get(w->plan, "stage")), stage) == 0;
}

static const json_t *row_of(const struct words *w, const char *room)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(w->plan, "rows"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "room")), room) == 0) {
            return row;
        }
    }
    return NULL;
}

static void print_kept(const struct words *w)
{
    const char *address = fact(w, "address"), *order = fact(w, "order"), *key = fact(w, "key");
    const char *service = fact(w, "service_name");

    (void)printf("kept\n");
    if (address && !asked_for(w, "order")) {
        (void)printf("  its address %s\n", address);
    }
    if (key && !begins_with(w, "key")) {
        (void)printf("  its key %s with its cap of $%.2f\n", key, dollars(w, "limit_micro"));
    } else if (key) {
        (void)printf("  its cap of $%.2f%s\n", dollars(w, "limit_micro"),
                     is(w, "has_text") ? " and, if OpenRouter still knows it, its key"
                                       : "; what the old key has spent counts");
    }
    if (is(w, "paid")) {
        (void)printf("  OVH order %s, %s in %s: nothing is bought\n", order ? order : "?",
                     fact(w, "plan") ? fact(w, "plan") : "?",
                     fact(w, "datacenter") ? fact(w, "datacenter") : "?");
    }
    if (service) {
        (void)printf("  the server %s%s\n", service,
                     asked_for(w, "rebuild") ? "" : ", its system and what is on it");
    }
    (void)printf("  the timeline and the log\n");
}

static void step(struct words *w, const char *what, const char *words)
{
    (void)printf("  %d. %-8s %s\n", ++w->step, what, words);
}

static void print_key_step(struct words *w)
{
    if (!begins_with(w, "key")) {
        return;
    }
    const char *state = fact(w, "key_state");
    step(w, "key",
         !state || strcmp(state, "issued") != 0 ? "its key is made: none was issued yet"
         : is(w, "has_text")
             ? "its key is looked for at OpenRouter and taken again; made anew only if it is gone"
             : "a new key is made and the old one deleted: nobody but the machine holds its text "
               "any more");
}

static void print_server_step(struct words *w)
{
    const char *state = fact(w, "server_state");

    if (asked_for(w, "order")) {
        step(w, "order",
             "a server is ordered and PAID; the order before it was cancelled or never paid");
    } else if (asked_for(w, "rebuild")) {
        step(w, "rebuild", "OVH installs the system anew: EVERYTHING on the machine is erased");
    } else if (is(w, "paid") && strcmp(state, "ready") == 0) {
        step(w, "server", "its address is asked for and said again; the machine is not touched");
    } else if (is(w, "paid")) {
        step(w, "server", arena_printf(w->arena, "the one that is paid goes on at '%s'", state));
    } else {
        step(w, "order", "a server is ordered and PAID: none was yet");
    }
}

static void print_again(struct words *w)
{
    (void)printf("runs again\n");
    print_key_step(w);
    if (begins_with(w, "key") || row_of(w, "server")) {
        print_server_step(w);
    }
    if (!asked_for(w, "health")) {
        step(w, "install",
             is(w, "installed") ? "OpenClaw is set up again, as a new run of the setup"
                                : "OpenClaw is set up");
    }
    step(w, "health", "READY again only when it is usable from outside");
}

void replay_print(const char *id, const json_t *plan)
{
    struct words w = {.plan = plan, .facts = json_object_get(plan, "facts"), .arena = arena_new()};

    (void)printf("%s  %s of %s\n%s: %s\n\n", id, fact(&w, "name"), fact(&w, "email"),
                 fact(&w, "status"), fact(&w, "message"));
    print_kept(&w);
    print_again(&w);
    (void)printf("meanwhile it is %s; this is decision %lld\n",
                 json_string_value(json_object_get(plan, "status")),
                 (long long)json_integer_value(json_object_get(w.facts, "generation")) + 1);
    arena_free(w.arena);
}
