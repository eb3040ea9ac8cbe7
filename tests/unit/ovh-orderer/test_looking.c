/* Looking for a lost order among many: what was read once is not asked for again. */
#include "cache.h"
#include "world.h"

static struct orderer_settings sparing;

static int begin(void **state)
{
    (void)set_up(state);
    sparing = test_settings;
    sparing.remember_s = 30;
    job.world = &sparing;
    (void)cache_forget("");
    return 0;
}

static int end(void **state)
{
    (void)cache_forget("");
    return tear_down(state);
}

#define EXTENSION(product, os)                                                                     \
    "{\"order\":{\"plan\":{\"code\":\"vps-a\",\"product\":{\"name\":\"" product                    \
    "\"}},\"configurations\":[{\"label\":\"vps_datacenter\",\"value\":\"VA\"},"                    \
    "{\"label\":\"vps_os\",\"value\":\"" os "\"}]}}"
#define SERVER EXTENSION("virtualPrivateServer", "Debian 12")
#define OPTION EXTENSION("vpsOption", "")

#define ORDER(id) ASK("GET", "/me/order/" id, 200, "{\"date\":\"2026-05-18T14:02:14+00:00\"}")
#define UNPAID(id) ASK("GET", "/me/order/" id "/status", 200, "\"notPaid\"")
#define DETAIL(id, n, status, what)                                                                \
    ASK("GET", "/me/order/" id "/details/" n "/extension", status, what)
#define CONTENTS(id)                                                                               \
    ASK("GET", "/me/order/" id "/details", 200, "[1,2,3,4,5,6]"), DETAIL(id, "1", 200, SERVER),    \
        DETAIL(id, "2", 200, OPTION), DETAIL(id, "3", 200, OPTION), DETAIL(id, "4", 200, OPTION),  \
        DETAIL(id, "5", 200, OPTION), DETAIL(id, "6", 200, OPTION)
#define IN_FULL(id) ORDER(id), UNPAID(id), CONTENTS(id)

static void have_lost_order(void)
{
    remember("cart", "c1");
    remember("plan", "vps-a");
    remember("datacenter", "VA");
    remember_int("order_floor", 100);
    remember_int("checkout_from", 1779112931);
    remember_int("checkout_until", 1779112940);
}

/* OVH bears no more in the middle of a look: the next one only asks what may have changed, and what is left. */
static void a_look_for_a_lost_order_goes_on_where_it_was_cut_off(void **state)
{
    (void)state;
    have_lost_order();
    job.age_s = 181;
    OVH_WILL(ASK("GET", "/order/cart/c1", 200, "{\"items\":[11],\"readOnly\":true}"),
             ASK("GET", "/me/order", 200, "[101,102,103,104,105,106,107]"), IN_FULL("101"),
             IN_FULL("102"), IN_FULL("103"), IN_FULL("104"), ORDER("105"),
             ASK("GET", "/me/order/105/status", 429, "{\"message\":\"Too many requests\"}"),
             ASK("GET", "/order/cart/c1", 200, "{\"items\":[11],\"readOnly\":true}"),
             ASK("GET", "/me/order", 200, "[101,102,103,104,105,106,107]"), UNPAID("101"),
             UNPAID("102"), UNPAID("103"), UNPAID("104"), UNPAID("105"), CONTENTS("105"),
             IN_FULL("106"), IN_FULL("107"));
    assert_int_equal(server_reconcile(&job).code, 429);
    assert_int_equal(world.at, 40);
    assert_false(failed(server_reconcile(&job)));
    ALL_ASKED();
    assert_string_equal(job.go, "new"); /* which of the seven, nobody can tell */
}

static void what_an_order_holds_is_remembered_once_it_is_shown_in_full(void **state)
{
    struct ovh ovh = ovh_of(&job);
    struct ovh_contents contents;

    (void)state;
    OVH_WILL(ASK("GET", "/me/order/101/details", 404, "{\"message\":\"no\"}"),
             ASK("GET", "/me/order/101/details", 200, "[]"),
             ASK("GET", "/me/order/101/details", 200, "[1]"), DETAIL("101", "1", 200, OPTION),
             ASK("GET", "/me/order/101/details", 200, "[1,2]"), DETAIL("101", "1", 200, OPTION),
             DETAIL("101", "2", 404, "{\"message\":\"no\"}"),
             ASK("GET", "/me/order/101/details", 200, "[2,1]"), DETAIL("101", "2", 200, SERVER),
             DETAIL("101", "1", 404, "{\"message\":\"no\"}"),
             ASK("GET", "/me/order/101/details", 200, "[2,1]"), DETAIL("101", "2", 200, SERVER),
             DETAIL("101", "1", 200, OPTION));
    for (int i = 0; i < 8; i++) {
        assert_false(failed(ovh_order_contents(&ovh, 101, &contents)));
        assert_int_equal(contents.plan != NULL, i >= 4);
    }
    ALL_ASKED();
    assert_true(contents.known && contents.one);
    assert_string_equal(contents.plan, "vps-a");
    assert_string_equal(contents.datacenter, "VA");
    assert_string_equal(contents.os, "Debian 12");
    assert_int_equal(contents.details.n, 1);
    assert_int_equal(contents.details.id[0], 2);
}

#define LOOKING(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOKING(a_look_for_a_lost_order_goes_on_where_it_was_cut_off),
        LOOKING(what_an_order_holds_is_remembered_once_it_is_shown_in_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
