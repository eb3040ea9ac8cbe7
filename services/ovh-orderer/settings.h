/* What the ovh-orderer is told by its environment. */
#pragma once

#include "base/settings.h"

struct orderer_settings {
    const char *
        endpoint; /* a name or a URL as set; settings_check() makes it the URL, without a slash at the end */
    const char *app_key, *app_secret;
    const char *consumer_key; /* one, or several separated by commas: one lane of the budget each */
    int rate, burst;   /* requests in a window for each of them, and at once; rate 0: any   */
    double window_s;   /* in which OVH counts them: a minute                                */
    double remember_s; /* how long stock is believed; what changes less, longer. 0: never   */
    const char *subsidiary;
    const char *plans;       /* plan codes in order of preference, separated by commas   */
    const char *datacenters; /* likewise; empty: wherever there is stock                 */
    const char *os;          /* the exact name of OVH's image                            */
    double price_limit;      /* dollars a month, tax included                            */
    double unknown_wait_s;   /* how long OVH may still be working on a request that broke */
    const char *ssh_key_type;
    double stock_poll_s, stock_limit_s;
    double delivery_poll_s, delivery_limit_s;
    double late_poll_s, late_keep_s;
    double rebuild_poll_s, rebuild_limit_s;
    double address_poll_s, address_limit_s;
    double release_poll_s, wipe_limit_s;
};

enum { ORDERER_SETTINGS = 27 };

extern struct orderer_settings orderer_settings;
extern const struct setting orderer_settings_table[ORDERER_SETTINGS];

/* What the table alone can not check; makes the endpoint a URL. */
struct err orderer_settings_check(void) MUST_CHECK;
