/* The parts of `clawctl dead-letters`: which letters are meant, and saying them again. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

/* Which letters: one, or all that wait (of a service, of a type). */
struct letter_choice {
    const char *number;         /* "17", or NULL */
    bool all, done, dry_run;    /* done: `drop --done` */
    const char *service, *type; /* NULL: any */
};

struct err letters_replay(struct db *db, const struct letter_choice *choice,
                          struct arena *arena) MUST_CHECK;
struct err letters_drop(struct db *db, const struct letter_choice *choice,
                        struct arena *arena) MUST_CHECK;
