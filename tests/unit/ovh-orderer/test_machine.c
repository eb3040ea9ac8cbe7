/* From the bare machine to one that lets us in: mark, key, address. The rebuild is in test_rebuild.c. */
#include "world.h"

#define VPS "/vps/vps-1.ovh.us"
#define ABSENT "{\"message\":\"This service does not exist\"}"

static void the_server_is_marked_and_gets_a_key(void **state)
{
    (void)state;
    remember("service_name", "vps-1.ovh.us");
    OVH_WILL(SEND("PUT", VPS, "{\"displayName\":\"openclaw-0000abcd1234\"}", 200, "null"),
             ASK("GET", VPS "/tasks?type=reinstallVm", 200, "[7,50,9]"),
             ASK("GET", VPS "/images/available", 200, "[\"i1\",\"i2\",\"i3\"]"),
             ASK("GET", VPS "/images/available/i1", 404, ABSENT),
             ASK("GET", VPS "/images/available/i2", 200, "{\"name\":\"Debian 12 - Docker\"}"),
             ASK("GET", VPS "/images/available/i3", 200, "{\"name\":\"Debian 12\"}"));
    assert_false(failed(server_prepare(&job)));
    ALL_ASKED();
    assert_string_equal(note(&job, "image"), "i3");
    assert_int_equal(note_int(&job, "task_floor", 0), 50);
    assert_memory_equal(note(&job, "public_key"), "ecdsa-sha2-nistp256 ", 20);
    assert_true(job_has_secret(&job, SECRET_SSH_KEY));
    char *kept = json_dumps(job.keep, 0);
    assert_null(strstr(kept, "PRIVATE"));
    free(kept);
}

/* What let people in before is not used again; and the rebuild of then is older than the floor even where OVH's list is
 * late, so that it is not taken for the new one. */
static void for_a_reinstall_there_is_a_new_key_and_a_fresh_floor(void **state)
{
    (void)state;
    remember("service_name", "vps-1.ovh.us");
    remember_int("task", 51);
    remember_int("anew", 4);
    assert_false(failed(job_keep_secret(&job, SECRET_SSH_KEY, "old", 3)));
    OVH_WILL(ASK("PUT", VPS, 200, "null"),
             ASK("GET", VPS "/tasks?type=reinstallVm", 200, "[7,50,9]"),
             ASK("GET", VPS "/images/available", 200, "[\"i3\"]"),
             ASK("GET", VPS "/images/available/i3", 200, "{\"name\":\"Debian 12\"}"),
             ASK("GET", VPS "/ips", 200, "[\"51.81.223.26\"]"));
    assert_false(failed(server_prepare(&job)));
    assert_int_equal(note_int(&job, "task_floor", 0), 51);
    const char *key = NULL;
    size_t len = 0;
    assert_false(failed(job_secret(&job, SECRET_SSH_KEY, &key, &len)));
    assert_string_not_equal(key, "old");
    assert_non_null(note(&job, "public_key"));
    assert_false(failed(server_find_address(&job)));
    ALL_ASKED();
    assert_int_equal(((const struct server_ready *)job.said_fields)->anew, 4);
}

/* Installed anew with another key: the one with the key of before is waited for first. */
static void nothing_is_prepared_while_a_rebuild_may_come(void **state)
{
    (void)state;
    remember("service_name", "vps-1.ovh.us");
    remember_int("rebuild_sent", clock_unix_us() / 1000000);
    OVH_WILL(SEND("PUT", VPS, "{\"displayName\":\"openclaw-0000abcd1234\"}", 200, "null"));
    assert_int_equal(server_prepare(&job).kind, ERR_NOT_YET);
    ALL_ASKED();
    assert_false(job_has_secret(&job, SECRET_SSH_KEY));
}

