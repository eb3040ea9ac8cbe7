/*
 * Sessions: 32 random bytes in a cookie, their SHA-256 in the database, an end that moves on with
 * every visit.
 */
#pragma once

#include "base/err.h"
#include "db/db.h"
#include "reply.h"
#include "request.h"

enum { TOKEN_SIZE = 44 }; /* 43 characters of base64url and the '\0' */

/* A new session of that user, in the caller's transaction; its cookie goes into the reply. */
struct err session_open(struct db *db, const struct request *request, struct reply *reply,
                        const char *user_id) MUST_CHECK;

/* Who asks? request->visitor.user_id stays "" when nobody is signed in. Renews cookie and end. */
struct err session_find(struct db *db, struct request *request, struct reply *reply) MUST_CHECK;

/* Ends the session that came with the request, if any, and takes the cookie back. */
struct err session_end(struct db *db, struct request *request, struct reply *reply) MUST_CHECK;

/* SHA-256 of a token in hex; false when it does not look like one. */
bool session_hash(const char *token, char ret[65]);
