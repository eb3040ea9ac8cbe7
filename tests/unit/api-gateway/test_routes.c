/* The table of routes: who answers what, and what is said when nobody does. */
#include "world.h"

#include "routes.h"

#define ID "0196e0a5-7f3c-7abc-8def-0123456789ab"

static char id[ID_SIZE], allowed[40];

static const struct route *match(const char *method, const char *path)
{
    return routes_match(method, path, id, allowed, sizeof allowed);
}

static void a_route_is_found_by_method_and_path(void **state)
{
    (void)state;
    const struct route *route = match("POST", "/api/openclaw/deploy");
    assert_non_null(route);
    assert_true(route->needs_session);
    assert_string_equal(route->path, "/api/openclaw/deploy");
    assert_string_equal(match("GET", "/api/openclaw/deployments")->path,
                        "/api/openclaw/deployments");
}

static void the_id_is_taken_out_of_the_path(void **state)
{
    (void)state;
    assert_non_null(match("GET", "/api/openclaw/deployments/" ID));
    assert_string_equal(id, ID);
    assert_non_null(match("POST", "/api/openclaw/deployments/" ID "/retry"));
    assert_string_equal(id, ID);
    const struct route *approve = match("POST", "/api/openclaw/deployments/" ID "/open/approve");
    assert_string_equal(id, ID);
    assert_true(approve->needs_session);
}

static void what_is_no_id_is_matched_but_not_taken(void **state)
{
    static const char *const bad[] = {
        "abc",
        "0196e0a5-7f3c-7abc-8def-0123456789ag",
        ID "0",
        "0196e0a57f3c7abc8def0123456789ab0000",
        "..",
        "%00",
        "'; drop table users; --",
    };
    char path[200];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(path, sizeof path, "/api/openclaw/deployments/%s", bad[i]);
        assert_non_null(match("GET", path));
        assert_string_equal(id, "");
    }
}

static void a_wrong_method_is_told_the_right_ones(void **state)
{
    (void)state;
    assert_null(match("PUT", "/api/openclaw/deployments/" ID));
    assert_string_equal(allowed, "GET, DELETE");
    assert_null(match("GET", "/api/auth/sign-in"));
    assert_string_equal(allowed, "POST");
    assert_null(match("POST", "/"));
    assert_string_equal(allowed, "GET, HEAD");
}

static void unknown_addresses_of_the_api_are_nobodys(void **state)
{
    static const char *const paths[] = {
        "/api",
        "/api/",
        "/api/x",
        "/api/openclaw/deployments/",
        "/api/openclaw/deployments/" ID "/",
        "/api/openclaw/deployments/" ID "/events/x",
        "/api/openclaw/deploys",
        "/api/openclaw/deploymen",
    };

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_null(match("GET", paths[i]));
        assert_string_equal(allowed, "");
    }
}

static void everything_else_is_the_dashboards(void **state)
{
    (void)state;
    assert_non_null(match("GET", "/"));
    assert_non_null(match("HEAD", "/openclaw/" ID));
    assert_non_null(match("GET", "/apis"));
    assert_non_null(match("GET", ""));
}

static void only_accounts_and_the_description_are_open_to_all(void **state)
{
    FILE *out = tmpfile();
    char line[200], method[10], path[150];
    int n = 0;

    (void)state;
    assert_non_null(out);
    routes_print(out);
    rewind(out);
    while (fgets(line, sizeof line, out)) {
        assert_int_equal(sscanf(line, "%9s %149s", method, path), 2);
        bool open =
            strncmp(path, "/api/auth/sign", 14) == 0 || strcmp(path, "/api/openapi.yaml") == 0;
        assert_int_equal(match(method, path)->needs_session, !open);
        n++;
    }
    assert_int_equal(n, 17);
    (void)fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_route_is_found_by_method_and_path),
        TEST(the_id_is_taken_out_of_the_path),
        TEST(what_is_no_id_is_matched_but_not_taken),
        TEST(a_wrong_method_is_told_the_right_ones),
        TEST(unknown_addresses_of_the_api_are_nobodys),
        TEST(everything_else_is_the_dashboards),
        TEST(only_accounts_and_the_description_are_open_to_all),
    };

    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
