/* First contact, start and result of a setup, with a pretend machine. */
#include "world.h"

static void the_table_holds_together(void **state)
{
    (void)state;
    struct err e = stage_check(&installer_stage);

    assert_string_equal(e.text, "");
    assert_int_equal(e.kind, ERR_NONE);
}

static void a_ready_server_is_remembered_with_address_and_name(void **state)
{
    struct server_ready event = {.ip = "192.0.2.8", .service_name = "vps-2.example.com"};

    (void)state;
    assert_ptr_equal(installer_goals[0].hears, &server_ready);
    installer_goals[0].remember(&event, notes);
    assert_string_equal(note(&job, "ip"), "192.0.2.8");
    assert_string_equal(note(&job, "service_name"), "vps-2.example.com");
}

static void the_first_contact_pins_the_host_key_and_makes_a_token(void **state)
{
    (void)state;
    assert_int_equal(installer_reach(&job).kind, ERR_NONE);
    assert_null(world.pin_seen);
    assert_string_equal(world.key_seen, "-----BEGIN PRIVATE KEY-----");
    assert_string_equal(note(&job, "host_key"), "ssh-ed25519 SHA256:abc");
    const char *token = kept(SECRET_GATEWAY_TOKEN);
    assert_int_equal(strlen(token), 64);
    assert_int_equal(strspn(token, "0123456789abcdef"), 64);
}

static void a_second_first_contact_keeps_the_token(void **state)
{
    (void)state;
    have_secret(SECRET_GATEWAY_TOKEN, TEST_TOKEN);
    assert_int_equal(installer_reach(&job).kind, ERR_NONE);
    assert_int_equal(json_object_size(job.keep), 0);
}

static void a_machine_that_boots_is_waited_for_ever_more_slowly(void **state)
{
    (void)state;
    world.fails = transient("connection refused");
    struct err e = installer_reach(&job);
    assert_int_equal(e.kind, ERR_NOT_YET);
    assert_string_equal(e.text, "connection refused");
    assert_true(job.wait_s > 0.19 && job.wait_s < 0.21);
    job.age_s = 2;
    assert_int_equal(installer_reach(&job).kind, ERR_NOT_YET);
    assert_true(job.wait_s > 0.99 && job.wait_s < 1.01);
    job.age_s = 100;
    assert_int_equal(installer_reach(&job).kind, ERR_NOT_YET);
    assert_true(job.wait_s > 2.99 && job.wait_s < 3.01);
    assert_int_equal(json_object_size(job.keep), 0);
}

static void a_changed_host_key_is_told_to_a_person(void **state)
{
    (void)state;
    world.fails = permanent("host key mismatch");
    world.fails.code = 1002;
    struct err e = installer_reach(&job);
    assert_int_equal(e.kind, ERR_PERMANENT);
    const char *text =
        "The server's SSH host key changed since we met it. It may be another machine, "
        "so nothing is sent to it; destroy it and deploy anew";
    assert_string_equal(e.text, text);
    assert_string_equal(installer_follow_setup(&job).text, text);
    assert_string_equal(installer_read_result(&job).text, text);
}

static void what_did_not_work_is_told_first(void **state)
{
    (void)state;
    have_secret(SECRET_GATEWAY_TOKEN, TEST_TOKEN);
    world.fails = unknown("192.0.2.7:22: no connection in time");
    assert_string_equal(installer_start_setup(&job).text,
                        "The setup could not be started: 192.0.2.7:22: no connection in time");
    assert_string_equal(installer_follow_setup(&job).text,
                        "The setup could not be followed: 192.0.2.7:22: no connection in time");
    assert_string_equal(
        installer_read_result(&job).text,
        "The installation could not be checked: 192.0.2.7:22: no connection in time");
}

static void without_an_address_or_a_key_nothing_is_tried(void **state)
{
    (void)state;
    (void)json_object_set_new(notes, "ip", json_string("not an address"));
    assert_int_equal(installer_reach(&job).kind, ERR_PERMANENT);
    (void)json_object_set_new(notes, "ip", json_string("192.0.2.7"));
    lose_secret(SECRET_SSH_KEY);
    assert_int_equal(installer_reach(&job).kind, ERR_PERMANENT);
    assert_int_equal(world.calls, 0);
}

static void the_setup_starts_with_the_sealed_token_and_its_own_run_id(void **state)
{
    (void)state;
    have_secret(SECRET_GATEWAY_TOKEN, TEST_TOKEN);
    (void)json_object_set_new(notes, "host_key", json_string("pin"));
    (void)json_object_set_new(notes, "run", json_integer(3));
    job.generation = 9;
    assert_int_equal(installer_start_setup(&job).kind, ERR_NONE);
    assert_string_equal(world.pin_seen, "pin");
    assert_string_equal(world.setup_seen.openrouter_key, TEST_KEY);
    assert_string_equal(world.setup_seen.gateway_token, TEST_TOKEN);
    assert_string_equal(world.setup_seen.host_name, "vps-1.example.com");
    assert_string_equal(world.setup_seen.run_id, TEST_ID "-3");
    assert_string_equal(note(&job, "run_id"), TEST_ID "-3");
}

static void no_setup_starts_with_a_token_that_is_not_sealed(void **state)
{
    (void)state;
    assert_int_equal(installer_start_setup(&job).kind, ERR_PERMANENT);
    assert_int_equal(world.calls, 0);
}

static void a_lost_start_is_simply_tried_again(void **state)
{
    (void)state;
    have_secret(SECRET_GATEWAY_TOKEN, TEST_TOKEN);
    world.fails = unknown("connection lost");
    assert_int_equal(installer_start_setup(&job).kind, ERR_UNKNOWN);
}

