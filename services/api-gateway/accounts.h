/* Accounts: sign up, sign in, sign out, who am I. */
#pragma once

#include "body.h"

extern const struct field sign_up_fields[], sign_in_fields[];

struct err accounts_sign_up(struct request *request, struct reply *reply) MUST_CHECK;
struct err accounts_sign_in(struct request *request, struct reply *reply) MUST_CHECK;
struct err accounts_sign_out(struct request *request, struct reply *reply) MUST_CHECK;
struct err accounts_me(struct request *request, struct reply *reply) MUST_CHECK;

/* The address in lower case without spaces around it; false when it is none. */
bool email_normalize(const char *text, char ret[256]);
