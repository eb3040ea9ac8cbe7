/* Who may frame a page, by its headers, as a table. The dashboard is at https://dash.example, the page at 192.0.2.7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "verdict.h"

enum { HEADERS_MAX = 4 };

#define OWN "default-src 'self'; script-src 'self' 'sha256-x'; frame-ancestors"

/* clang-format off */
static const struct {
    const char *why;
    enum framing framing;
    const char *csp[HEADERS_MAX];
    const char *xfo;
} cases[] = {
    {"as we set it up",             FRAMING_OURS,      {OWN " https://dash.example; connect-src 'self' wss:"}, NULL},
    {"names in capitals",           FRAMING_OURS,      {"Default-Src 'self';FRAME-ANCESTORS\tHTTPS://Dash.Example;"}, NULL},
    {"among others",                FRAMING_OURS,      {OWN " 'self' https://a.example https://dash.example"}, NULL},
    {"all its subdomains' parent",  FRAMING_OURS,      {OWN " https://*.example"}, NULL},
    {"'none' beside ours is nonsense", FRAMING_OURS,   {OWN " 'none' https://dash.example"}, NULL},
    {"a second one about scripts",  FRAMING_OURS,      {OWN " https://dash.example", "script-src 'self'"}, NULL},
    {"a second one, narrower",      FRAMING_OURS,      {OWN " *", "frame-ancestors https://dash.example"}, NULL},
    {"two that agree",              FRAMING_OURS,      {OWN " https://dash.example, " OWN " https://dash.example"}, NULL},
    {"the first of a name counts",  FRAMING_OURS,      {OWN " https://dash.example; frame-ancestors 'none'"}, NULL},
    {"empty parts",                 FRAMING_OURS,      {";; ,, ;" OWN " https://dash.example;;"}, NULL},

    {"untouched",                   FRAMING_FORBIDDEN, {OWN " 'none'"}, "DENY"},
    {"X-Frame-Options left",        FRAMING_FORBIDDEN, {OWN " https://dash.example"}, "SAMEORIGIN"},
    {"X-Frame-Options, empty",      FRAMING_FORBIDDEN, {OWN " https://dash.example"}, ""},
    {"no policy",                   FRAMING_NO_POLICY, {NULL}, NULL},
    {"frame-ancestors gone",        FRAMING_UNSAID,    {"default-src 'self'; script-src 'self'"}, NULL},
    {"another name",                FRAMING_UNSAID,    {"default-src 'self'; frame-ancestors-x 'none'; frame-src 'none'"}, NULL},
    {"an empty policy",             FRAMING_UNSAID,    {""}, NULL},
    {"anybody",                     FRAMING_ANYBODY,   {OWN " *"}, NULL},
    {"anybody beside ours",         FRAMING_ANYBODY,   {OWN " https://dash.example *"}, NULL},
    {"anybody with HTTPS",          FRAMING_ANYBODY,   {OWN " https:"}, NULL},
    {"anybody without",             FRAMING_ANYBODY,   {OWN " http:"}, NULL},
    {"any host",                    FRAMING_ANYBODY,   {OWN " https://*"}, NULL},
    {"any host at any port",        FRAMING_ANYBODY,   {OWN " *:*"}, NULL},
    {"two that let anybody in",     FRAMING_ANYBODY,   {OWN " *", "frame-ancestors https:"}, NULL},
    {"'none'",                      FRAMING_REFUSED,   {OWN " 'none'"}, NULL},
    {"nobody",                      FRAMING_REFUSED,   {OWN}, NULL},
    {"only itself",                 FRAMING_REFUSED,   {OWN " 'self'"}, NULL},
    {"somebody else",               FRAMING_REFUSED,   {OWN " https://elsewhere.example"}, NULL},
    {"our name in another's",       FRAMING_REFUSED,   {OWN " https://dash.example.evil.example"}, NULL},
    {"another port",                FRAMING_REFUSED,   {OWN " https://dash.example:8443"}, NULL},
    {"written twice, theirs stays", FRAMING_REFUSED,   {OWN " 'none'", "frame-ancestors https://dash.example"}, NULL},
    {"the same in one header",      FRAMING_REFUSED,   {OWN " https://dash.example, frame-ancestors 'none'"}, NULL},
    {"a third one",                 FRAMING_REFUSED,   {OWN " https://dash.example", "img-src *", "frame-ancestors 'none'"}, NULL},
    {"their name for a directive",  FRAMING_REFUSED,   {OWN " 'none' frame-ancestors https://dash.example.x"}, NULL},
    {"only ours is left",           FRAMING_STRIPPED,  {"frame-ancestors https://dash.example"}, NULL},
};
/* clang-format on */

