/* The life of a deployment's OpenRouter key, for main.c and the tests. */
#pragma once

#include "runner/move.h"

/* What our keys' names begin with; then come the last characters of the deployment's id. */
#define KEY_MARK "openclaw-"

extern const struct stage llm_key_stage;

struct err key_name_it(struct job *job);
struct err key_create(struct job *job);
struct err key_revoke(struct job *job);
