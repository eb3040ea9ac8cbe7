/* Certificates are always verified, there is no detour by a proxy of the environment, and nothing is followed. */
#include "http/dial.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "http/trust.h"

void http_dial(CURL *curl, const struct http_dial *dial)
{
    curl_easy_setopt(curl, CURLOPT_URL, dial->url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* no detour by an environment variable */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT,
                     1L); /* a stuck name look-up must not pass the deadline */
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)dial->deadline_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)dial->connect_ms);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    http_trust(curl, dial->ca_file);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, dial->why);
}

enum err_kind http_dial_kind(CURLcode code)
{
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        return ERR_PERMANENT;
    default:
        return ERR_TRANSIENT;
    }
}

void http_dial_text(CURLcode code, const char *why, struct err *e)
{
    (void)snprintf(e->text, sizeof e->text, "%.225s", why[0] ? why : curl_easy_strerror(code));
    utf8_scrub(e->text, strlen(e->text));
}
