/* What OVH may answer instead of what was asked for, and what each means. */
#include "world.h"

struct meaning {
    const char *why;
    int status;
    const char *body;
    enum err_kind read, change;
};

static const struct meaning meanings[] = {
    {"a value",           200, "\"notPaid\"",                                              ERR_NONE,      ERR_NONE     },
    {"null",              200, "null",                                                     ERR_NONE,      ERR_NONE     },
    {"an empty answer",   200, "",                                                         ERR_NONE,      ERR_NONE     },
    {"HTML",              200, "<html>hello",                                              ERR_TRANSIENT, ERR_UNKNOWN  },
    {"half of it",        200, "{\"orderId\":797",                                         ERR_TRANSIENT, ERR_UNKNOWN  },
    {"a redirect",        302, "",                                                         ERR_TRANSIENT, ERR_UNKNOWN  },
    {"an internal error", 500, "{\"message\":\"Internal server error\"}",                  ERR_TRANSIENT,
     ERR_UNKNOWN                                                                                                       },
    {"a proxy's page",    503, "<html>",                                                   ERR_TRANSIENT, ERR_UNKNOWN  },
    {"a proxy's 404",     404, "<html>",                                                   ERR_TRANSIENT, ERR_UNKNOWN  },
    {"a time-out",        408, "{\"message\":\"Request timeout\"}",                        ERR_TRANSIENT, ERR_UNKNOWN  },
    {"too many requests", 429, "{\"message\":\"Too many requests\"}",                      ERR_TRANSIENT, ERR_TRANSIENT},
    {"not logged in",     401, "{\"message\":\"You must login first\"}",                   ERR_TRANSIENT, ERR_TRANSIENT},
    {"a bad key",         403, "{\"message\":\"This application key is invalid\"}",        ERR_TRANSIENT,
     ERR_TRANSIENT                                                                                                     },
    {"an expired key",    403, "{\"message\":\"x\",\"errorCode\":\"INVALID_CREDENTIAL\"}",
     ERR_TRANSIENT,                                                                                       ERR_TRANSIENT},
    {"a definite no",     403, "{\"message\":\"You are not allowed\"}",                    ERR_PERMANENT, ERR_PERMANENT},
    {"nothing there",     404, "{\"message\":\"This service does not exist\"}",            ERR_PERMANENT,
     ERR_PERMANENT                                                                                                     },
    {"no longer there",   460, "{\"message\":\"This service is expired\"}",                ERR_PERMANENT,
     ERR_PERMANENT                                                                                                     },
    {"an unclear no",     400, "{\"message\":17}",                                         ERR_TRANSIENT, ERR_UNKNOWN  },
};

static void every_answer_has_its_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        const struct meaning *m = &meanings[i];
        const struct exchange read = ASK("GET", "/x", m->status, m->body);
        const struct exchange change = ASK("POST", "/x", m->status, m->body);
        struct ovh ovh = test_ovh();

        world_says(&read, 1);
        struct err e = ovh_do(&ovh, "GET", "/x", NULL);
        if (e.kind != m->read) {
            fail_msg("%s when reading: %s (%s)", m->why, err_kind_name(e.kind), e.text);
        }
        world_says(&change, 1);
        e = ovh_do(&ovh, "POST", "/x", NULL);
        if (e.kind != m->change) {
            fail_msg("%s when changing: %s (%s)", m->why, err_kind_name(e.kind), e.text);
        }
    }
}

static void a_broken_connection_keeps_its_kind(void **state)
{
    struct ovh ovh = test_ovh();

    (void)state;
    OVH_WILL(BREAK("POST", "/x", ERR_UNKNOWN), BREAK("POST", "/x", ERR_TRANSIENT));
    assert_int_equal(ovh_do(&ovh, "POST", "/x", NULL).kind, ERR_UNKNOWN);
    struct err e = ovh_do(&ovh, "POST", "/x", NULL);
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_string_equal(e.text, "OVH could not be reached: broken");
}

/* Each of these lies, whatever is asked, is an error of the moment, never a crash and never believed. */
static const char *const lies[] = {
    "null",  "17",      "\"x\"",
    "[]",    "{}",      "[null]",
    "[{}]",  "[[]]",    "{\"id\":\"x\"}",
    "true",  "[\"x\"]", "{\"prices\":{\"withTax\":{\"value\":\"7\"}}}",
    "[1.5]", "[-1]"};

