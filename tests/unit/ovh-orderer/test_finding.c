/* A checkout whose outcome is unknown: which order came of it, if any, and when a person must say. */
#include "world.h"

#define OPEN_CART "{\"cartId\":\"c1\",\"items\":[11],\"readOnly\":false}"
#define VALIDATED_CART "{\"cartId\":\"c1\",\"items\":[11],\"readOnly\":true}"
#define EXTENSION(datacenter)                                                                      \
    "{\"order\":{\"plan\":{\"code\":\"vps-a\",\"product\":{\"name\":\"virtualPrivateServer\"}},"   \
    "\"configurations\":[{\"label\":\"vps_datacenter\",\"value\":\"" datacenter                    \
    "\"},{\"label\":\"vps_os\",\"value\":\"Debian 12\"}]}}"

static void have_cart(void)
{
    remember("cart", "c1");
    remember_int("item", 11);
    remember("plan", "vps-a");
    remember("datacenter", "VA");
    remember_int("order_floor", 100);
    remember_int("checkout_from", 1779112931);
    remember_int("checkout_until", 1779112940);
}

static void an_open_cart_is_checked_out_again_after_the_wait(void **state)
{
    (void)state;
    have_cart();
    OVH_WILL(ASK("GET", "/order/cart/c1", 200, OPEN_CART),
             ASK("GET", "/order/cart/c1", 200, OPEN_CART));
    job.age_s = 179;
    assert_int_equal(server_reconcile(&job).kind, ERR_NOT_YET);
    assert_true(job.wait_s <= 1.01);
    job.age_s = 181;
    assert_false(failed(server_reconcile(&job)));
    assert_string_equal(job.go, "carted");
}

#define DATE "{\"date\":\"2026-05-18T14:02:14+00:00\"}"

#define ORDER(id, status, datacenter)                                                              \
    ASK("GET", "/me/order/" id, 200, DATE),                                                        \
        ASK("GET", "/me/order/" id "/status", 200, "\"" status "\""),                              \
        ASK("GET", "/me/order/" id "/details", 200, "[1,2]"),                                      \
        ASK("GET", "/me/order/" id "/details/1/extension", 200, EXTENSION(datacenter)),            \
        ASK("GET", "/me/order/" id "/details/2/extension", 404, "{\"message\":\"no\"}")
#define UNDELIVERED(id) ASK("GET", "/me/order/" id "/details/1/operations", 200, "[]")

/* Of the account's orders: too old by its id, being paid by somebody, made elsewhere, and ours; then too new ones. */
static void the_lost_order_is_found(void **state)
{
    (void)state;
    have_cart();
    job.age_s = 40;
    OVH_WILL(ASK("GET", "/order/cart/c1", 200, VALIDATED_CART),
             ASK("GET", "/me/order", 200, "[105,104,99,103,101,102]"),
             ORDER("101", "delivering", "VA"), UNDELIVERED("101"), ORDER("102", "notPaid", "OR"),
             ORDER("103", "notPaid", "VA"),
             ASK("GET", "/me/order/104", 200, "{\"date\":\"2026-05-18T15:02:14+00:00\"}"));
    assert_false(failed(server_reconcile(&job)));
    ALL_ASKED();
    assert_null(job.go);
    assert_int_equal(note_int(&job, "order_id", 0), 103);
}

/* None, several, or one that can not be read yet: waits, then leaves them all to die unpaid. */
static void what_can_not_be_told_apart_is_abandoned(void **state)
{
    static const char *const orders[] = {"[]", "[101,102]"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct exchange script[] = {ASK("GET", "/order/cart/c1", 404, "{\"message\":\"no\"}"),
                                          ASK("GET", "/me/order", 200, orders[i]),
                                          ORDER("101", "notPaid", "VA"),
                                          ORDER("102", "notPaid", "VA")};
        start_again();
        have_cart();
        job.age_s = 181;
        world_says(script, i == 0 ? 2 : 12);
        assert_false(failed(server_reconcile(&job)));
        ALL_ASKED();
        assert_string_equal(job.go, "new");
        assert_true(cart_is_dead(&job, "c1"));
        assert_null(note(&job, "cart"));
    }
}

static void abandoning_twice_asks_for_a_person(void **state)
{
    (void)state;
    have_cart();
    remember_int("abandoned", 1);
    job.age_s = 181;
    OVH_WILL(ASK("GET", "/order/cart/c1", 404, "{\"message\":\"no\"}"),
             ASK("GET", "/me/order", 200, "[]"));
    assert_int_equal(server_reconcile(&job).kind, ERR_PERMANENT);
    assert_string_equal(job.go, "new");
}

