/*
 * One opening: somebody waits for a link into the OpenClaw on their machine, or for the approval of a browser that went there by
 * a link that needs one. What is known of it when it was claimed, and what came of it. Making it talks to the machine and to
 * nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ids.h"
#include "seal/seal.h"

enum { FAILURE_MOST = 300 };

struct opening {
    struct opening *next;
    struct arena *arena; /* holds its texts, and itself */
    /* in */
    char id[ID_SIZE], deployment_id[ID_SIZE];
    int claims;
    int64_t deadline; /* clock_ms: later nobody reads the answer */
    bool ready, installed;
    bool approves; /* it is an approval */
    /* who waited for one when a link that needs it was made; NULL: none was lately */
    const char *noted;
    const char *ip, *host_key;           /* "" when unknown */
    const char *ssh_key, *gateway_token; /* sealed; "" when there is none */
    const char *reader;                  /* whom the answer is sealed for */
    /* out */
    const char *sealed;    /* the link; NULL: none, or a failure */
    int64_t expires_at_ms; /* of the link, since 1970 */
    /* the link needs an approval, for which these wait already; else NULL */
    const char *waiting;
    int status;          /* of the HTTP answer, for a failure */
    const char *failure; /* a sentence for a person; NULL: it was made */
    const char *why;     /* for the log; "" when there is no more to say */
};

/* An empty one in an arena of its own. */
struct opening *opening_new(void);
void opening_free(struct opening *opening); /* wipes; NULL is fine */

/* Makes the link or approves the browser, or says in words why not; in time for the answer to be read. */
void opening_make(struct opening *opening, const struct seal *seal);

/* What came of it, for metrics and the log. */
void opening_report(const struct opening *opening, int64_t began);
