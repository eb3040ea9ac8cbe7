/*
 * libcurl lets us put a store of our own into a connection's TLS before it begins. Without a file that can be read the
 * connection fails as it would with libcurl's own reading; nothing is ever trusted by mistake.
 */
#include "http/trust.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { FILES_MAX = 8 }; /* a service has one, and the system's */

struct authorities {
    char *path;
    struct stat seen;
    bool may_change_unseen; /* it was so young that the next change could bear the same time */
    X509_STORE *store;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct authorities known[FILES_MAX];

static X509_STORE *read_file(const char *path)
{
    X509_STORE *store = X509_STORE_new();

    if (!store) {
        abort();
    }
    /* As libcurl sets its own: the shortest way to somebody we trust is good. */
    X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
    if (X509_STORE_load_file(store, path) != 1) {
        ERR_clear_error();
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The place of that file, or the last one, for whoever comes when all are taken. */
static struct authorities *place_of(const char *path)
{
    int i = 0;

    while (i < FILES_MAX - 1 && known[i].path && strcmp(known[i].path, path) != 0) {
        i++;
    }
    if (!known[i].path || strcmp(known[i].path, path) != 0) {
        free(known[i].path);
        X509_STORE_free(known[i].store);
        known[i] = (struct authorities){.path = strdup(path)};
        if (!known[i].path) {
            abort();
        }
    }
    return &known[i];
}

/* The caller's own reference; NULL when the file cannot be read. */
static X509_STORE *store_of(const char *path)
{
    struct stat now;

    if (stat(path, &now) != 0) {
        return NULL;
    }
    (void)pthread_mutex_lock(&lock);
    struct authorities *place = place_of(path);
    if (!place->store || place->may_change_unseen || !same_file(&place->seen, &now)) {
        X509_STORE_free(place->store);
        place->store = read_file(path);
        place->seen = now;
        place->may_change_unseen = time(NULL) <= now.st_mtim.tv_sec + 1;
    }
    X509_STORE *store = place->store;
    if (store && X509_STORE_up_ref(store) != 1) {
        abort();
    }
    (void)pthread_mutex_unlock(&lock);
    return store;
}

static CURLcode on_new_tls(CURL *curl, void *tls, void *path)
{
    X509_STORE *store = store_of(path);

    (void)curl;
    if (!store) {
        return CURLE_SSL_CACERT_BADFILE;
    }
    SSL_CTX_set_cert_store(tls, store); /* takes our reference */
    return CURLE_OK;
}

void http_trust(CURL *curl, const char *ca_file)
{
    const char *path = ca_file && ca_file[0] ? ca_file : curl_version_info(CURLVERSION_NOW)->cainfo;

    if (!path) {
        return; /* a libcurl that knows the system's in another way */
    }
    curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
    /* Not read, for nothing is looked for where on_new_tls() puts its store; it keeps apart what libcurl may use again:
       a connection made under other authorities is another connection. */
    curl_easy_setopt(curl, CURLOPT_CAPATH, path);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, on_new_tls);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, (void *)path);
}
