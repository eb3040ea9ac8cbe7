/* Leaving a machine that is to be wiped: what is kept, what is forgotten, and that nothing keeps it from going on. */
#include "world.h"

static void met(void)
{
    (void)json_object_set_new(notes, "host_key", json_string("ssh-ed25519 SHA256:abc"));
    (void)json_object_set_new(notes, "run_id", json_string(TEST_ID "-2"));
    (void)json_object_set_new(notes, "run", json_integer(2));
    (void)json_object_set_new(notes, "offset", json_integer(999));
    (void)json_object_set_new(notes, "anew", json_integer(5));
    job.state = "leaving";
}

static bool forgotten(const char *secret)
{
    const json_t *name;
    size_t i;

    json_array_foreach(job.forget, i, name)
    {
        if (strcmp(json_string_value(name), secret) == 0) {
            return true;
        }
    }
    return false;
}

static void assert_left(void)
{
    assert_ptr_equal(job.said, &instance_vacated);
    assert_int_equal(((const struct instance_vacated *)job.said_fields)->anew, 5);
    assert_null(note(&job, "host_key"));
    assert_null(note(&job, "run_id"));
    assert_int_equal(note_int(&job, "offset", -1), -1);
    assert_int_equal(note_int(&job, "run", 0), 3);
    assert_true(forgotten(SECRET_GATEWAY_TOKEN));
    assert_false(forgotten(SECRET_SSH_KEY)); /* the orderer's to replace */
    assert_null(job.go);
}

static void the_table_holds_together(void **state)
{
    (void)state;
    assert_string_equal(stage_check(&installer_stage).text, "");
}

static void certificates_are_kept_and_used_by_the_next_setup(void **state)
{
    (void)state;
    met();
    world.certificates = "\x1f\x8b archive";
    assert_int_equal(installer_leave(&job).kind, ERR_NONE);
    assert_left();
    assert_string_equal(kept(SECRET_CERTIFICATES), "\x1f\x8b archive");
    assert_string_equal(world.pin_seen, "ssh-ed25519 SHA256:abc");

    have_secret(SECRET_CERTIFICATES, "\x1f\x8b archive");
    have_secret(SECRET_GATEWAY_TOKEN, TEST_TOKEN);
    settled();
    assert_int_equal(installer_start_setup(&job).kind, ERR_NONE);
    assert_int_equal(world.setup_seen.certificates_len, strlen("\x1f\x8b archive"));
    assert_string_equal(note(&job, "run_id"), TEST_ID "-3");

    world.result = (struct setup_result){
        .gateway_token = TEST_TOKEN, .openclaw_version = "1.2.3", .key_hash = TEST_KEY_HASH};
    assert_int_equal(installer_read_result(&job).kind, ERR_NONE);
    assert_int_equal(((const struct instance_installed *)job.said_fields)->anew, 5);
    assert_true(forgotten(SECRET_CERTIFICATES));
}

static void a_machine_without_any_leaves_those_of_before(void **state)
{
    (void)state;
    met();
    assert_int_equal(installer_leave(&job).kind, ERR_NONE);
    assert_left();
    assert_null(json_object_get(job.keep, SECRET_CERTIFICATES));
    assert_false(forgotten(SECRET_CERTIFICATES));
}

static void one_that_was_never_met_is_not_asked(void **state)
{
    (void)state;
    met();
    (void)json_object_del(notes, "host_key");
    assert_int_equal(installer_leave(&job).kind, ERR_NONE);
    assert_int_equal(world.calls, 0);
    assert_left();
}

static void one_that_does_not_answer_is_asked_twice_and_left(void **state)
{
    (void)state;
    met();
    world.fails = transient("no route");
    assert_int_equal(installer_leave(&job).kind, ERR_TRANSIENT);
    assert_null(job.said);
    job.tries = 1;
    assert_int_equal(installer_leave(&job).kind, ERR_NONE);
    assert_left();
    assert_non_null(strstr(json_string_value(json_array_get(job.lines, 0)), "there will be new"));
}

static void one_that_is_another_or_can_not_be_entered_is_left_at_once(void **state)
{
    (void)state;
    met();
    world.fails = permanent("host key changed");
    assert_int_equal(installer_leave(&job).kind, ERR_NONE);
    assert_left();
    job.said = NULL;
    lose_secret(SECRET_SSH_KEY);
    assert_int_equal(installer_leave(&job).kind, ERR_NONE);
    assert_int_equal(world.calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_table_holds_together),
        TEST(certificates_are_kept_and_used_by_the_next_setup),
        TEST(a_machine_without_any_leaves_those_of_before),
        TEST(one_that_was_never_met_is_not_asked),
        TEST(one_that_does_not_answer_is_asked_twice_and_left),
        TEST(one_that_is_another_or_can_not_be_entered_is_left_at_once),
    };

    return cmocka_run_group_tests_name("leaving", tests, NULL, NULL);
}
