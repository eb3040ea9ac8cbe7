/* What OVH says the account holds: machines, carts and bills of anybody, read for the sweep. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "ovh.h"

enum { NAME_MAX_LEN = 120, CURRENCY_MAX = 8 };

/* The text of a field, cut to what is shown; "" when it is none. */
static const char *field(const struct ovh *ovh, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? arena_strndup(ovh->arena, text, strnlen(text, NAME_MAX_LEN)) : "";
}

struct err ovh_vps_look(const struct ovh *ovh, const char *service, struct ovh_vps *ret)
{
    const char *path = arena_printf(ovh->arena, "/vps/%s", http_escape(ovh->arena, service));
    json_auto_t *answer = NULL;

    *ret = (struct ovh_vps){.display_name = "", .plan = ""};
    struct err e = ovh_call(ovh, "GET", path, NULL, &answer);
    if (ovh_absent(e)) {
        return OK;
    }
    TRY(e);
    if (!json_is_object(answer)) {
        return transient("OVH did not describe the server");
    }
    ret->exists = true;
    ret->display_name = field(ovh, answer, "displayName");
    ret->plan = field(ovh, json_object_get(answer, "model"), "name");
    return OK;
}

struct err ovh_cart_look(const struct ovh *ovh, const char *cart, struct ovh_found_cart *ret)
{
    const char *path = arena_printf(ovh->arena, "/order/cart/%s", http_escape(ovh->arena, cart));
    json_auto_t *answer = NULL;

    *ret = (struct ovh_found_cart){.description = ""};
    struct err e = ovh_call(ovh, "GET", path, NULL, &answer);
    if (ovh_absent(e)) {
        return OK;
    }
    TRY(e);
    const json_t *read_only = json_object_get(answer, "readOnly");
    if (!json_is_boolean(read_only)) {
        return transient("OVH did not tell the state of a cart");
    }
    ret->exists = true;
    ret->validated = json_is_true(read_only);
    ret->description = field(ovh, answer, "description");
    if (!clock_parse(json_string_value(json_object_get(answer, "expire")), &ret->expires)) {
        ret->expires = 0;
    }
    return OK;
}

struct err ovh_bills_since(const struct ovh *ovh, int64_t unix_time, struct ovh_names *ret)
{
    time_t since = (time_t)unix_time;
    struct tm tm;
    char text[40];

    if (!gmtime_r(&since, &tm) ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S+00:00", &tm) == 0) {
        abort();
    }
    return ovh_names(
        ovh, arena_printf(ovh->arena, "/me/bill?date.from=%s", http_escape(ovh->arena, text)), ret);
}

struct err ovh_bill(const struct ovh *ovh, const char *bill, struct ovh_bill *ret)
{
    const char *path = arena_printf(ovh->arena, "/me/bill/%s", http_escape(ovh->arena, bill));
    json_auto_t *answer = NULL;

    *ret = (struct ovh_bill){.cents = -1, .currency = "USD"};
    struct err e = ovh_call(ovh, "GET", path, NULL, &answer);
    if (ovh_absent(e)) {
        return OK;
    }
    TRY(e);
    const json_t *price = json_object_get(answer, "priceWithTax");
    const char *currency = json_string_value(json_object_get(price, "currencyCode"));
    double value = json_number_value(json_object_get(price, "value"));
    ret->order = json_integer_value(json_object_get(answer, "orderId"));
    if (json_is_number(json_object_get(price, "value")) && value > -1e6 && value < 1e6) {
        ret->cents = llround(value * 100);
    }
    if (currency && strlen(currency) <= CURRENCY_MAX) {
        ret->currency = arena_strdup(ovh->arena, currency);
    }
    return OK;
}
