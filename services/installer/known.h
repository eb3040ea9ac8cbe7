/* What a job already knows about its machine. */
#pragma once

#include <stdbool.h>

#include "machine.h"
#include "runner/move.h"

/* Address, login key and pinned host key; ERR_PERMANENT when the address or the key is missing. */
struct err installer_machine(struct job *job, struct machine *ret) MUST_CHECK;

/* A secret as text; NULL when it is absent or does not open. */
const char *installer_secret(struct job *job, const char *name);

/*
 * The next pause: a share of the time already waited, within limits. Short at first, then longer: a look
 * must not cost more than what it waits for.
 */
double installer_pause(double age_s, double share, double least, double most);

/* Is that the SHA-256, in hex, of the OpenRouter key that we have sealed? */
bool installer_key_is(struct job *job, const char *hash);

/* What is read when nothing more is tried: `what` did not work comes first, unless the error is a sentence already. */
struct err installer_told(struct err e, const char *what) MUST_CHECK;
