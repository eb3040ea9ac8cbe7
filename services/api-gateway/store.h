/* The gateway's way to PostgreSQL: a few connections for many threads, and transactions around work. */
#pragma once

#include "base/err.h"
#include "db/db.h"
#include "reply.h"
#include "request.h"
#include "service/service.h"

/* A stamp as people and programs read it: 2026-05-18T14:02:11.123Z. Null stays null. */
#define STAMP(column) "to_char(" column " at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

void store_open(const struct service_context *context);
void store_close(void); /* when no request is under way any more */

struct err store_take(struct db **ret) MUST_CHECK;
void store_give(struct db **db); /* NULL inside is fine */
#define DB SCOPED(store_give) struct db

typedef struct err store_work(struct db *db, struct request *request, struct reply *reply);

/*
 * Runs `work` in one transaction. Commits when it made an answer below 400, else rolls back. What fails
 * before the commit did nothing (ERR_TRANSIENT); only the commit itself can be ERR_UNKNOWN. After a
 * commit the relay is woken: the work may have said something.
 */
struct err store_transaction(store_work *work, struct request *request,
                             struct reply *reply) MUST_CHECK;

/* Without a transaction, for reading. */
struct err store_read(store_work *work, struct request *request, struct reply *reply) MUST_CHECK;

/* One line for the audit table, in the caller's transaction. `subject` may be NULL. */
struct err store_audit(struct db *db, const struct request *request, const char *user_id,
                       const char *what, const char *subject) MUST_CHECK;

/* The process's id, owner of its outbox rows. */
const char *store_owner(void);
