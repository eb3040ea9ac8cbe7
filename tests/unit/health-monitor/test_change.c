/* The watch while OpenClaw is restarted or upgraded. */
#include "world.h"

static void while_it_is_changed_its_absence_is_no_news_for_some_minutes(void **state)
{
    struct work *work = *state;
    static const struct {
        const char *change;
        double patience_s;
    } cases[] = {
        {"restart", 180},
        {"upgrade", 600},
    };

    look_down("OpenClaw does not run");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        work->job.change = cases[i].change;
        for (work->job.change_age_s = 0; work->job.change_age_s < cases[i].patience_s;
             work->job.change_age_s += 20) {
            assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
            assert_true(work->job.wait_s == 5);
        }
        assert_null(work->job.said);
        assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
        assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
        assert_int_equal(monitor_watch(&work->job).kind, ERR_NONE);
        assert_ptr_equal(work->job.said, &instance_unhealthy);
        work->job.said = NULL;
    }
}

static void a_change_that_has_ended_leaves_nothing_to_excuse(void **state)
{
    struct work *work = *state;

    look_down("OpenClaw does not run");
    work->job.change = "restart";
    work->job.change_age_s = 10;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
    }
    work->job.change = NULL;
    assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
    assert_int_equal(monitor_watch(&work->job).kind, ERR_NOT_YET);
    assert_int_equal(monitor_watch(&work->job).kind, ERR_NONE);
    assert_ptr_equal(work->job.said, &instance_unhealthy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(while_it_is_changed_its_absence_is_no_news_for_some_minutes),
        TEST(a_change_that_has_ended_leaves_nothing_to_excuse),
    };

    return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
