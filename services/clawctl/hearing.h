/* What a message would do, in words: each service's own rules are applied for real, in a transaction that is rolled back. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "bus/message.h"
#include "db/db.h"

/* Prints a line for each service that hears it: "ovh-orderer: would start the server's row". */
struct err hearing_print(struct db *db, const struct message *message,
                         struct arena *arena) MUST_CHECK;
