/*
 * One list for many: GET /vps answers for all orders that await their machine.
 *
 * An order is read by itself only when the list holds a machine that nobody here knows and that showed up after the
 * last look at the order, or when that look was long ago. Which machine an order has become is still told by the order
 * alone; the list only says when looking may be worth its calls.
 */
#pragma once

#include "ovh.h"

/* True: look at the order now (that is remembered as its last look). False: nothing can have changed for it. */
bool listing_worth_a_look(struct job *job, const struct ovh *ovh);

/* This machine is some deployment's: its being there needs no look any more. */
void listing_known(const char *service);

/* For tests: as at the start of the process. */
void listing_reset(void);