static void lies_are_never_believed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct exchange x[] = {ASK("GET", "", 200, lies[i])};
        struct ovh ovh = test_ovh();
        enum ovh_order_status status = OVH_ORDER_UNCLEAR;
        struct ovh_service service;
        struct ovh_cart cart;
        struct err e;
        int64_t n = 0;

        x[0].path = "/order/cart/c/checkout";
        world_says(x, 1);
        assert_true(failed(ovh_cart_price(&ovh, "c", &n)));
        x[0].path = "/order/cart/c";
        world_says(x, 1);
        assert_true(failed(ovh_cart_get(&ovh, "c", &cart)));
        x[0].path = "/vps/s/serviceInfos";
        world_says(x, 1);
        assert_true(failed(ovh_service(&ovh, "s", &service)));
        x[0].path = "/me/order/7/status";
        world_says(x, 1);
        e = ovh_order_status(&ovh, 7, &status);
        assert_true(failed(e) || status == OVH_ORDER_UNCLEAR);
        x[0].path = "/me/order/7";
        world_says(x, 1);
        assert_true(failed(ovh_order_date(&ovh, 7, &n)));
        const struct exchange checkout = ASK("POST", "/order/cart/c/checkout", 200, lies[i]);
        world_says(&checkout, 1);
        assert_int_equal(ovh_cart_check_out(&ovh, "c", &n).kind, ERR_UNKNOWN);
    }
}

/* A service's name becomes part of paths and of what people see. */
static void a_strange_service_name_is_refused(void **state)
{
    static const char *const names[] = {"../../me", ".hidden", "a b", "x/y", "x\\u0007", "-x"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct ovh ovh = test_ovh();
        char body[200];
        const char *service = NULL;

        (void)snprintf(body, sizeof body, "{\"resource\":{\"name\":\"%s\"}}", names[i]);
        const struct exchange x[] = {ASK("GET", "/me/order/7/details/1/operations", 200, "[5]"),
                                     ASK("GET", "/me/order/7/details/1/operations/5", 200, body)};
        world_says(x, 2);
        assert_int_equal(ovh_delivered(&ovh, 7, 1, &service).kind, ERR_TRANSIENT);
        assert_null(service);
    }
}

/* Ids go into paths percent-encoded, so nobody's id can leave its place. */
static void names_stay_in_their_segment(void **state)
{
    struct ovh ovh = test_ovh();
    struct ovh_cart cart;

    (void)state;
    OVH_WILL(ASK("GET", "/order/cart/..%2F..%2Fme%3Fx", 404, "{\"message\":\"no\"}"));
    assert_false(failed(ovh_cart_get(&ovh, "../../me?x", &cart)));
    assert_int_equal(cart.state, OVH_CART_GONE);
}

static void dates_have_zones(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } dates[] = {
        {"2026-05-18T14:02:11+00:00",     1779112931},
        {"2026-05-18T14:02:11Z",          1779112931},
        {"2026-05-18T16:02:11.123+02:00", 1779112931},
        {"2026-05-18T09:02:11-05:00",     1779112931},
    };

    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        struct ovh ovh = test_ovh();
        char body[100];
        int64_t at = 0;
        (void)snprintf(body, sizeof body, "{\"date\":\"%s\"}", dates[i].text);
        const struct exchange x = ASK("GET", "/me/order/7", 200, body);
        world_says(&x, 1);
        assert_false(failed(ovh_order_date(&ovh, 7, &at)));
        assert_int_equal(at, dates[i].seconds);
    }
}

/* OVH's words reach people on one line, shortened. */
static void reasons_are_one_short_line(void **state)
{
    struct ovh ovh = test_ovh();
    char body[2000] = "{\"message\":\"Custom field\\nis mandatory ";

    (void)state;
    memset(body + strlen(body), 'x', 1500);
    memcpy(body + 1600, "\"}", 3);
    memset(body + 40, 'x', 1560);
    const struct exchange x = ASK("POST", "/x", 400, body);
    world_says(&x, 1);
    struct err e = ovh_do(&ovh, "POST", "/x", NULL);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_null(strchr(e.text, '\n'));
    assert_true(strlen(e.text) < 180);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_answer_has_its_meaning), TEST(a_broken_connection_keeps_its_kind),
        TEST(lies_are_never_believed),      TEST(a_strange_service_name_is_refused),
        TEST(names_stay_in_their_segment),  TEST(dates_have_zones),
        TEST(reasons_are_one_short_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
