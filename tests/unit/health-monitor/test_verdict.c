/* Every way a machine can answer or not, as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "verdict.h"

/* clang-format off */
static const struct {
    const char *why;
    int curl_code;
    long verify_result, status;
    const char *curl_text;
    enum verdict verdict;
    const char *text;
} cases[] = {
    {"page", 0, 0, 200, "", VERDICT_HEALTHY, ""},
    {"refused", CURLE_COULDNT_CONNECT, 0, 0, "Failed to connect", VERDICT_UNREACHABLE, "It cannot be reached"},
    {"dark", CURLE_OPERATION_TIMEDOUT, 0, 0, "Connection timed out after 3000 milliseconds", VERDICT_UNREACHABLE, "It does not answer in time"},
    {"mute TLS", CURLE_OPERATION_TIMEDOUT, 0, 0, "SSL connection timeout", VERDICT_TLS_NOT_READY, "It does not finish a TLS handshake"},
    {"ACME pending", CURLE_SSL_CONNECT_ERROR, 0, 0, "tlsv1 alert internal error", VERDICT_TLS_NOT_READY, "It has no TLS certificate yet"},
    {"plain HTTP", CURLE_SSL_CONNECT_ERROR, 0, 0, "wrong version number", VERDICT_TLS_NOT_READY, "It has no TLS certificate yet"},
    {"expired", CURLE_PEER_FAILED_VERIFICATION, 10, 0, "certificate has expired", VERDICT_CERT_EXPIRED, "Its TLS certificate has expired"},
    {"too early", CURLE_PEER_FAILED_VERIFICATION, 9, 0, "certificate is not yet valid", VERDICT_CERT_EXPIRED, "Its TLS certificate is not valid yet"},
    {"self-signed", CURLE_PEER_FAILED_VERIFICATION, 18, 0, "self-signed certificate", VERDICT_CERT_UNTRUSTED, "Its TLS certificate is not from a trusted authority"},
    {"internal CA", CURLE_PEER_FAILED_VERIFICATION, 20, 0, "unable to get local issuer certificate", VERDICT_CERT_UNTRUSTED, "Its TLS certificate is not from a trusted authority"},
    {"wrong name", CURLE_PEER_FAILED_VERIFICATION, 0, 0, "no alternative certificate subject name matches", VERDICT_CERT_OTHER_NAME, "Its TLS certificate is not for this address"},
    {"wrong name, odd result", CURLE_PEER_FAILED_VERIFICATION, 20, 0, "no alternative certificate subject name matches", VERDICT_CERT_OTHER_NAME, "Its TLS certificate is not for this address"},
    {"wrong address", CURLE_PEER_FAILED_VERIFICATION, 64, 0, "IP address mismatch", VERDICT_CERT_OTHER_NAME, "Its TLS certificate is not for this address"},
    {"hangs up", CURLE_GOT_NOTHING, 0, 0, "Empty reply from server", VERDICT_UNREACHABLE, "It breaks the connection off"},
    {"reset", CURLE_RECV_ERROR, 0, 0, "Connection reset by peer", VERDICT_UNREACHABLE, "It breaks the connection off"},
    {"endless", CURLE_WRITE_ERROR, 0, 0, "the answer is too large", VERDICT_WRONG_ANSWER, "It answers with far too much"},
    {"no HTTP", CURLE_WEIRD_SERVER_REPLY, 0, 0, "Weird server reply", VERDICT_WRONG_ANSWER, "It does not answer with HTTP"},
    {"our CA file", CURLE_SSL_CACERT_BADFILE, 0, 0, "error setting certificate file", VERDICT_OURS, "The health check cannot read its certificate authorities"},
    {"anything else", CURLE_FAILED_INIT, 0, 0, "odd", VERDICT_UNREACHABLE, "It cannot be checked: odd"},
    {"proxy alone", 0, 0, 502, "", VERDICT_APP_DOWN, "OpenClaw does not run yet (its page gives 502)"},
    {"starting", 0, 0, 503, "", VERDICT_APP_DOWN, "OpenClaw does not run yet (its page gives 503)"},
    {"hanging", 0, 0, 504, "", VERDICT_APP_DOWN, "OpenClaw does not run yet (its page gives 504)"},
    {"proxy not trusted", 0, 0, 403, "", VERDICT_WRONG_ANSWER, "It gives 403 for its page"},
    {"redirect", 0, 0, 308, "", VERDICT_WRONG_ANSWER, "It gives 308 for its page"},
    {"no content", 0, 0, 204, "", VERDICT_WRONG_ANSWER, "It gives 204 for its page"},
    {"broken", 0, 0, 500, "", VERDICT_WRONG_ANSWER, "It gives 500 for its page"},
};
/* clang-format on */

static void each_answer_has_its_own_verdict_and_sentence(void **state)
{
    (void)state;
    struct arena *arena = arena_new();

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err e = OK;
        if (cases[i].curl_code) {
            e = transient("%s", cases[i].curl_text);
        }
        struct http_response response = {.curl_code = cases[i].curl_code,
                                         .verify_result = cases[i].verify_result,
                                         .status = cases[i].status,
                                         .body = ""};
        struct probe probe = verdict_of(e, &response, "its page", arena);
        if (probe.verdict != cases[i].verdict || strcmp(probe.text, cases[i].text) != 0) {
            fail_msg("%s: %d '%s'", cases[i].why, (int)probe.verdict, probe.text);
        }
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_has_its_own_verdict_and_sentence),
    };

    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
