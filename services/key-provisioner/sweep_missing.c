/* Rows that should have a key, which the list does not show. */
#include "sweep.h"

/* Pages shift when a key is deleted meanwhile: what the list does not show is asked for by name. */
static struct err judge_missing(struct keys_world *w, const struct key_row *row)
{
    bool exists = false, known = true;

    if (!key_expected(row) || keys_listed(w, row->hash)) {
        return OK;
    }
    if (row->hash[0]) {
        TRY(key_still_there(w, row->hash, row->name, &exists, &known));
    }
    if (!exists && known) {
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
