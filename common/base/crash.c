/* The table of crash points, what the environment asks for, and the end. */
#include "base/crash.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ORDERS_MAX = 8, TEXT_MAX = 400, COUNT_MAX = 1000000 };

const struct crash_place crash_places[] = {
    {"runner.claimed",                                 "rows are claimed and handed out"},
    {"runner.acting",                                                "before an action"},
    {"runner.acted","after an action, before its outcome is queued"},
    {"runner.settling",                                   "before outcomes are settled and rows claimed"},
    {"runner.settled",                                                "outcomes are committed, nobody was told"},
    {"inbox.read","messages are read, not yet applied"},
    {"inbox.applied",                                 "messages are applied, their offsets not yet committed to Kafka"},
    {"relay.read",                                                "events are read from the outbox, not yet sent"},
    {"relay.sent",                                             "events are sent, no delivery report yet"},
    {"relay.delivered",                                  "events are delivered, still in the outbox"},
    {"gateway.committed",                                                "a decision is committed, not yet answered"},
    {"http.sending","before an HTTP request"},
    {"http.answered",                                     "the answer is there, not yet used"},
    {"http.changing",                                                "before an HTTP request that is no GET"},
    {"http.changed","its answer is there, not yet used"},
    {"ssh.sending",                              "before a command on a machine"},
    {"ssh.answered",                                                "the command has ended, its answer is not yet used"},
    {"opener.claimed",                                                                       "openings are claimed and handed out"},
    {"opener.made",                                  "a link is made, not yet told"},
    {0                                               }
};

struct order {
    const char *name;
    unsigned long at;
    atomic_ulong passed;
};

atomic_bool crash_armed_;
static struct order orders[ORDERS_MAX];
static int n_orders;
static uint64_t seed, one_in;
static _Atomic uint64_t passages;

static bool known(const char *name)
{
    for (const struct crash_place *place = crash_places; place->name; place++) {
        if (strcmp(place->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* splitmix64: the nth of a seed's numbers, whoever asks. */
static uint64_t dice(uint64_t n)
{
    uint64_t z = seed + n * 0x9e3779b97f4a7c15U;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static void die(void)
{
    (void)kill(getpid(), SIGKILL);
    for (;;) { /* this thread does nothing more until the signal arrives */
        (void)pause();
    }
}

void crash_passed(const char *name)
{
    if (!known(name)) {
        (void)fprintf(stderr, "there is no crash point '%s'\n", name);
        abort();
    }
    for (int i = 0; i < n_orders; i++) {
        if (strcmp(orders[i].name, name) == 0 &&
            atomic_fetch_add(&orders[i].passed, 1) + 1 == orders[i].at) {
            die();
        }
    }
    if (one_in && dice(atomic_fetch_add(&passages, 1)) % one_in == 0) {
        die();
    }
}

static struct err read_order(char *text)
{
    char *colon = strchr(text, ':'), *end = NULL;
    unsigned long at = 1;

    if (colon) {
        *colon = '\0';
        at = strtoul(colon + 1, &end, 10);
        if (end == colon + 1 || *end || at < 1 || at > COUNT_MAX) {
            return permanent("TEST_CRASH: '%.20s' is no count of passages", colon + 1);
        }
    }
    if (!known(text)) {
        return permanent("TEST_CRASH: there is no crash point '%.40s'", text);
    }
    if (n_orders == ORDERS_MAX) {
        return permanent("TEST_CRASH names more than %d points", ORDERS_MAX);
    }
    orders[n_orders].name = text;
    orders[n_orders++].at = at;
    return OK;
}

static struct err read_orders(const char *text)
{
    static char copy[TEXT_MAX];
    char *rest = NULL;

    if (strlen(text) >= sizeof copy) {
        return permanent("TEST_CRASH is longer than %d characters", TEXT_MAX);
    }
    (void)snprintf(copy, sizeof copy, "%s", text);
    n_orders = 0;
    for (char *one = strtok_r(copy, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
        TRY(read_order(one));
    }
    return n_orders > 0 ? OK : permanent("TEST_CRASH names no crash point");
}

static struct err read_number(const char *name, const char *text, uint64_t *ret)
{
    char *end = NULL;

    *ret = strtoull(text ? text : "", &end, 10);
    return text && *text && !*end ? OK : permanent("%s must be a number", name);
}

struct err crash_arm(bool *ret_armed)
{
    const char *text = getenv("TEST_CRASH"), *by_seed = getenv("TEST_CRASH_SEED");

    *ret_armed = false;
    if (text) {
        TRY(read_orders(text));
    }
    if (by_seed) {
        TRY(read_number("TEST_CRASH_SEED", by_seed, &seed));
        TRY(read_number("TEST_CRASH_ONE_IN", getenv("TEST_CRASH_ONE_IN"), &one_in));
        if (one_in < 1) {
            return permanent("TEST_CRASH_ONE_IN must be at least 1");
        }
    }
    *ret_armed = text || by_seed;
    atomic_store(&crash_armed_, *ret_armed);
    return OK;
}

void crash_places_print(FILE *out)
{
    for (const struct crash_place *place = crash_places; place->name; place++) {
        (void)fprintf(out, "%-18s %s\n", place->name, place->where);
    }
}
