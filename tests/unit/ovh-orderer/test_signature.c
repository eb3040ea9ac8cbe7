/* OVH's signature: the official clients' vectors, the clock, and what exactly is signed. */
#include "world.h"

static json_t *load_vectors(void)
{
    const char *path = getenv("VECTORS");
    json_error_t error;

    json_t *all =
        json_load_file(path && path[0] ? path : "tests/vectors/ovh-signatures.json", 0, &error);
    if (!all) {
        fail_msg("cannot read the vectors: %s", error.text);
    }
    return all;
}

static void every_vector_is_met(void **state)
{
    json_auto_t *all = load_vectors();
    const json_t *cases = json_object_get(all, "cases");
    const char *secret = json_string_value(json_object_get(all, "app_secret"));
    const char *consumer = json_string_value(json_object_get(all, "consumer_key"));
    int64_t timestamp = json_integer_value(json_object_get(all, "timestamp"));

    (void)state;
    assert_true(json_array_size(cases) >= 8);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        char signature[OVH_SIGNATURE_SIZE];
        ovh_sign(secret, consumer, json_string_value(json_object_get(one, "method")),
                 json_string_value(json_object_get(one, "url")),
                 json_string_value(json_object_get(one, "body")), timestamp, signature);
        assert_string_equal(signature, json_string_value(json_object_get(one, "signature")));
    }
}

/* The signature covers the URL and the body that are sent, at OVH's time. */
static void what_is_sent_is_what_is_signed(void **state)
{
    struct ovh ovh = test_ovh();
    char signature[OVH_SIGNATURE_SIZE], header[100];

    (void)state;
    OVH_WILL(SEND("PUT", "/vps/x", "{\"displayName\":\"openclaw-1\"}", 200, "null"));
    assert_false(failed(ovh_vps_mark(&ovh, "x", "openclaw-1")));
    ALL_ASKED();
    ovh_sign("as", "ck", "PUT", WORLD_ENDPOINT "/vps/x", world.last.body, 1457018875, signature);
    (void)snprintf(header, sizeof header, "X-Ovh-Signature: %s", signature);
    assert_string_equal(world.headers[0], "X-Ovh-Application: ak");
    assert_string_equal(world.headers[1], "X-Ovh-Consumer: ck");
    assert_memory_equal(world.headers[2], "X-Ovh-Timestamp: 14570188",
                        25); /* a second may have passed */
    if (strcmp(world.headers[2], "X-Ovh-Timestamp: " WORLD_TIME) == 0) {
        assert_string_equal(world.headers[3], header);
    }
}

static void the_time_is_asked_once(void **state)
{
    struct ovh ovh = test_ovh();
    struct ovh_names all;

    (void)state;
    OVH_WILL(ASK("GET", "/vps", 200, "[]"), ASK("GET", "/vps", 200, "[]"));
    assert_false(failed(ovh_names(&ovh, "/vps", &all)));
    assert_false(failed(ovh_names(&ovh, "/vps", &all)));
    assert_int_equal(world.times_asked, 1);
}

/* A signature that came too late did nothing: once more, with OVH's time read again. */
static void an_invalid_signature_is_tried_again_once(void **state)
{
    struct ovh ovh = test_ovh();

    (void)state;
    OVH_WILL(ASK("POST", "/x", 400,
                 "{\"message\":\"Invalid signature\",\"errorCode\":\"INVALID_SIGNATURE\"}"),
             ASK("POST", "/x", 200, "null"));
    assert_false(failed(ovh_do(&ovh, "POST", "/x", NULL)));
    ALL_ASKED();
    assert_int_equal(world.times_asked, 2);
}

/* OVH's own time-out says nothing about a change: it is not sent again. */
static void a_query_time_out_of_a_change_is_unknown(void **state)
{
    struct ovh ovh = test_ovh();

    (void)state;
    OVH_WILL(ASK("POST", "/x", 400,
                 "{\"message\":\"Query out of time\",\"errorCode\":\"QUERY_TIME_OUT\"}"));
    assert_int_equal(ovh_do(&ovh, "POST", "/x", NULL).kind, ERR_UNKNOWN);
    ALL_ASKED();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_vector_is_met),
        TEST(what_is_sent_is_what_is_signed),
        TEST(the_time_is_asked_once),
        TEST(an_invalid_signature_is_tried_again_once),
        TEST(a_query_time_out_of_a_change_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