/* A row of a restored backup: it may have paid, in the life that was lost. */
static void a_single_paid_order_is_taken_after_the_wait(void **state)
{
    (void)state;
    have_cart();
    for (int over = 0; over < 2; over++) {
        static const struct exchange script[] = {ASK("GET", "/order/cart/c1", 200, VALIDATED_CART),
                                                 ASK("GET", "/me/order", 200, "[101]"),
                                                 ORDER("101", "checking", "VA"),
                                                 UNDELIVERED("101")};
        world_says(script, sizeof script / sizeof script[0]);
        job.age_s = over ? 181 : 40;
        struct err e = server_reconcile(&job);
        ALL_ASKED();
        assert_int_equal(e.kind, over ? ERR_NONE : ERR_NOT_YET);
        assert_int_equal(note_int(&job, "order_id", 0), over ? 101 : 0);
    }
}

static void of_several_paid_orders_a_person_decides(void **state)
{
    (void)state;
    have_cart();
    for (int patient = 1; patient >= 0; patient--) {
        static const struct exchange script[] = {ASK("GET", "/order/cart/c1", 200, VALIDATED_CART),
                                                 ASK("GET", "/me/order", 200, "[101,102]"),
                                                 ORDER("101", "checking", "VA"),
                                                 UNDELIVERED("101"),
                                                 ORDER("102", "delivering", "VA"),
                                                 UNDELIVERED("102")};
        world_says(script, sizeof script / sizeof script[0]);
        job.age_s = patient ? 181 : 1081;
        struct err e = server_reconcile(&job);
        ALL_ASKED();
        assert_int_equal(e.kind, patient ? ERR_NOT_YET : ERR_PERMANENT);
        assert_null(job.go);
        if (!patient) {
            assert_non_null(strstr(e.text, "101, 102"));
            assert_non_null(strstr(e.text, "openclaw-0000abcd1234 at OVH"));
            assert_true(strlen(e.text) < 224);
        }
    }
}

/* The mark on a delivered machine decides at once; another's is never looked at again. */
static void the_mark_on_the_machine_decides(void **state)
{
    (void)state;
    have_cart();
    job.age_s = 40;
    OVH_WILL(ASK("GET", "/order/cart/c1", 200, VALIDATED_CART),
             ASK("GET", "/me/order", 200, "[101,102]"), ORDER("101", "delivered", "VA"),
             ASK("GET", "/me/order/101/details/1/operations", 200, "[9]"),
             ASK("GET", "/me/order/101/details/1/operations/9", 200,
                 "{\"resource\":{\"name\":\"vps-1.ovh.us\"}}"),
             ASK("GET", "/vps/vps-1.ovh.us", 200, "{\"displayName\":\"openclaw-ffffffffffff\"}"),
             ORDER("102", "delivered", "VA"),
             ASK("GET", "/me/order/102/details/1/operations", 200, "[10]"),
             ASK("GET", "/me/order/102/details/1/operations/10", 200,
                 "{\"resource\":{\"name\":\"vps-2.ovh.us\"}}"),
             ASK("GET", "/vps/vps-2.ovh.us", 200, "{\"displayName\":\"openclaw-0000abcd1234\"}"));
    assert_false(failed(server_reconcile(&job)));
    ALL_ASKED();
    assert_int_equal(note_int(&job, "order_id", 0), 102);
    assert_string_equal(note(&job, "others"), " 101 ");
}

/* The database knows that another deployment has it. */
static void a_refused_order_is_anothers(void **state)
{
    (void)state;
    have_cart();
    (void)json_object_set_new(notes, "refused_notes", json_pack("{s:i}", "order_id", 101));
    job.age_s = 40;
    OVH_WILL(ASK("GET", "/order/cart/c1", 200, VALIDATED_CART),
             ASK("GET", "/me/order", 200, "[101,102]"), ORDER("102", "notPaid", "VA"));
    assert_false(failed(server_reconcile(&job)));
    ALL_ASKED();
    assert_int_equal(note_int(&job, "order_id", 0), 102);
}

