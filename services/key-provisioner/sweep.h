/* The key-provisioner's sweep: OpenRouter's whole list of keys against our rows, and our rows against the list. */
#pragma once

#include "openrouter.h"
#include "service/sweep.h"

struct err keys_sweep(struct sweep_look *look) MUST_CHECK;

/* ---- what one key means: judge.c, no world and no database in it */

/* A deployment, and its key's row. */
struct key_row {
    const char *id, *name, *state, *hash;
    const char *spent; /* its note of that name (spent.h)              */
    int64_t since;     /* in that state; Unix seconds                  */
    bool exists;       /* there is a row                               */
    bool up, busy, failed;
    bool destroyed; /* the deployment                               */
};

struct key_verdict {
    const char *kind; /* NULL: nothing to say                                 */
    const char *words;
    bool delete; /* it is nobody's, for certain                          */
};

/*
 * `row`: the one deployment of that name here (NULL: none, or several). `own_listed`: the hash that row holds is in
 * the list too. `now`: Unix seconds.
 */
struct key_verdict key_judge(const struct openrouter_key *key, const struct key_row *row,
                             bool own_listed, int64_t now);

/* Should that row have a live key? */
bool key_expected(const struct key_row *row);

/* That row does not know its key (it has no hash, or that key is gone), and `only` is the only one of its name: is it the
 * row's own? */
bool key_adoptable(const struct openrouter_key *only, const struct key_row *row);

/* ---- a sweep under way */

struct keys_world {
    struct sweep_look *look;
    struct openrouter at;
    struct openrouter_keys keys;
    const char **hashes;          /* of the list, sorted */
    struct openrouter_keys again; /* the list, read once more before the first adoption */
    bool read_again;
};

bool keys_listed(const struct keys_world *w, const char *hash);

/* What may still be spent with it, in cents, rounded up. */
void key_tell_cap(struct finding *f, const struct openrouter_key *key);

/* One key's trouble is its own: not `known`, it is skipped under the name that a finding about it has. */
struct err key_still_there(struct keys_world *w, const char *hash, const char *subject, bool *ret,
                           bool *ret_known) MUST_CHECK;

/* sweep_missing.c: the rows whose key the list does not show */
struct err keys_judge_rows(struct keys_world *w) MUST_CHECK;

/* ---- our side of it: sweep_rows.c */

struct key_rows {
    struct key_row *row;
    int n;
};

/* The deployments that `n` listed keys from `first` on may belong to, by the end of their names; for key_rows_find(). */
struct err key_rows_named(struct keys_world *w, size_t first, size_t n,
                          struct key_rows *ret) MUST_CHECK;

/* The one row of that name; NULL when there is none, or it can not be told which. */
const struct key_row *key_rows_find(const struct key_rows *rows, const char *name);

/* Up to KEY_ROWS_CHUNK rows that should have a key, by their ids, after `last` ("": from the first). */
enum { KEY_ROWS_CHUNK = 1000 };
struct err key_rows_issued(struct keys_world *w, const char *last, struct key_rows *ret) MUST_CHECK;

/* As it is now; `ret->id` NULL: there is none. */
struct err key_row_by_id(struct keys_world *w, const char *id, struct key_row *ret) MUST_CHECK;

/* Its hash is that from now on; false: the row has changed since it was read, or the key is another one's. */
struct err key_row_adopt(struct keys_world *w, const struct key_row *row, const char *hash,
                         bool *ret) MUST_CHECK;

/* Its note "spent" is that from now on; false: the row has changed since it was read. */
struct err key_row_spent(struct keys_world *w, const struct key_row *row, const char *spent,
                         bool *ret) MUST_CHECK;