static struct http_response page_with(const char *const *csp, const char *xfo,
                                      struct http_header *room)
{
    struct http_response page = {.status = 200};
    int n = 0;

    for (int i = 0; i < HEADERS_MAX && csp[i]; i++) {
        room[n++] = (struct http_header){.name = HEADER_CSP, .value = csp[i]};
    }
    if (xfo) {
        room[n++] = (struct http_header){.name = HEADER_XFO, .value = xfo};
    }
    for (int i = 0; i + 1 < n; i++) {
        room[i].next = &room[i + 1];
    }
    page.headers = n ? room : NULL;
    return page;
}

static enum framing judge(const char *const *csp, const char *xfo, const char *dashboards,
                          const struct origin **refused)
{
    static struct origins ours;
    static struct origin self;
    struct http_header room[HEADERS_MAX + 1];
    struct http_response page = page_with(csp, xfo, room);

    assert_int_equal(origins_read(dashboards, &ours).kind, ERR_NONE);
    assert_true(origin_read("https://192.0.2.7", strlen("https://192.0.2.7"), &self));
    return framing_of(&page, &self, &ours, refused);
}

static void each_set_of_headers_has_its_meaning(void **state)
{
    (void)state;
    const struct origin *refused;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum framing framing = judge(cases[i].csp, cases[i].xfo, "https://dash.example", &refused);
        if (framing != cases[i].framing || (framing == FRAMING_REFUSED) != (refused != NULL)) {
            fail_msg("%s: %d", cases[i].why, (int)framing);
        }
    }
}

static void each_of_our_origins_must_be_let_in(void **state)
{
    (void)state;
    const struct origin *refused;
    const char *const both[HEADERS_MAX] = {OWN " https://dash.example http://127.0.0.1:9000"};
    const char *const one[HEADERS_MAX] = {OWN " https://dash.example"};
    const char *const port[HEADERS_MAX] = {OWN " https://dash.example http://*:9000"};
    const char dashboards[] = "https://dash.example http://127.0.0.1:9000";

    assert_int_equal(judge(both, NULL, dashboards, &refused), FRAMING_OURS);
    assert_int_equal(judge(one, NULL, dashboards, &refused), FRAMING_REFUSED);
    assert_memory_equal(refused->text, "http://127.0.0.1:9000", refused->text_len);
    assert_int_equal(judge(port, NULL, dashboards, &refused), FRAMING_ANYBODY);
}

static void each_meaning_has_a_sentence_of_its_own(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct origin refused;
    const char *texts[FRAMING_STRIPPED + 1];

    assert_true(origin_read("https://dash.example", strlen("https://dash.example"), &refused));
    for (int i = FRAMING_OURS; i <= FRAMING_STRIPPED; i++) {
        struct probe probe = verdict_of_framing((enum framing)i, &refused, arena);
        assert_int_equal(probe.verdict, i == FRAMING_OURS ? VERDICT_HEALTHY : VERDICT_FRAMING);
        texts[i] = probe.text;
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(texts[i], texts[j]);
        }
    }
    assert_string_equal(texts[FRAMING_OURS], "");
    assert_string_equal(texts[FRAMING_REFUSED],
                        "Its page may not be framed by the dashboard at https://dash.example "
                        "(frame-ancestors)");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_set_of_headers_has_its_meaning),
        cmocka_unit_test(each_of_our_origins_must_be_let_in),
        cmocka_unit_test(each_meaning_has_a_sentence_of_its_own),
    };

    return cmocka_run_group_tests_name("framing", tests, NULL, NULL);
}
