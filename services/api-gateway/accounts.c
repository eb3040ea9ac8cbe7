/*
 * Accounts. An unknown e-mail and a wrong password look and cost the same; failed tries are counted
 * before the work is done, so that many at once cannot get past the limit.
 */
#include "accounts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "attempts.h"
#include "base/clock.h"
#include "base/ids.h"
#include "seal/password.h"
#include "sessions.h"
#include "settings.h"
#include "store.h"

enum { BUSY_RETRY_S = 2, ADDRESS_FACTOR = 5 };

static const char insert_sql[] =
    "insert into users (id, email, password) values ($1::uuid, $2, $3) "
    "on conflict do nothing returning id";
static const char find_sql[] = "select id, email, password from users where email = $1";

const struct field sign_up_fields[] = {
    {"email", true, 3, 254},
    {"password",      true, 8, 200},
    {0      }
};
const struct field sign_in_fields[] = {
    {"email", true, 3, 254},
    {"password",      true, 1, 200},
    {0      }
};

/* Letters, digits and what mail systems take unquoted; no quotes, no spaces, nothing beyond ASCII. */
static bool local_part_valid(const char *from, size_t len)
{
    static const char others[] = "!#$%&'*+-/=?^_`{|}~.";

    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)from[i]) && !strchr(others, from[i])) {
            return false;
        }
    }
    return len >= 1 && len <= 64 && from[0] != '.' && from[len - 1] != '.';
}

/* Labels of letters, digits and inner hyphens. */
static bool domain_valid(const char *domain)
{
    int labels = 0;

    for (const char *at = domain;; at++) {
        size_t len = strcspn(at, ".");
        if (len < 1 || len > 63 || at[0] == '-' || at[len - 1] == '-') {
            return false;
        }
        for (size_t i = 0; i < len; i++) {
            if (!isalnum((unsigned char)at[i]) && at[i] != '-') {
                return false;
            }
        }
        labels++;
        at += len;
        if (!*at) {
            return labels >= 1;
        }
    }
}

bool email_normalize(const char *text, char ret[256])
{
    text += strspn(text, " \t");
    size_t len = strcspn(text, " \t");
    if (len > 254 || text[len + strspn(text + len, " \t")] != '\0') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        ret[i] = (char)tolower((unsigned char)text[i]);
    }
    ret[len] = '\0';
    const char *at = strchr(ret, '@');
    return at && local_part_valid(ret, (size_t)(at - ret)) && domain_valid(at + 1);
}

static void reply_user(const struct request *request, struct reply *reply)
{
    reply_json(request, reply, 200,
               json_pack("{s:{s:s, s:s}}", "user", "id", request->visitor.user_id, "email",
                         request->visitor.email));
}

/* Too many at once is no failure of ours: come back. */
static struct err busy(const struct request *request, struct reply *reply, struct err e)
{
    if (e.kind != ERR_TRANSIENT) {
        return e;
    }
    reply_header(request, reply, "Retry-After: %d", BUSY_RETRY_S);
    return refuse(request, reply, 429,
                  "Too many people are signing in at this moment. Try again in a few seconds.");
}

static bool take_email(struct request *request, struct reply *reply)
{
    if (!email_normalize(request_text(request, "email"), request->visitor.email)) {
        (void)refuse(request, reply, 422, "'email' must be an e-mail address.");
    }
    return !reply_made(reply);
}

static struct err sign_up(struct db *db, struct request *request, struct reply *reply)
{
    struct visitor *visitor = &request->visitor;
    ROWS *rows = NULL;

    id_new(visitor->user_id);
    TRY(db_exec(db, &rows, insert_sql, P(visitor->user_id), P(visitor->email),
                P((const char *)request->own)));
    if (rows_count(rows) == 0) {
        return refuse(request, reply, 409, "There is already an account with this e-mail address.");
    }
    TRY(store_audit(db, request, visitor->user_id, "sign-up", NULL));
    TRY(session_open(db, request, reply, visitor->user_id));
    reply_user(request, reply);
    return OK;
}

struct err accounts_sign_up(struct request *request, struct reply *reply)
{
    char stored[PASSWORD_STORED];

    if (!take_email(request, reply)) {
        return OK;
    }
    struct err e = password_hash(request_text(request, "password"), stored);
    if (failed(e)) {
        return busy(request, reply, e);
    }
    request->own = stored;
    return store_transaction(sign_up, request, reply);
}

static struct err find_user(struct db *db, struct request *request, struct reply *reply)
{
    ROWS *rows = NULL;

    (void)reply;
    TRY(db_exec(db, &rows, find_sql, P(request->visitor.email)));
    if (rows_count(rows) == 1) {
        (void)snprintf(request->visitor.user_id, ID_SIZE, "%s", rows_text(rows, 0, "id"));
        request->own = arena_strdup(request->arena, rows_text(rows, 0, "password"));
    }
    return OK;
}

static struct err sign_in(struct db *db, struct request *request, struct reply *reply)
{
    const char *user_id = request->visitor.user_id;

    TRY(store_audit(db, request, user_id, "sign-in", NULL));
    TRY(session_open(db, request, reply, user_id));
    reply_user(request, reply);
    return OK;
}

/* A statement of its own: kept although the answer is a refusal, so it is not done by store_transaction. */
static struct err note_failure(struct db *db, struct request *request, struct reply *reply)
{
    const char *user_id = request->visitor.user_id;

    TRY(store_audit(db, request, *user_id ? user_id : NULL, "sign-in refused",
                    request->visitor.email));
    return refuse(request, reply, 401, "The e-mail address or the password is wrong.");
}

/* Keys of the two limits: this e-mail from this address, and anything from this address. */
static bool take_attempt(struct request *request, struct reply *reply, const char **ret_pair,
                         const char **ret_address)
{
    const char *address = request->info->remote_addr;
    int64_t now = clock_ms();

    *ret_pair = arena_printf(request->arena, "%s %s", address, request->visitor.email);
    *ret_address = address;
    int wait = attempts_take(*ret_address, conf.sign_in_attempts * ADDRESS_FACTOR, now);
    if (wait == 0) {
        wait = attempts_take(*ret_pair, conf.sign_in_attempts, now);
    }
    if (wait > 0) {
        reply_header(request, reply, "Retry-After: %d", wait);
        (void)refuse(request, reply, 429, "Too many failed sign-ins. Try again in %d seconds.",
                     wait);
    }
    return wait == 0;
}

struct err accounts_sign_in(struct request *request, struct reply *reply)
{
    const char *pair, *address;
    bool right = false;

    if (!take_email(request, reply) || !take_attempt(request, reply, &pair, &address)) {
        return OK;
    }
    struct err found = store_read(find_user, request, reply);
    struct err e = failed(found)
                       ? found
                       : password_matches(request_text(request, "password"), request->own, &right);
    if (failed(e)) { /* nothing was tried */
        attempts_give_back(pair);
        attempts_give_back(address);
        return failed(found) ? found : busy(request, reply, e);
    }
    if (!right) {
        return store_read(note_failure, request, reply);
    }
    attempts_forget(pair);
    attempts_give_back(address);
    return store_transaction(sign_in, request, reply);
}

static struct err sign_out(struct db *db, struct request *request, struct reply *reply)
{
    TRY(session_end(db, request, reply));
    reply_empty(reply, 204);
    return OK;
}

struct err accounts_sign_out(struct request *request, struct reply *reply)
{
    return store_transaction(sign_out, request, reply);
}

struct err accounts_me(struct request *request, struct reply *reply)
{
    reply_user(request, reply);
    return OK;
}
