/*
 * OpenRouter's keys against our rows. The whole list is read first: on a day when the list breaks, or our
 * management key is refused, nothing at all is judged. Only a key that carries our mark and belongs to a deployment
 * of this database may be deleted, and its row is read again right before.
 */
#include "sweep.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "moves.h"
#include "settings.h"
#include "spent.h"

#define CHANGED "Its row was changed while we looked; the next sweep looks again"

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool keys_listed(const struct keys_world *w, const char *hash)
{
    return w->keys.n > 0 && bsearch(&hash, w->hashes, w->keys.n, sizeof hash, by_text);
}

struct err key_still_there(struct keys_world *w, const char *hash, const char *subject, bool *ret,
                           bool *ret_known)
{
    struct err e = openrouter_key_exists(&w->at, hash, ret);

    *ret_known = !failed(e);
    if (sweep_is_over(&e)) {
        return e;
    }
    if (failed(e)) {
        sweep_skipped(w->look, subject);
    }
    return OK;
}

void key_tell_cap(struct finding *f, const struct openrouter_key *key)
{
    if (key->left_micro >= 0) {
        f->money = MONEY_CAP;
        f->cents = (key->left_micro + 9999) / 10000;
    }
}

/* What a surplus key has spent is its deployment's spending: in the row, before nobody else can tell. Else not `ret`. */
static struct err note_spending(struct keys_world *w, const struct openrouter_key *key,
                                const struct key_row *row, struct finding *f, bool *ret)
{
    const char *spent = row->spent;

    *ret = key->spent_micro >= 0;
    if (!*ret) {
        f->words =
            arena_printf(w->look->arena,
                         "%s. It stays: OpenRouter does not say what was spent with it", f->words);
        return OK;
    }
    (void)spent_add(w->look->arena, &spent, key);
    if (spent != row->spent) {
        TRY(key_row_spent(w, row, spent, ret));
    }
    f->words = *ret ? f->words : CHANGED;
    return OK;
}

static const char *spent_words(struct arena *arena, const struct openrouter_key *key)
{
    return key->spent_micro > 0
               ? arena_printf(arena, "$%.2f had been spent with it", (double)key->spent_micro / 1e6)
           : key->spent_micro == 0 ? "nothing had been spent with it"
                                   : "OpenRouter did not say what had been spent with it";
}

/* The row may have changed since: judged once more, then at once. Deleting what is gone succeeds. */
static struct err delete_if_still_so(struct keys_world *w, const struct openrouter_key *key,
                                     const char *id, struct finding *f)
{
    struct arena *arena = w->look->arena;
    struct key_row row;
    bool noted = true;

    TRY(key_row_by_id(w, id, &row));
    if (!row.id) {
        return OK;
    }
    if (!key_judge(key, &row, keys_listed(w, row.hash), clock_unix_us() / 1000000).delete) {
        f->words = CHANGED;
        return OK;
    }
    if (key_expected(&row)) {
        TRY(note_spending(w, key, &row, f, &noted));
    }
    if (!noted) {
        return OK;
    }
    struct err e = openrouter_key_delete(&w->at, key->hash);
    if (sweep_is_over(&e)) {
        return e;
    }
    if (failed(e)) {
        f->words = arena_printf(arena, "%s. It could not be deleted: %s", f->words, e.text);
        return OK;
    }
    f->resolved = "revoked";
    f->words = arena_printf(arena, "%s. Deleted; %s", f->words, spent_words(arena, key));
    return OK;
}

static struct err judge(struct keys_world *w, const struct openrouter_key *key,
                        const struct key_row *row)
{
    bool own = row && keys_listed(w, row->hash), exists = true, known = true;
    struct key_verdict v = key_judge(key, row, own, clock_unix_us() / 1000000);

    if (v.kind && v.delete) { /* it may have been revoked since it was listed */
        TRY(key_still_there(w, key->hash, key->hash, &exists, &known));
    }
    if (!v.kind || !exists || !known) {
        return OK;
    }
    struct finding *f = sweep_found(w->look, v.kind, key->hash);
    f->words = arena_printf(w->look->arena, "%s (%.100s)", v.words, key->name);
    f->deployment = row ? row->id : NULL;
    key_tell_cap(f, key);
    return v.delete &&row ? delete_if_still_so(w, key, row->id, f) : OK;
}

static struct err judge_keys(struct keys_world *w)
{
    for (size_t first = 0; first < w->keys.n; first += KEY_ROWS_CHUNK) {
        size_t left = w->keys.n - first, n = left < KEY_ROWS_CHUNK ? left : KEY_ROWS_CHUNK;
        struct key_rows rows;

        TRY(key_rows_named(w, first, n, &rows));
        for (size_t i = first; i < first + n; i++) {
            TRY(judge(w, &w->keys.key[i], key_rows_find(&rows, w->keys.key[i].name)));
        }
    }
    return OK;
}

struct err keys_sweep(struct sweep_look *look)
{
    struct keys_world w = {
        .look = look,
        .at = {.http = look->http,
               .arena = look->arena,
               .url = key_settings.url,
               .management_key = key_settings.management_key,
               .before = sweep_may_go_on,
               .context = look},
    };

    TRY(openrouter_keys_marked(&w.at, KEY_MARK, &w.keys));
    look->looked = (int)w.keys.seen;
    w.hashes = arena_alloc(look->arena, (w.keys.n + 1) * sizeof *w.hashes);
    for (size_t i = 0; i < w.keys.n; i++) {
        w.hashes[i] = w.keys.key[i].hash;
    }
    qsort(w.hashes, w.keys.n, sizeof *w.hashes, by_text);
    TRY(keys_judge_rows(&w)); /* first: a key that is adopted is no surplus one */
    return judge_keys(&w);
}
