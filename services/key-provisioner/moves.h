/* The life of a deployment's OpenRouter key, for main.c and the tests. */
#pragma once

#include "runner/move.h"

extern const struct stage llm_key_stage;

struct err key_name_it(struct job *job);
struct err key_create(struct job *job);
struct err key_revoke(struct job *job);
