/* A stage's table as the SQL functions want it: JSON keyed by goal and state, "up new". */
#pragma once

#include "runner/move.h"

const char *goal_name(enum goal goal);

char *stage_leases(
    const struct stage *stage); /* {"up new": 30, …}; free() it                            */
char *
stage_texts(const struct stage *stage); /* {"up new": {"status": …, "message": …}, …}; free() it  */

json_t *stage_words(const char *words); /* a list separated by blanks as JSON; NULL: empty */
