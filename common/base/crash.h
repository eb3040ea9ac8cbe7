/*
 * Crash points: named places between two effects at which a test lets the process end by SIGKILL. Nothing happens, for
 * the price of one relaxed load, unless the process was started with one of
 *   TEST_CRASH=NAME[:N][,NAME[:N]…]            at the Nth passage (first by default) of each point named
 *   TEST_CRASH_SEED=S, TEST_CRASH_ONE_IN=K     at one passage in K of any point, chosen by a generator of seed S
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct crash_place {
    const char *name, *where;
};
extern const struct crash_place crash_places[]; /* ended by a NULL name */

extern atomic_bool crash_armed_;
void crash_passed(const char *name); /* a name that is not in the table aborts: a bug */

static inline void crash_point(const char *name)
{
    if (atomic_load_explicit(&crash_armed_, memory_order_relaxed)) {
        crash_passed(name);
    }
}

/* Before any thread: reads the environment. ERR_PERMANENT for what it does not understand. */
struct err crash_arm(bool *ret_armed) MUST_CHECK;

void crash_places_print(FILE *out);