/* The decision came while a rebuild was being asked for: nobody heard the answer, and it brings the key of before. */
static void a_rebuild_that_a_reinstall_overtook_is_waited_for(void **state)
{
    (void)state;
    remember("service_name", "vps-1.ovh.us");
    remember("image", "i1");
    remember_int("task", 51);
    remember_int("task_floor", 51);
    remember_int("anew", 4);
    job.again = true;
    OVH_WILL(ASK("PUT", VPS, 500, "<html>"), ASK("PUT", VPS, 200, "null"),
             ASK("PUT", VPS, 200, "null"),
             ASK("GET", VPS "/tasks?type=reinstallVm", 200, "[50,51,58]"),
             ASK("GET", VPS "/images/available", 200, "[\"i3\"]"),
             ASK("GET", VPS "/images/available/i3", 200, "{\"name\":\"Debian 12\"}"));
    assert_int_equal(server_prepare(&job).kind, ERR_UNKNOWN);
    job.again = false;
    assert_int_equal(server_prepare(&job).kind, ERR_NOT_YET);
    assert_false(job_has_secret(&job, SECRET_SSH_KEY));
    note_set_int(&job, "rebuild_sent", 1); /* long ago by now */
    assert_false(failed(server_prepare(&job)));
    ALL_ASKED();
    assert_int_equal(note_int(&job, "task_floor", 0), 58);
}

/* Cut off while it prepared: the last rebuild is known, nothing is on its way. */
static void a_cut_off_preparation_goes_on_at_once(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        start_again();
        remember("service_name", "vps-1.ovh.us");
        if (!first) {
            remember("image", "i1");
            remember_int("task", 51);
            remember_int("task_floor", 50);
        }
        job.again = true;
        OVH_WILL(ASK("PUT", VPS, 200, "null"),
                 ASK("GET", VPS "/tasks?type=reinstallVm", 200, "[50]"),
                 ASK("GET", VPS "/images/available", 200, "[\"i3\"]"),
                 ASK("GET", VPS "/images/available/i3", 200, "{\"name\":\"Debian 12\"}"));
        assert_false(failed(server_prepare(&job)));
        ALL_ASKED();
    }
}

static void the_address_is_the_ipv4(void **state)
{
    (void)state;
    remember("service_name", "vps-1.ovh.us");
    OVH_WILL(ASK("GET", VPS "/ips", 200, "[\"2604:2dc0::1\"]"),
             ASK("GET", VPS "/ips", 200, "[\"2604:2dc0::1\",\"999.1.1.1\",\"51.81.223.26\"]"));
    assert_int_equal(server_find_address(&job).kind, ERR_NOT_YET);
    assert_false(failed(server_find_address(&job)));
    assert_string_equal(job.ip_address, "51.81.223.26");
    assert_ptr_equal(job.said, &server_ready);
}

/* A machine that ends with the month is none to set up: it came late, and was given back in a life that was lost. */
static void what_was_given_back_is_not_used(void **state)
{
    (void)state;
    remember("service_name", "vps-1.ovh.us");
    remember_int("recalled_late", 1);
    job.state = "delivered";
    OVH_WILL(ASK("GET", "/vps/vps-1.ovh.us/serviceInfos", 200,
                 "{\"expiration\":\"2027-05-14\",\"renew\":{\"deleteAtExpiration\":true}}"),
             ASK("GET", "/vps/vps-1.ovh.us/serviceInfos", 200,
                 "{\"expiration\":\"2027-05-14\",\"renew\":{\"deleteAtExpiration\":true}}"));
    assert_false(failed(server_prepare(&job)));
    assert_string_equal(job.go, "unwanted");
    assert_false(failed(server_give_back(&job)));
    ALL_ASKED();
    assert_string_equal(job.go, "cancelled"); /* from where a new one is ordered */
    assert_null(note(&job, "service_name"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_server_is_marked_and_gets_a_key),
        TEST(for_a_reinstall_there_is_a_new_key_and_a_fresh_floor),
        TEST(nothing_is_prepared_while_a_rebuild_may_come),
        TEST(a_rebuild_that_a_reinstall_overtook_is_waited_for),
        TEST(a_cut_off_preparation_goes_on_at_once),
        TEST(the_address_is_the_ipv4),
        TEST(what_was_given_back_is_not_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
