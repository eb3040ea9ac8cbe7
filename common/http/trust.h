/*
 * Whose certificates count. A file of authorities is read once for all threads, and again when it changes: libcurl would
 * read the system's hundreds for each connection, which costs ten times what the rest of a TLS handshake does.
 */
#pragma once

#include <curl/curl.h>

/* Trust only the authorities in that file; NULL or "": the system's. The text is borrowed until the handle's next reset. */
void http_trust(CURL *curl, const char *ca_file);