static void what_was_installed_is_said_and_the_key_forgotten(void **state)
{
    (void)state;
    have_secret(SECRET_GATEWAY_TOKEN, TEST_TOKEN);
    world.result = (struct setup_result){
        .gateway_token = TEST_TOKEN, .openclaw_version = "2026.9.6", .key_hash = TEST_KEY_HASH};
    assert_int_equal(installer_read_result(&job).kind, ERR_NONE);
    const struct instance_installed *said = job.said_fields;
    assert_ptr_equal(job.said, &instance_installed);
    assert_string_equal(said->ip, "192.0.2.7");
    assert_string_equal(said->version, "2026.9.6");
    assert_string_equal(job.version, "2026.9.6");
    assert_int_equal(json_object_size(job.keep), 0);
    assert_int_equal(json_array_size(job.forget), 1);
    assert_string_equal(json_string_value(json_array_get(job.forget, 0)), SECRET_OPENROUTER_KEY);
}

static void skills_that_could_not_be_had_are_named(void **state)
{
    (void)state;
    have_secret(SECRET_GATEWAY_TOKEN, TEST_TOKEN);
    world.result = (struct setup_result){.gateway_token = TEST_TOKEN,
                                         .openclaw_version = "2026.9.6",
                                         .key_hash = TEST_KEY_HASH,
                                         .skills_missing = "agentwallet"};
    assert_int_equal(installer_read_result(&job).kind, ERR_NONE);
    assert_string_equal(
        job.message,
        "OpenClaw 2026.9.6 is installed, without skills that could not be had: agentwallet");
}

static void another_token_on_the_machine_is_the_one_that_counts(void **state)
{
    (void)state;
    have_secret(SECRET_GATEWAY_TOKEN, TEST_TOKEN);
    world.result = (struct setup_result){.gateway_token = "another-token-of-the-machine",
                                         .openclaw_version = "2026.9.6",
                                         .key_hash = TEST_KEY_HASH};
    assert_int_equal(installer_read_result(&job).kind, ERR_NONE);
    assert_string_equal(kept(SECRET_GATEWAY_TOKEN), "another-token-of-the-machine");
}

static void another_key_on_the_machine_is_stored_again_and_ours_kept_but_not_for_ever(void **state)
{
    static const char *const hashes[] = {
        "", "00000000000000000000000000000000000000000000000000000000000000aa", TEST_KEY};

    (void)state;
    have_secret(SECRET_GATEWAY_TOKEN, TEST_TOKEN);
    for (int i = 0; i < 3; i++) {
        world.result = (struct setup_result){
            .gateway_token = TEST_TOKEN, .openclaw_version = "2026.9.6", .key_hash = hashes[i]};
        struct err e = installer_read_result(&job);
        assert_int_equal(e.kind, i < 2 ? ERR_NONE : ERR_PERMANENT);
        assert_string_equal(job.go, "reached");
        assert_int_equal(json_array_size(job.forget), 0);
        assert_int_equal(note_int(&job, "run", 1), i + 2);
        settled();
    }
    world.result.key_hash = TEST_KEY_HASH; /* a retry, and all is well */
    assert_int_equal(installer_read_result(&job).kind, ERR_NONE);
    assert_null(job.go);
    assert_int_equal(json_array_size(job.forget), 1);
}

static void without_a_copy_of_the_key_there_is_nothing_to_compare(void **state)
{
    (void)state;
    have_secret(SECRET_GATEWAY_TOKEN, TEST_TOKEN);
    lose_secret(SECRET_OPENROUTER_KEY);
    world.result = (struct setup_result){
        .gateway_token = TEST_TOKEN, .openclaw_version = "2026.9.6", .key_hash = ""};
    assert_int_equal(installer_read_result(&job).kind, ERR_NONE);
    assert_ptr_equal(job.said, &instance_installed);
}

static void an_unreadable_result_keeps_the_key(void **state)
{
    (void)state;
    world.fails = transient("the setup's result has no gateway token");
    assert_int_equal(installer_read_result(&job).kind, ERR_TRANSIENT);
    assert_int_equal(json_array_size(job.forget), 0);
}

static void on_the_way_down_the_machines_secrets_are_forgotten_without_a_call(void **state)
{
    (void)state;
    assert_int_equal(installer_forget(&job).kind, ERR_NONE);
    assert_int_equal(json_array_size(job.forget), 3);
    assert_int_equal(world.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_table_holds_together),
        TEST(a_ready_server_is_remembered_with_address_and_name),
        TEST(the_first_contact_pins_the_host_key_and_makes_a_token),
        TEST(a_second_first_contact_keeps_the_token),
        TEST(a_machine_that_boots_is_waited_for_ever_more_slowly),
        TEST(a_changed_host_key_is_told_to_a_person),
        TEST(what_did_not_work_is_told_first),
        TEST(without_an_address_or_a_key_nothing_is_tried),
        TEST(the_setup_starts_with_the_sealed_token_and_its_own_run_id),
        TEST(no_setup_starts_with_a_token_that_is_not_sealed),
        TEST(a_lost_start_is_simply_tried_again),
        TEST(what_was_installed_is_said_and_the_key_forgotten),
        TEST(skills_that_could_not_be_had_are_named),
        TEST(another_token_on_the_machine_is_the_one_that_counts),
        TEST(another_key_on_the_machine_is_stored_again_and_ours_kept_but_not_for_ever),
        TEST(without_a_copy_of_the_key_there_is_nothing_to_compare),
        TEST(an_unreadable_result_keeps_the_key),
        TEST(on_the_way_down_the_machines_secrets_are_forgotten_without_a_call),
    };

    return cmocka_run_group_tests_name("setup", tests, NULL, NULL);
}
