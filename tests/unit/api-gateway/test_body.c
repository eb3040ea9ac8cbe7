/* Bodies: each kind of wrong one has its own status and a detail that names what is wrong. */
#include "world.h"

#include "body.h"

static const struct field fields[] = {
    {"email", true, 3, 20},
    {"name",      false, 1, 3},
    {0      }
};

static void give(const char *text)
{
    body_parse(&request, &reply, text, strlen(text));
    if (!reply_made(&reply)) {
        body_check(&request, &reply, fields);
    }
}

static void known_fields_of_the_right_type_pass(void **state)
{
    (void)state;
    give("{\"email\":\"a@b\",\"name\":\"x\"}");
    assert_false(reply_made(&reply));
    assert_string_equal(request_text(&request, "email"), "a@b");
    assert_null(request_text(&request, "other"));
}

static void an_optional_field_may_be_null_or_absent(void **state)
{
    (void)state;
    give("{\"email\":\"a@b\",\"name\":null}");
    assert_false(reply_made(&reply));
    assert_null(request_text(&request, "name"));
}

static void what_is_no_json_is_400_and_says_where(void **state)
{
    (void)state;
    give("{\"email\":");
    assert_detail(400, "line 1");
}

static void a_field_given_twice_is_400(void **state)
{
    (void)state;
    give("{\"email\":\"a@b\",\"email\":\"c@d\"}");
    assert_detail(400, "JSON");
}

static void bytes_that_are_no_utf8_are_400(void **state)
{
    (void)state;
    give("{\"email\":\"\xff\xfe@b\"}");
    assert_detail(400, "JSON");
}

static void json_that_is_no_object_is_422(void **state)
{
    (void)state;
    give("[1, 2]");
    assert_detail(422, "object");
}

static void an_unknown_field_is_422_and_named(void **state)
{
    (void)state;
    give("{\"email\":\"a@b\",\"admin\":true}");
    assert_detail(422, "'admin'");
}

static void a_missing_field_is_422_and_named(void **state)
{
    (void)state;
    give("{\"name\":\"x\"}");
    assert_detail(422, "'email' is missing");
}

static void a_field_of_the_wrong_type_is_422_and_named(void **state)
{
    (void)state;
    give("{\"email\":7}");
    assert_detail(422, "'email' must be a text");
}

static void a_required_field_may_not_be_null(void **state)
{
    (void)state;
    give("{\"email\":null}");
    assert_detail(422, "'email'");
}

static void lengths_are_counted_in_characters_not_bytes(void **state)
{
    (void)state;
    give("{\"email\":\"a@b\",\"name\":\"\xc3\xa4\xc3\xb6\xc3\xbc\"}");
    assert_false(reply_made(&reply));
}

static void a_text_that_is_too_long_is_422_with_its_limits(void **state)
{
    (void)state;
    give("{\"email\":\"a@b\",\"name\":\"four\"}");
    assert_detail(422, "'name' must have 1 to 3 characters");
}

static void no_body_is_as_good_as_one_without_fields(void **state)
{
    (void)state;
    body_check(&request, &reply, fields);
    assert_detail(422, "'email' is missing");
}

static void a_route_without_fields_takes_an_empty_object_only(void **state)
{
    (void)state;
    body_parse(&request, &reply, "{}", 2);
    body_check(&request, &reply, NULL);
    assert_false(reply_made(&reply));
    (void)json_object_set_new(request.body, "x", json_true());
    body_check(&request, &reply, NULL);
    assert_detail(422, "'x'");
}

static void a_name_cut_inside_a_character_still_makes_a_problem(void **state)
{
    char body[400] = "{\"";

    (void)state;
    for (int i = 0; i < 90; i++) {
        memcpy(body + 2 + 3 * i, "\xe2\x82\xac", 3);
    }
    memcpy(body + 2 + 3 * 90, "\":1}", 5);
    give(body);
    assert_int_equal(reply.status, 422);
    json_t *problem = json_loadb(reply.body, reply.len, 0, NULL);
    assert_non_null(problem);
    json_decref(problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_WORLD(known_fields_of_the_right_type_pass),
        TEST_IN_WORLD(an_optional_field_may_be_null_or_absent),
        TEST_IN_WORLD(what_is_no_json_is_400_and_says_where),
        TEST_IN_WORLD(a_field_given_twice_is_400),
        TEST_IN_WORLD(bytes_that_are_no_utf8_are_400),
        TEST_IN_WORLD(json_that_is_no_object_is_422),
        TEST_IN_WORLD(an_unknown_field_is_422_and_named),
        TEST_IN_WORLD(a_missing_field_is_422_and_named),
        TEST_IN_WORLD(a_field_of_the_wrong_type_is_422_and_named),
        TEST_IN_WORLD(a_required_field_may_not_be_null),
        TEST_IN_WORLD(lengths_are_counted_in_characters_not_bytes),
        TEST_IN_WORLD(a_text_that_is_too_long_is_422_with_its_limits),
        TEST_IN_WORLD(no_body_is_as_good_as_one_without_fields),
        TEST_IN_WORLD(a_route_without_fields_takes_an_empty_object_only),
        TEST_IN_WORLD(a_name_cut_inside_a_character_still_makes_a_problem),
    };

    return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
