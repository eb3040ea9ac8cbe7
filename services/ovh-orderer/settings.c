/* The settings of the ovh-orderer: the OVH account, what to buy there, and how patient to be. */
#include "settings.h"

#include <stdbool.h>
#include <string.h>

#include "budget.h"
#include "ssh/keypair.h"

struct orderer_settings orderer_settings;

#define INTO(member) (&orderer_settings.member)

const struct setting orderer_settings_table[ORDERER_SETTINGS] = {
    {"OVH_ENDPOINT",       SETTING_TEXT,    INTO(endpoint),         "ovh-us",
     "OVH's API: ovh-us, ovh-ca, ovh-eu, or a URL that ends in /1.0"                                                                                                  },
    {"OVH_APP_KEY",        SETTING_TEXT,    INTO(app_key),          NULL,        "application key of the OVH account"                                                 },
    {"OVH_APP_SECRET",     SETTING_SECRET,  INTO(app_secret),       NULL,        "signs every request to OVH"                                                         },
    {"OVH_CONSUMER_KEY",   SETTING_SECRET,  INTO(consumer_key),     NULL,
     "what the application may do at OVH; several, separated by commas, share the requests"                                                                           },
    {"OVH_RATE",           SETTING_INT,     INTO(rate),             "60",
     "requests in OVH_WINDOW_S that OVH bears for each consumer key, of all copies together; 0: "
     "any "
     "number"                                                                                                                                                         },
    {"OVH_BURST",          SETTING_INT,     INTO(burst),            "10",
     "how many of them may come at once, after a pause"                                                                                                               },
    {"OVH_WINDOW_S",       SETTING_SECONDS, INTO(window_s),         "60",        "the time in which OVH counts them"                                                  },
    {"OVH_REMEMBER_S",     SETTING_SECONDS, INTO(remember_s),       "120",
     "how long OVH's answer about stock is believed; what changes less is believed longer, 0: ask "
     "each time"                                                                                                                                                      },
    {"OVH_SUBSIDIARY",     SETTING_TEXT,    INTO(subsidiary),       "US",        "OVH company the account belongs to"                                                 },
    {"OVH_PLANS",          SETTING_TEXT,    INTO(plans),
     "vps-2025-model1.LZ,vps-2025-model1-ca,vps-2025-model1,vps-2025-model2-ca,vps-2025-model3-ca,"
     "vps-2025-model2,vps-2025-model3",                                          "plan codes to try, in this order; what is no longer sold or out of stock is skipped"},
    {"OVH_DATACENTERS",    SETTING_TEXT,    INTO(datacenters),      "",
     "datacenters to use, in this order; empty: any that has stock"                                                                                                   },
    {"OVH_OS",             SETTING_TEXT,    INTO(os),               "Debian 12", "exact name of the system image at OVH"                                              },
    {"OVH_PRICE_LIMIT",    SETTING_DOLLARS, INTO(price_limit),      "20",
     "most that one server may cost a month, in dollars; checked before every order"                                                                                  },
    {"OVH_UNKNOWN_WAIT_S", SETTING_SECONDS, INTO(unknown_wait_s),   "180",
     "how long to wait before repeating a request whose outcome is unknown"                                                                                           },
    {"SSH_KEY_TYPE",       SETTING_TEXT,    INTO(ssh_key_type),     "ecdsa",
     "key pair of each deployment: ecdsa, ed25519 or rsa"                                                                                                             },
    {"STOCK_POLL_S",       SETTING_SECONDS, INTO(stock_poll_s),     "5",         "pause between looks for stock"                                                      },
    {"STOCK_LIMIT_S",      SETTING_SECONDS, INTO(stock_limit_s),    "20",
     "how long to look for stock before giving up"                                                                                                                    },
    {"DELIVERY_POLL_S",    SETTING_SECONDS, INTO(delivery_poll_s),  "10",
     "longest pause between looks at an order; the first ones come faster"                                                                                            },
    {"DELIVERY_LIMIT_S",   SETTING_SECONDS, INTO(delivery_limit_s), "900",
     "how long a delivery may take before the deployment is in ERROR"                                                                                                 },
    {"LATE_POLL_S",        SETTING_SECONDS, INTO(late_poll_s),      "60",
     "pause between looks at an order that is late; they come five times slower with age"                                                                             },
    {"LATE_KEEP_S",        SETTING_SECONDS, INTO(late_keep_s),      "259200",
     "how long a server that came late is kept for a retry; then it is released"                                                                                      },
    {"REBUILD_POLL_S",     SETTING_SECONDS, INTO(rebuild_poll_s),   "5",
     "longest pause between looks at a rebuild; the first ones come faster"                                                                                           },
    {"REBUILD_LIMIT_S",    SETTING_SECONDS, INTO(rebuild_limit_s),  "1200",
     "how long a rebuild may take"                                                                                                                                    },
    {"ADDRESS_POLL_S",     SETTING_SECONDS, INTO(address_poll_s),   "2",
     "longest pause between looks for the address; the first ones come faster"                                                                                        },
    {"ADDRESS_LIMIT_S",    SETTING_SECONDS, INTO(address_limit_s),  "300",
     "how long the address may take to show up"                                                                                                                       },
    {"RELEASE_POLL_S",     SETTING_SECONDS, INTO(release_poll_s),   "15",
     "longest pause between tries to release a server; the first ones come faster"                                                                                    },
    {"WIPE_LIMIT_S",       SETTING_SECONDS, INTO(wipe_limit_s),     "1800",
     "how long to try to wipe a server that is released; OVH deletes it at the end in any case"                                                                       },
};

/* OVH's own names of its companies' APIs. */
static const struct {
    const char *name, *url;
} endpoints[] = {
    {"ovh-us", "https://api.us.ovhcloud.com/1.0"},
    {"ovh-ca", "https://ca.api.ovh.com/1.0"     },
    {"ovh-eu", "https://eu.api.ovh.com/1.0"     },
};

static struct err check_endpoint(void)
{
    const char *set = orderer_settings.endpoint;

    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        if (strcmp(set, endpoints[i].name) == 0) {
            orderer_settings.endpoint = endpoints[i].url;
            return OK;
        }
    }
    size_t len = strlen(set);
    bool http = strncmp(set, "https://", 8) == 0 || strncmp(set, "http://", 7) == 0;
    if (!http || len < 4 || strcmp(set + len - 4, "/1.0") != 0) {
        return permanent(
            "OVH_ENDPOINT must be ovh-us, ovh-ca, ovh-eu or a URL that ends in /1.0, not '%.60s'",
            set);
    }
    return OK;
}

struct err orderer_settings_check(void)
{
    const char *const keys[] = {orderer_settings.app_key, orderer_settings.app_secret,
                                orderer_settings.consumer_key};
    static const char *const names[] = {"OVH_APP_KEY", "OVH_APP_SECRET", "OVH_CONSUMER_KEY"};

    TRY(check_endpoint());
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strpbrk(keys[i], "\r\n \t")) {
            return permanent("%s must not contain white space", names[i]);
        }
    }
    if (strspn(orderer_settings.plans, ", ") == strlen(orderer_settings.plans)) {
        return permanent("OVH_PLANS must name at least one plan");
    }
    TRY(orderer_budget_check());
    struct err e = ssh_keypair_type_ok(orderer_settings.ssh_key_type);
    return failed(e) ? err_in(e, "SSH_KEY_TYPE") : OK;
}
