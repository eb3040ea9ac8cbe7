/* From notes and sealed secrets to what an action needs. */
#include "known.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ssh/ssh.h"

double installer_pause(double age_s, double share, double least, double most)
{
    double pause = age_s * share;

    return pause < least ? least : pause > most ? most : pause;
}

struct err installer_machine(struct job *job, struct machine *ret)
{
    unsigned char address[sizeof(struct in6_addr)];
    const char *key;
    size_t len;
    const char *ip = note(job, "ip");

    if (!ip || (inet_pton(AF_INET, ip, address) != 1 && inet_pton(AF_INET6, ip, address) != 1)) {
        return permanent("the server has no usable address");
    }
    if (!job_has_secret(job, SECRET_SSH_KEY)) { /* the database was restored from an older backup */
        return permanent("our key to the machine was lost; it runs on as it is, and can only be "
                         "installed anew or destroyed");
    }
    TRY(job_secret(job, SECRET_SSH_KEY, &key, &len));
    *ret = (struct machine){.ip = ip,
                            .private_key = arena_strndup(job->arena, key, len),
                            .pin = note(job, "host_key"),
                            .job = job};
    return OK;
}

const char *installer_secret(struct job *job, const char *name)
{
    const char *text;
    size_t len;

    if (!job_has_secret(job, name) || failed(job_secret(job, name, &text, &len))) {
        return NULL;
    }
    return arena_strndup(job->arena, text, len);
}

bool installer_key_is(struct job *job, const char *hash)
{
    unsigned char sum[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH + 1];
    const char *key = installer_secret(job, SECRET_OPENROUTER_KEY);

    if (!key) {
        return false;
    }
    (void)SHA256((const unsigned char *)key, strlen(key), sum);
    for (size_t i = 0; i < sizeof sum; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    }
    bool same = strcmp(hex, hash) == 0;
    OPENSSL_cleanse(sum, sizeof sum);
    OPENSSL_cleanse(hex, sizeof hex);
    return same;
}

struct err installer_told(struct err e, const char *what)
{
    bool sentence = e.text[0] >= 'A' && e.text[0] <= 'Z';

    if (e.code == SSH_HOST_KEY_CHANGED) {
        return permanent("The server's SSH host key changed since we met it. It may be another "
                         "machine, so nothing is sent to it; destroy it and deploy anew");
    }
    return !failed(e) || e.kind == ERR_NOT_YET || sentence ? e : err_in(e, "%s", what);
}
