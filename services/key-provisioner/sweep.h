/* The key-provisioner's sweep: OpenRouter's whole list of keys against our rows. */
#pragma once

#include "openrouter.h"
#include "service/sweep.h"

struct err keys_sweep(struct sweep_look *look) MUST_CHECK;

/* ---- what one key means: judge.c, no world and no database in it */

/* A deployment, and its key's row. */
struct key_row {
    const char *id, *name, *state, *hash;
    bool exists; /* there is a row                               */
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
