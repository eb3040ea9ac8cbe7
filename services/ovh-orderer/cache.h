/*
 * What OVH said a moment ago, for all threads of this process: calls saved.
 *
 * Only what may be out of date without harm: stock (a refusal tells), the default payment method (likewise), how a plan
 * is configured, which image is which, the highest order id; and what never changes: an order's date, and what it
 * holds. Bounded; gone with the process; nothing is kept when OVH_REMEMBER_S is 0.
 */
#pragma once

#include "ovh.h"

/* For how many times OVH_REMEMBER_S something is believed. */
enum {
    BELIEVE_STOCK = 1,
    BELIEVE_ORDERS = 1,
    BELIEVE_METHOD = 5,
    BELIEVE_CATALOG = 30,
    BELIEVE_MADE = 30
};

/* What was kept under that key, in the arena; NULL: nothing, or it is too old. */
const char *cache_find(const struct ovh *ovh, const char *key);

void cache_keep(const struct ovh *ovh, const char *key, const char *value, double seconds);

/* Forgets all keys that begin so. True when one of them has been believed since it was kept. */
bool cache_forget(const char *prefix);
