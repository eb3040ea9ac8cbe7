/* Which of the account's orders came of our cart: finding.c. */
#pragma once

#include "moves.h"

struct candidates {
    int64_t order; /* one of them */
    int n;
    const char *names; /* "7974206, 7974207" */
};

struct finding {
    struct candidates marked; /* its machine carries the deployment's own mark: certain    */
    struct candidates paid;   /* paid for, fits, and nothing says that it is another's      */
    struct candidates unpaid; /* fits                                                       */
    bool undecided;           /* one is too new to be read                                  */
    bool more;                /* there are more to look at than one look allows             */
};

/* Reads only. Remembers what is certainly another's, so that the next look is shorter. */
struct err finding_look(struct job *job, const struct ovh *ovh, struct finding *ret);

/* The row knows nothing of this checked-out cart (a restored backup): the cart and its order must tell. */
void finding_start_blind(struct job *job, const char *cart);

/* This order is the deployment's; also plan and datacenter, where the row did not know them. */
struct err finding_adopt(struct job *job, const struct ovh *ovh, int64_t order);
