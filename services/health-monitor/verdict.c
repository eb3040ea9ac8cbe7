/*
 * Curl's codes to verdicts, each with a sentence of its own. Verified certificates are a must: when
 * verification fails, OpenSSL's result tells expired from untrusted; for a wrong name it means nothing,
 * so curl's text is asked first.
 */
#include "verdict.h"

#include <curl/curl.h>
#include <openssl/x509_vfy.h>
#include <string.h>

static struct probe certificate(struct err e, long verify_result)
{
    if (strstr(e.text, "subject name") || strstr(e.text, "does not match")) {
        return (struct probe){VERDICT_CERT_OTHER_NAME,
                              "Its TLS certificate is not for this address"};
    }
    switch (verify_result) {
    case X509_V_OK:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return (struct probe){VERDICT_CERT_OTHER_NAME,
                              "Its TLS certificate is not for this address"};
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return (struct probe){VERDICT_CERT_EXPIRED, "Its TLS certificate has expired"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return (struct probe){VERDICT_CERT_EXPIRED, "Its TLS certificate is not valid yet"};
    default:
        return (struct probe){VERDICT_CERT_UNTRUSTED,
                              "Its TLS certificate is not from a trusted authority"};
    }
}

/* Curl reports a handshake that hangs as a plain time-out; only its text tells. */
static struct probe timed_out(const char *text)
{
    if (strstr(text, "SSL connection timeout")) {
        return (struct probe){VERDICT_TLS_NOT_READY, "It does not finish a TLS handshake"};
    }
    return (struct probe){VERDICT_UNREACHABLE, "It does not answer in time"};
}

struct probe verdict_of_failure(struct err e, int curl_code, long verify_result,
                                struct arena *arena)
{
    switch (curl_code) {
    case CURLE_COULDNT_CONNECT:
        return (struct probe){VERDICT_UNREACHABLE, "It cannot be reached"};
    case CURLE_OPERATION_TIMEDOUT:
        return timed_out(e.text);
    case CURLE_SSL_CONNECT_ERROR:
        return (struct probe){VERDICT_TLS_NOT_READY, "It has no TLS certificate yet"};
    case CURLE_PEER_FAILED_VERIFICATION:
        return certificate(e, verify_result);
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
        return (struct probe){VERDICT_UNREACHABLE, "It breaks the connection off"};
    case CURLE_WRITE_ERROR:
        return (struct probe){VERDICT_WRONG_ANSWER, "It answers with far too much"};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return (struct probe){VERDICT_WRONG_ANSWER, "It does not answer with HTTP"};
    case CURLE_SSL_CACERT_BADFILE:
        return (struct probe){VERDICT_OURS,
                              "The health check cannot read its certificate authorities"};
    default:
        return (struct probe){VERDICT_UNREACHABLE,
                              arena_printf(arena, "It cannot be checked: %.120s", e.text)};
    }
}

struct probe verdict_of(struct err e, const struct http_response *response, const char *what,
                        struct arena *arena)
{
    if (failed(e)) {
        return verdict_of_failure(e, response->curl_code, response->verify_result, arena);
    }
    if (response->status == 200) {
        return (struct probe){VERDICT_HEALTHY, ""};
    }
    return verdict_of_status(response->status, what, arena);
}

struct probe verdict_of_status(long status, const char *what, struct arena *arena)
{
    if (status == 502 || status == 503 || status == 504) {
        return (struct probe){
            VERDICT_APP_DOWN,
            arena_printf(arena, "OpenClaw does not run yet (%s gives %ld)", what, status)};
    }
    return (struct probe){VERDICT_WRONG_ANSWER,
                          arena_printf(arena, "It gives %ld for %s", status, what)};
}

struct probe verdict_of_framing(enum framing framing, const struct origin *refused,
                                struct arena *arena)
{
    switch (framing) {
    case FRAMING_OURS:
        return (struct probe){VERDICT_HEALTHY, ""};
    case FRAMING_FORBIDDEN:
        return (struct probe){VERDICT_FRAMING, "Its page forbids every frame (X-Frame-Options), so "
                                               "the dashboard cannot show it"};
    case FRAMING_NO_POLICY:
        return (struct probe){VERDICT_FRAMING, "Its page has lost its Content-Security-Policy, so "
                                               "any website may frame it"};
    case FRAMING_UNSAID:
        return (struct probe){VERDICT_FRAMING, "Its page does not say who may frame it "
                                               "(frame-ancestors), so any website may"};
    case FRAMING_ANYBODY:
        return (struct probe){VERDICT_FRAMING,
                              "Its page may be framed by any website (frame-ancestors)"};
    case FRAMING_REFUSED:
        return (struct probe){VERDICT_FRAMING,
                              arena_printf(arena,
                                           "Its page may not be framed by the dashboard at %.*s "
                                           "(frame-ancestors)",
                                           (int)(refused->text_len < 100 ? refused->text_len : 100),
                                           refused->text)};
    case FRAMING_STRIPPED:
        return (struct probe){VERDICT_FRAMING,
                              "Its page has lost OpenClaw's own Content-Security-Policy; only "
                              "who may frame it is left"};
    }
    return (struct probe){VERDICT_OURS, "The health check does not understand itself"};
}
