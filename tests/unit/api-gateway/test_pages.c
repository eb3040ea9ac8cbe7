/* The dashboard's files: what was read at start is served, and nothing else. */
#include "world.h"

#include <sys/stat.h>
#include <unistd.h>

#include "pages.h"

static char folder[64];

static void put(const char *name, const char *text)
{
    char path[200];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    (void)fputs(text, out);
    (void)fclose(out);
}

static void drop(const char *name)
{
    char path[200];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (unlink(path) != 0) {
        (void)rmdir(path);
    }
}

static int make_dashboard(void **state)
{
    char path[200];

    (void)snprintf(folder, sizeof folder, "/tmp/pages-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/assets", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    put("index.html", "<title>home</title>");
    put("favicon.svg", "<svg/>");
    put("assets/index-ab12.js", "run()");
    (void)snprintf(path, sizeof path, "%s/link.txt", folder);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    return set_up(state);
}

static int drop_dashboard(void **state)
{
    static const char *const names[] = {"index.html", "favicon.svg", "assets/index-ab12.js",
                                        "link.txt",   "assets",      "openapi.yaml"};

    pages_release();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        drop(names[i]);
    }
    (void)rmdir(folder);
    return tear_down(state);
}

static void load(void)
{
    struct err e = pages_load(folder);

    if (failed(e)) {
        fail_msg("%s", e.text);
    }
}

static void ask(const char *path)
{
    reply = (struct reply){0};
    info.local_uri = path;
    assert_false(failed(pages_get(&request, &reply)));
}

static void files_are_served_under_their_names(void **state)
{
    (void)state;
    load();
    ask("/favicon.svg");
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.type, "image/svg+xml");
    assert_string_equal(reply.body, "<svg/>");
    assert_string_equal(reply.cache, "no-cache");
}

static void hashed_assets_may_be_kept_for_ever(void **state)
{
    (void)state;
    load();
    ask("/assets/index-ab12.js");
    assert_string_equal(reply.type, "text/javascript; charset=utf-8");
    assert_non_null(strstr(reply.cache, "immutable"));
    assert_non_null(strstr(reply.policy, "frame-ancestors 'none'"));
}

static void addresses_of_the_dashboard_get_its_page(void **state)
{
    static const char *const paths[] = {"/", "/openclaw/0196e0a5", "/sign-in", "", "/a.b/c"};

    (void)state;
    load();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        ask(paths[i]);
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply.body, "<title>home</title>");
        assert_string_equal(reply.cache, "no-cache");
    }
}

static void no_path_leads_out_of_the_folder(void **state)
{
    static const char *const paths[] = {
        "/../etc/passwd.txt",
        "/assets/../../secret.txt",
        "/..%2f..%2fetc%2fpasswd.txt",
        "//etc/hosts.txt",
        "/link.txt",
        "/assets/nothing.js",
        "/index.html.bak",
        "/api/nothing",
    };

    (void)state;
    load();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        ask(paths[i]);
        assert_int_equal(reply.status, 404);
    }
    ask("/../../etc/passwd"); /* no extension: taken for an address of the dashboard */
    assert_string_equal(reply.body, "<title>home</title>");
}

static void a_folder_may_be_named_with_a_slash_at_its_end(void **state)
{
    char named[80];

    (void)state;
    (void)snprintf(named, sizeof named, "%s//", folder);
    assert_false(failed(pages_load(named)));
    assert_non_null(pages_find("/assets/index-ab12.js"));
}

static void a_folder_that_is_missing_or_empty_is_an_error_and_404(void **state)
{
    (void)state;
    struct err e = pages_load("/nowhere/at/all");
    assert_true(failed(e));
    assert_non_null(strstr(e.text, "/nowhere/at/all"));
    ask("/");
    assert_detail(404, "not installed");
}

static void the_description_of_the_api_may_be_absent(void **state)
{
    char path[200];

    (void)state;
    pages_load_openapi("/nowhere.yaml");
    assert_false(failed(pages_openapi(&request, &reply)));
    assert_int_equal(reply.status, 404);
    put("openapi.yaml", "openapi: 3.1.0\n");
    (void)snprintf(path, sizeof path, "%s/openapi.yaml", folder);
    pages_load_openapi(path);
    assert_false(failed(pages_openapi(&request, &reply)));
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.type, "application/yaml; charset=utf-8");
}

static void types_follow_the_extension(void **state)
{
    (void)state;
    assert_string_equal(pages_type("/index.html"), "text/html; charset=utf-8");
    assert_string_equal(pages_type("/a.b/X.CSS"), "text/css; charset=utf-8");
    assert_string_equal(pages_type("/font.woff2"), "font/woff2");
    assert_string_equal(pages_type("/unknown.xyz"), "application/octet-stream");
    assert_string_equal(pages_type("/a.js/none"), "application/octet-stream");
}

#define IN_DASHBOARD(name) cmocka_unit_test_setup_teardown(name, make_dashboard, drop_dashboard)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DASHBOARD(files_are_served_under_their_names),
        IN_DASHBOARD(hashed_assets_may_be_kept_for_ever),
        IN_DASHBOARD(addresses_of_the_dashboard_get_its_page),
        IN_DASHBOARD(no_path_leads_out_of_the_folder),
        IN_DASHBOARD(a_folder_may_be_named_with_a_slash_at_its_end),
        IN_DASHBOARD(a_folder_that_is_missing_or_empty_is_an_error_and_404),
        IN_DASHBOARD(the_description_of_the_api_may_be_absent),
        TEST(types_follow_the_extension),
    };

    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
