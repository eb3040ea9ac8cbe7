/* Making, finding and ending sessions. */
#include "sessions.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

static const char cookie_name[] = "session";
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* A user's eldest sessions make room for new ones: the table cannot be filled by signing in. */
static const char make_room_sql[] =
    "delete from sessions where expires_at < now() or (user_id = $1::uuid and token_hash in "
    "(select token_hash from sessions where user_id = $1::uuid order by seen_at desc offset 49))";

static const char open_sql[] =
    "insert into sessions (token_hash, user_id, expires_at) "
    "values (decode($1, 'hex'), $2::uuid, now() + $3::int * interval '1 day')";

/* Moves the end on, but writes at most every ten minutes. */
static const char find_sql[] = "with touched as (update sessions set seen_at = now(), expires_at = "
                               "now() + $2::int * interval '1 day' "
                               "  where token_hash = decode($1, 'hex') and expires_at > now() and "
                               "seen_at < now() - interval '10 min' "
                               "  returning 1) "
                               "select u.id, u.email, exists (select from touched) as renewed from "
                               "sessions s join users u on u.id = s.user_id "
                               "where s.token_hash = decode($1, 'hex') and s.expires_at > now()";

static const char end_sql[] = "delete from sessions where token_hash = decode($1, 'hex')";

static void make_token(char ret[TOKEN_SIZE])
{
    unsigned char bytes[33] = {0}; /* 32 random ones; the last group of three is padded */

    if (RAND_bytes(bytes, 32) != 1) {
        abort();
    }
    for (int i = 0; i < TOKEN_SIZE - 1; i++) {
        int bit = i * 6, at = bit / 8;
        unsigned pair = (unsigned)bytes[at] << 8 | bytes[at + 1];
        ret[i] = alphabet[pair >> (10 - bit % 8) & 63];
    }
    ret[TOKEN_SIZE - 1] = '\0';
    OPENSSL_cleanse(bytes, sizeof bytes);
}

bool session_hash(const char *token, char ret[65])
{
    unsigned char digest[32];

    if (strlen(token) != TOKEN_SIZE - 1 || strspn(token, alphabet) != TOKEN_SIZE - 1) {
        return false;
    }
    if (EVP_Digest(token, TOKEN_SIZE - 1, digest, NULL, EVP_sha256(), NULL) != 1) {
        abort();
    }
    for (int i = 0; i < 32; i++) {
        (void)snprintf(ret + 2 * i, 3, "%02x", digest[i]);
    }
    return true;
}

static void put_cookie(const struct request *request, struct reply *reply, const char *token,
                       int days)
{
    reply_header(request, reply, "Set-Cookie: %s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%d%s",
                 cookie_name, token, days * 24 * 3600, conf.cookie_secure ? "; Secure" : "");
}

struct err session_open(struct db *db, const struct request *request, struct reply *reply,
                        const char *user_id)
{
    char token[TOKEN_SIZE], hash[65];

    make_token(token);
    (void)session_hash(token, hash);
    TRY(db_exec(db, NULL, make_room_sql, P(user_id)));
    TRY(db_exec(db, NULL, open_sql, P(hash), P(user_id), P(conf.session_days)));
    put_cookie(request, reply, token, conf.session_days);
    OPENSSL_cleanse(token, sizeof token);
    return OK;
}

static bool token_of(const struct request *request, char ret[TOKEN_SIZE])
{
    return cookie_find(request_header(request, "Cookie"), cookie_name, ret, TOKEN_SIZE);
}

struct err session_find(struct db *db, struct request *request, struct reply *reply)
{
    struct visitor *visitor = &request->visitor;
    char token[TOKEN_SIZE];
    ROWS *rows = NULL;

    if (!token_of(request, token) || !session_hash(token, visitor->token_hash)) {
        return OK;
    }
    TRY(db_exec(db, &rows, find_sql, P(visitor->token_hash), P(conf.session_days)));
    if (rows_count(rows) == 1) {
        (void)snprintf(visitor->user_id, sizeof visitor->user_id, "%s", rows_text(rows, 0, "id"));
        (void)snprintf(visitor->email, sizeof visitor->email, "%s", rows_text(rows, 0, "email"));
        if (rows_bool(rows, 0, "renewed")) {
            put_cookie(request, reply, token, conf.session_days);
        }
    }
    OPENSSL_cleanse(token, sizeof token);
    return OK;
}

struct err session_end(struct db *db, struct request *request, struct reply *reply)
{
    char token[TOKEN_SIZE], hash[65];

    if (token_of(request, token) && session_hash(token, hash)) {
        TRY(db_exec(db, NULL, end_sql, P(hash)));
    }
    put_cookie(request, reply, "", 0);
    return OK;
}
