/* What a deployment's earlier keys have spent: noted by key, so that nothing is lost and nothing counted twice. */
#pragma once

#include "openrouter.h"
#include "runner/move.h"

/*
 * Notes what every key but `keep` has spent ("spent": hash=micro ...; "spent_micro": the sum). True when one of them
 * was not noted at all before: the notes have to be committed before such a key is deleted. What an already noted
 * one has spent since is noted too; only a crash before the commit would lose that little.
 */
bool spent_note(struct job *job, const struct openrouter_keys *keys, const char *keep);
