/* Rows that should have a key, which the list does not show. */
#include <string.h>

#include "moves.h"
#include "sweep.h"

/* The only key of that name; NULL when there is none, or several. */
static const struct openrouter_key *only_one(const struct openrouter_keys *keys, const char *name)
{
    const struct openrouter_key *only = NULL;

    for (size_t i = 0; i < keys->n; i++) {
        if (strcmp(keys->key[i].name, name) == 0) {
            if (only) {
                return NULL;
            }
            only = &keys->key[i];
        }
    }
    return only;
}

/* Every other key of that name is deleted once this one is the row's: the list must not have missed one. */
static struct err only_one_for_certain(struct keys_world *w, const char *name,
                                       const struct openrouter_key *only, bool *ret)
{
    if (!w->read_again) {
        TRY(openrouter_keys_marked(&w->at, KEY_MARK, &w->again));
        w->read_again = true;
    }
    const struct openrouter_key *still = only_one(&w->again, name);
    *ret = still && strcmp(still->hash, only->hash) == 0;
    return OK;
}

static struct err adopt(struct keys_world *w, const struct key_row *row, bool *ret)
{
    const struct openrouter_key *key = only_one(&w->keys, row->name);

    *ret = false;
    if (!key || !key_adoptable(key, row)) {
        return OK;
    }
    TRY(only_one_for_certain(w, row->name, key, ret));
    if (*ret) {
        TRY(key_row_adopt(w, row, key->hash, ret));
    }
    if (*ret) {
        struct finding *f = sweep_found(w->look, "key its row does not know", key->hash);
        f->deployment = row->id;
        f->resolved = "adopted";
        f->words = arena_printf(w->look->arena,
                                "The only key of its name (%.100s); its row had lost it with a "
                                "restored backup, and has it again",
                                key->name);
        key_tell_cap(f, key);
    }
    return OK;
}

/* Pages shift when a key is deleted meanwhile: what the list does not show is asked for by its hash. */
static struct err judge_missing(struct keys_world *w, const struct key_row *row)
{
    bool exists = false, known = true, adopted = false;

    if (!key_expected(row) || keys_listed(w, row->hash)) {
        return OK;
    }
    if (row->hash[0]) {
        TRY(key_still_there(w, row->hash, row->name, &exists, &known));
    }
    if (exists || !known) {
        return OK;
    }
    TRY(adopt(w, row, &adopted));
    if (!adopted) {
        struct finding *f = sweep_found(w->look, "row without its key", row->name);
        f->deployment = row->id;
        f->words = "OpenRouter has no such key: somebody deleted it, and this deployment can no "
                   "longer use a model. Destroy it, or replay it from its key";
    }
    return OK;
}

struct err keys_judge_rows(struct keys_world *w)
{
    const char *last = "";

    for (;;) {
        struct key_rows rows;
        TRY(key_rows_issued(w, last, &rows));
        for (int i = 0; i < rows.n; i++) {
            TRY(judge_missing(w, &rows.row[i]));
            last = rows.row[i].id;
        }
        if (rows.n < KEY_ROWS_CHUNK) {
            return OK;
        }
        TRY(sweep_may_go_on(w->look));
    }
}
