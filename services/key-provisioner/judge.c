/* What a listed key means to the deployment whose name it has. Deleting is for what is certain; the rest is said. */
#include <string.h>

#include "sweep.h"

/* A key younger than that may be the one that is just being made. */
enum { GRACE_S = 600 };

#define VERDICT(kind_, delete_, words_)                                                            \
    ((struct key_verdict){.kind = (kind_), .delete = (delete_), .words = (words_)})
#define FINE ((struct key_verdict){0})

static bool gone(const struct key_row *row)
{
    return row->exists ? strcmp(row->state, "revoked") == 0 : row->destroyed;
}

bool key_expected(const struct key_row *row)
{
    return row->exists && row->up && !row->busy && strcmp(row->state, "issued") == 0;
}

/*
 * An issued row always knows its key, but one restored from a backup may not: an event tells of a key without its hash,
 * and the backup's hash may be of a key before. The only key of its name is then the one that its machine has. Where the
 * row has a hash, its key may as well have been deleted by somebody, and the one there is be of a request without an
 * answer: such a one was made before the row was issued.
 */
bool key_adoptable(const struct openrouter_key *only, const struct key_row *row)
{
    return key_expected(row) && !row->failed && !only->disabled &&
           (!row->hash[0] || only->created > row->since);
}

/* A key of a live deployment, but not the one its row holds. */
static struct key_verdict second(const struct openrouter_key *key, const struct key_row *row,
                                 bool own_listed, int64_t now)
{
    bool old = key->created > 0 && key->created < now - GRACE_S;

    if (!key_expected(row) || (key->created > 0 && !old)) {
        return FINE; /* its own moves are at it, or will be */
    }
    if (row->failed || !own_listed || !old) {
        return VERDICT("surplus key", false,
                       "A key of this deployment that its row does not know, and it is not certain "
                       "which one is in use; an operator must look");
    }
    return VERDICT("surplus key", true, "A second key of this deployment; its own is another one");
}

struct key_verdict key_judge(const struct openrouter_key *key, const struct key_row *row,
                             bool own_listed, int64_t now)
{
    if (!row) {
        return VERDICT("unknown key", false,
                       "A key with our mark, of a deployment that is not in this database: another "
                       "installation's, or lost with a backup. Delete it at OpenRouter if nobody "
                       "needs it");
    }
    if (gone(row)) {
        return VERDICT("orphaned key", true, "A key of a deployment that has none any more");
    }
    if (!row->exists) {
        return FINE; /* its row is made when the event arrives */
    }
    if (strcmp(key->hash, row->hash) != 0) {
        return second(key, row, own_listed, now);
    }
    if (key->disabled && key_expected(row)) {
        return VERDICT(
            "disabled key", false,
            "The key of a live deployment is disabled at OpenRouter; enable it there, or "
            "destroy the deployment");
    }
    return FINE;
}
