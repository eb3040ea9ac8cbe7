/* What each step costs at OVH, what the settings allow, and whose key signs. */
#include "budget.h"
#include "world.h"

static void every_move_has_its_cost(void **state)
{
    (void)state;
    struct err e = budget_check(&server_stage);
    assert_string_equal(e.text, "");
}

static void allowed(int rate, int burst, const char *keys)
{
    orderer_settings = test_settings;
    orderer_settings.rate = rate;
    orderer_settings.burst = burst;
    orderer_settings.consumer_key = keys;
    struct err e = orderer_budget_check();
    assert_string_equal(e.text, "");
}

/* What may come at once and what comes in a minute are together what OVH bears. */
static void no_window_sees_more_than_the_rate(void **state)
{
    static const int rates[][2] = {
        {60,   10  },
        {60,   100 },
        {60,   0   },
        {2,    10  },
        {6000, 1000}
    };

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        allowed(rates[i][0], rates[i][1], "ck");
        assert_true(server_budget.pace + server_budget.burst <= rates[i][0] + 1e-9);
        assert_true(server_budget.pace >= rates[i][0] / 2.0 && server_budget.burst >= 1);
        assert_int_equal(server_budget.lanes, 1);
    }
    test_settings.window_s = 2;
    allowed(60, 10, "ck");
    assert_true(server_budget.pace > 1499 && server_budget.pace < 1501);
    test_settings.window_s = 60;
    allowed(1, 10, "ck");
    assert_true(server_budget.pace > 0);
    allowed(0, 10, "ck,kc");
    assert_int_equal(server_budget.lanes, 0);
    assert_null(budget_of(&server_stage));
}

static void each_key_is_a_lane(void **state)
{
    (void)state;
    allowed(60, 10, "ck1,,ck2,");
    assert_int_equal(server_budget.lanes, 2);
    orderer_settings.consumer_key = ",";
    assert_true(failed(orderer_budget_check()));
    orderer_settings.consumer_key = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17";
    assert_true(failed(orderer_budget_check()));
}

static void calls_are_counted_and_signed_with_the_key_of_their_lane(void **state)
{
    (void)state;
    struct orderer_settings settings = test_settings;
    settings.consumer_key = "ck1,ck2";
    job.world = &settings;
    job.lane = 1;
    struct ovh ovh = ovh_of(&job);
    OVH_WILL(ASK("GET", "/me", 200, "{}"), ASK("GET", "/me", 200, "{}"));
    assert_false(failed(ovh_do(&ovh, "GET", "/me", NULL)));
    assert_string_equal(world.headers[1], "X-Ovh-Consumer: ck2");
    assert_int_equal(job.spent, 2); /* and what the time is */
    job.lane = 0;
    assert_false(failed(ovh_do(&ovh, "GET", "/me", NULL)));
    assert_string_equal(world.headers[1], "X-Ovh-Consumer: ck1");
    assert_int_equal(job.spent, 3);
    assert_false(job.hushed);
}

static void too_many_requests_hush_the_lane(void **state)
{
    (void)state;
    struct ovh ovh = ovh_of(&job);
    OVH_WILL(ASK("GET", "/me", 429, "{\"message\":\"Too many requests\"}"));
    struct err e = ovh_do(&ovh, "GET", "/me", NULL);
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_int_equal(e.code, 429);
    assert_true(job.hushed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_move_has_its_cost),
        TEST(no_window_sees_more_than_the_rate),
        TEST(each_key_is_a_lane),
        TEST(calls_are_counted_and_signed_with_the_key_of_their_lane),
        TEST(too_many_requests_hush_the_lane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
