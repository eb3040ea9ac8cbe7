/* The rows of table `openings`, as the openers use them. */
#pragma once

#include "db/db.h"
#include "opening.h"

/* An earlier life of this process left them: any may have them at once. */
struct err openings_give_back(struct db *db, const char *owner) MUST_CHECK;
/* Who has them lives. */
struct err openings_renew(struct db *db, const char *owner) MUST_CHECK;
/* Up to `most` that somebody waits for, in a chain that is the caller's. Sweeps old rows, too. */
struct err openings_take(struct db *db, const char *owner, int most,
                         struct opening **ret) MUST_CHECK;
/* Tells who waits. Does nothing when another has the opening by now, or nobody waits. */
struct err openings_answer(struct db *db, const char *owner, const struct opening *o) MUST_CHECK;
