/* The keys of a deployment's name that OpenRouter lists. */
#pragma once

#include "openrouter.h"
#include "runner/move.h"

/* All of them, and whether `keep` (a hash, or "") is one. */
struct err listed_all(const struct openrouter *at, const char *name, const char *keep,
                      struct openrouter_keys *ret, bool *ret_kept) MUST_CHECK;

struct err listed_delete_but(const struct openrouter *at, const struct openrouter_keys *keys,
                             const char *keep) MUST_CHECK;

/* How many were made by requests with an unknown outcome: neither the one that is kept nor the one before. */
size_t listed_strangers(const struct job *job, const struct openrouter_keys *keys,
                        const char *keep);

/* ERR_TRANSIENT when a key that the row knows of is there and the list does not show it. */
struct err listed_missed_none(const struct job *job, const struct openrouter *at,
                              const struct openrouter_keys *keys) MUST_CHECK;