/* The row remembers nothing: what it must know is read from the cart, and the orders from the newest down. */
static void the_cart_tells_what_the_row_forgot(void **state)
{
    (void)state;
    remember("cart", "c1");
    remember_int("blind", 1);
    remember_int("checkout_until", 1779112940);
    job.age_s = 181;
    OVH_WILL(ASK("GET", "/order/cart/c1", 200, VALIDATED_CART),
             ASK("GET", "/order/cart/c1", 200,
                 "{\"items\":[11],\"readOnly\":true,\"expire\":\"2026-06-17T14:02:00+00:00\"}"),
             ASK("GET", "/order/cart/c1/item/11", 200, "{\"settings\":{\"planCode\":\"vps-a\"}}"),
             ASK("GET", "/order/cart/c1/item/11/configuration?label=vps_datacenter", 200, "[5]"),
             ASK("GET", "/order/cart/c1/item/11/configuration/5", 200,
                 "{\"label\":\"vps_datacenter\",\"value\":\"VA\"}"),
             ASK("GET", "/me/order", 200, "[99,101,102]"), ASK("GET", "/me/order/102", 200, DATE),
             ORDER("102", "delivering", "OR"), ORDER("101", "delivering", "VA"), UNDELIVERED("101"),
             ASK("GET", "/me/order/99", 200, "{\"date\":\"2026-05-18T13:02:14+00:00\"}"));
    assert_false(failed(server_reconcile(&job)));
    ALL_ASKED();
    assert_int_equal(note_int(&job, "order_id", 0), 101);
    assert_string_equal(note(&job, "plan"), "vps-a");
    assert_string_equal(note(&job, "datacenter"), "VA");
}

/* What is adopted must be known in full: the next steps look for its plan in the order. */
static void an_order_that_shows_nothing_any_more_is_not_taken(void **state)
{
    (void)state;
    remember("cart", "c1");
    remember_int("blind", 1);
    remember_int("checkout_until", 1779112940);
    job.age_s = 181;
    OVH_WILL(ASK("GET", "/order/cart/c1", 200, VALIDATED_CART),
             ASK("GET", "/order/cart/c1", 200, "{\"items\":[],\"readOnly\":true}"),
             ASK("GET", "/me/order", 200, "[101]"), ASK("GET", "/me/order/101", 200, DATE),
             ORDER("101", "delivering", "VA"), UNDELIVERED("101"),
             ASK("GET", "/me/order/101/details", 200, "[1]"),
             ASK("GET", "/me/order/101/details/1/extension", 404, "{\"message\":\"no\"}"));
    struct err e = server_reconcile(&job);
    ALL_ASKED();
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_non_null(strstr(e.text, "what order 101 holds"));
    assert_int_equal(note_int(&job, "order_id", 0), 0);
    assert_int_equal(note_int(&job, "blind", 0), 1);
}

#define NEWER(id) ASK("GET", "/me/order/" id, 200, "{\"date\":\"2026-05-18T15:02:14+00:00\"}")

/* However many orders were made since: they are skipped by halves, and do not count as looked at. */
static void what_is_newer_stands_in_nobodys_way(void **state)
{
    char list[400] = "[101";
    const struct exchange script[] = {
        ASK("GET", "/order/cart/c1", 200, VALIDATED_CART),
        ASK("GET", "/me/order", 200, list),
        NEWER("162"),
        NEWER("131"),
        NEWER("116"),
        NEWER("108"),
        NEWER("104"),
        ASK("GET", "/me/order/102", 404, "{\"message\":\"no\"}"), /* may be ours */
        NEWER("103"),
        ASK("GET", "/me/order/102", 200, DATE),
        ASK("GET", "/me/order/102/status", 200, "\"cancelled\""),
        ORDER("101", "delivered", "VA"),
        ASK("GET", "/me/order/101/details/1/operations", 200, "[9]"),
        ASK("GET", "/me/order/101/details/1/operations/9", 200,
            "{\"resource\":{\"name\":\"vps-1.ovh.us\"}}"),
        ASK("GET", "/vps/vps-1.ovh.us", 200, "{\"displayName\":\"openclaw-0000abcd1234\"}")};

    (void)state;
    have_cart();
    (void)json_object_del(notes, "order_floor");
    remember_int("blind", 1);
    job.age_s = 181;
    for (int id = 102; id <= 162; id++) {
        (void)snprintf(list + strlen(list), sizeof list - strlen(list), ",%d%s", id,
                       id == 162 ? "]" : "");
    }
    world_says(script, sizeof script / sizeof script[0]);
    assert_false(failed(server_reconcile(&job)));
    ALL_ASKED();
    assert_int_equal(note_int(&job, "order_id", 0), 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_open_cart_is_checked_out_again_after_the_wait),
        TEST(the_lost_order_is_found),
        TEST(what_can_not_be_told_apart_is_abandoned),
        TEST(abandoning_twice_asks_for_a_person),
        TEST(a_single_paid_order_is_taken_after_the_wait),
        TEST(of_several_paid_orders_a_person_decides),
        TEST(the_mark_on_the_machine_decides),
        TEST(a_refused_order_is_anothers),
        TEST(the_cart_tells_what_the_row_forgot),
        TEST(an_order_that_shows_nothing_any_more_is_not_taken),
        TEST(what_is_newer_stands_in_nobodys_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
