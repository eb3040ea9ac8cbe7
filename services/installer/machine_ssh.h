/* Between machine.c and machine_open.c, the two files that know SSH: logging in to a machine. */
#pragma once

#include "base/scope.h"
#include "machine.h"
#include "ssh/ssh.h"

SCOPED_CLEANUP(struct ssh *, ssh_close);

struct err open_machine(const struct machine *machine, int deadline_ms, struct arena *arena,
                        struct ssh **ret, const char **ret_pin) MUST_CHECK;
