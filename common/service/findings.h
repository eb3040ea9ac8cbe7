/* The sweep's two tables: taking a sweep that is due, keeping it, and writing what it found. */
#pragma once

#include "service/sweep.h"

/* Whose sweep it is. */
struct sweeping {
    const char *piece, *owner;
    double every_s; /* 0: only when asked */
};

/* Sets the timer by the setting, and gives up what this process's earlier life was at. */
struct err sweep_begin(struct db *db, const struct sweeping *s) MUST_CHECK;

/* `ret` is the number of the sweep that is ours now; 0: none is due. */
struct err sweep_take(struct db *db, const struct sweeping *s, int lease_s,
                      int64_t *ret) MUST_CHECK;

/* ERR_NOT_YET when somebody else has it by now. */
struct err sweep_keep(struct db *db, const struct sweeping *s, int64_t number,
                      int lease_s) MUST_CHECK;

/* Not finished, for no reason of its own: due at once, for whoever is there. */
struct err sweep_give_back(struct db *db, const struct sweeping *s, int64_t number) MUST_CHECK;

/* What was found, and how it ended, in one transaction. */
struct err sweep_finish(struct db *db, const struct sweeping *s, const struct sweep_look *look,
                        struct err how) MUST_CHECK;
