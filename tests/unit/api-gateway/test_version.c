/* Which version is newer, and that the one offered is the one that is set up. */
#include "settings.h"
#include "version.h"
#include "world.h"

static void numbers_count_not_letters(void **state)
{
    static const char *const ascending[] = {
        "0.9",
        "2026.2.26",
        "2026.9",
        "2026.9.0.1",
        "2026.9.5",
        "2026.9.6-beta.1",
        "2026.9.6-beta.2",
        "2026.9.6",
        "2026.9.10",
        "2026.10.0",
        "2027.0.0",
        "99999999999999999999.1",
        "100000000000000000000.0",
    };
    enum { N = sizeof ascending / sizeof ascending[0] };

    (void)state;
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < N; k++) {
            if (version_is_newer(ascending[i], ascending[k]) != (i > k)) {
                fail_msg("%s and %s", ascending[i], ascending[k]);
            }
        }
    }
}

static void the_same_in_other_words_is_not_newer(void **state)
{
    (void)state;
    assert_false(version_is_newer("2026.9", "2026.9.0"));
    assert_false(version_is_newer("2026.9.0", "2026.9"));
    assert_false(version_is_newer("2026.09.6", "2026.9.6"));
}

static void what_is_no_version_is_never_newer(void **state)
{
    static const char *const bad[] = {
        "",
        "2026",
        ".9",
        "2026.",
        "2026..9",
        "latest",
        "v2026.9.6",
        "9.9-",
        "9.9 ",
        "9.9-beta_1",
        "9.9\n9.9",
        "9.9;rm",
        "-1.9",
        "9.9-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (version_valid(bad[i]) || version_is_newer(bad[i], "0.1") ||
            version_is_newer("9999.9", bad[i])) {
            fail_msg("'%s' was taken", bad[i]);
        }
    }
}

static void what_is_offered_is_what_the_setup_installs(void **state)
{
    char line[200], pinned[100] = "";
    FILE *script = fopen("deploy/vps/pins.sh", "r");

    (void)state;
    assert_non_null(script);
    while (!*pinned && fgets(line, sizeof line, script)) {
        (void)sscanf(line, "OPENCLAW_VERSION=%99s", pinned);
    }
    (void)fclose(script);
    for (int i = 0; i < gateway_settings_n; i++) {
        if (strcmp(gateway_settings[i].name, "OPENCLAW_VERSION") == 0) {
            assert_string_equal(gateway_settings[i].otherwise, pinned);
            return;
        }
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers_count_not_letters),
        TEST(the_same_in_other_words_is_not_newer),
        TEST(what_is_no_version_is_never_newer),
        TEST(what_is_offered_is_what_the_setup_installs),
    };

    return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
