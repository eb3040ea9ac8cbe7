/*
 * Certificates for a test: a CA and server certificates with the names, dates and signers the test
 * asks for, made by OpenSSL in memory.
 */
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

struct identity {
    EVP_PKEY *key;
    X509 *cert;
};

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    if (!extension || X509_add_ext(cert, extension, -1) != 1) {
        abort();
    }
    X509_EXTENSION_free(extension);
}

/* `alt_name` NULL: a CA; `signer` NULL: signed by itself. */
static struct identity identity_new(const char *alt_name, const struct identity *signer,
                                    long from_s, long to_s)
{
    static long serial = 1;
    struct identity id = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};
    X509_NAME *name = X509_get_subject_name(id.cert);

    (void)X509_set_version(id.cert, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(id.cert), serial++);
    (void)X509_gmtime_adj(X509_getm_notBefore(id.cert), from_s);
    (void)X509_gmtime_adj(X509_getm_notAfter(id.cert), to_s);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                     (const unsigned char *)(alt_name ? "machine" : "test CA"), -1,
                                     -1, 0);
    (void)X509_set_issuer_name(id.cert, signer ? X509_get_subject_name(signer->cert) : name);
    (void)X509_set_pubkey(id.cert, id.key);
    if (alt_name) {
        add_extension(id.cert, NID_subject_alt_name, alt_name);
    } else {
        add_extension(id.cert, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(id.cert, NID_key_usage, "critical,keyCertSign");
    }
    if (X509_sign(id.cert, signer ? signer->key : id.key, EVP_sha256()) == 0) {
        abort();
    }
    return id;
}

static void identity_release(struct identity *id)
{
    EVP_PKEY_free(id->key);
    X509_free(id->cert);
}

static SSL_CTX *server_tls(const struct identity *id)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    if (!tls || SSL_CTX_use_certificate(tls, id->cert) != 1 ||
        SSL_CTX_use_PrivateKey(tls, id->key) != 1) {
        abort();
    }
    return tls;
}

static void write_cert(const char *path, X509 *cert)
{
    FILE *f = fopen(path, "we");

    if (!f || PEM_write_X509(f, cert) != 1 || fclose(f) != 0) {
        abort();
    }
}
