/* What a deployment's earlier keys have spent: noted by key, so that nothing is lost and nothing counted twice. */
#pragma once

#include "openrouter.h"
#include "runner/move.h"

/* ERR_TRANSIENT when one of them but `keep` does not say what it has spent: deleted, it could never be asked again. */
struct err spent_told(const struct openrouter_keys *keys, const char *keep) MUST_CHECK;

/* The text of the note "spent" with what that key has spent, too. True when it was not in there at all. */
bool spent_add(struct arena *arena, const char **text, const struct openrouter_key *key);

/*
 * Notes what every key but `keep` has spent ("spent": hash=micro ...; "spent_micro": the sum). True when one of them
 * was not noted at all before: the notes have to be committed before such a key is deleted. What an already noted
 * one has spent since is noted too; only a crash before the commit would lose that little.
 */
bool spent_note(struct job *job, const struct openrouter_keys *keys, const char *keep);
