/*
 * Opening and closing a session: connect, greet, key exchange, host key, login.
 *
 * libssh2 reads and writes through our two functions below. They refuse once the deadline has
 * passed, so that no loop inside the library, whatever a hostile machine feeds it, runs longer
 * than it may.
 */
#include "ssh/ssh.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/scope.h"
#include "ssh/internal.h"

enum { OPEN_MS = 20000, CLOSE_MS = 200, TYPE_MAX = 64, SHA256_SIZE = 32 };

SCOPED_CLEANUP(struct ssh *, ssh_close);

void ssh_init(void)
{
    if (libssh2_init(0) != 0) {
        abort();
    }
}

static ssize_t on_receive(libssh2_socket_t sock, void *bytes, size_t len, int flags,
                          void **abstract)
{
    const struct ssh *ssh = *abstract;

    if (clock_ms() >= ssh->deadline) {
        return -ETIMEDOUT;
    }
    ssize_t n = recv(sock, bytes, len, flags);
    return n >= 0 ? n : errno == EINTR ? -EAGAIN : -errno;
}

static ssize_t on_send(libssh2_socket_t sock, const void *bytes, size_t len, int flags,
                       void **abstract)
{
    const struct ssh *ssh = *abstract;

    if (clock_ms() >= ssh->deadline) {
        return -ETIMEDOUT;
    }
    ssize_t n = send(sock, bytes, len, flags | MSG_NOSIGNAL);
    return n >= 0 ? n : errno == EINTR ? -EAGAIN : -errno;
}

/* libssh2 1.11.1 (Debian 13) has a setter for function pointers and frowns on the one before it. */
static void set_callback(LIBSSH2_SESSION *session, int which, void (*callback)(void))
{
#if LIBSSH2_VERSION_NUM >= 0x010B01
    (void)libssh2_session_callback_set2(session, which, callback);
#else
    (void)libssh2_session_callback_set(session, which, (void *)callback);
#endif
}

static struct ssh *session_new(int sock, const struct ssh_target *target, int64_t deadline)
{
    struct ssh *ssh = malloc(sizeof *ssh);

    if (!ssh) {
        abort();
    }
    *ssh = (struct ssh){.sock = sock, .deadline = deadline};
    (void)snprintf(ssh->peer, sizeof ssh->peer, "%.50s:%d", target->address, target->port);
    ssh->session = libssh2_session_init_ex(NULL, NULL, NULL, ssh);
    if (!ssh->session) {
        abort();
    }
    libssh2_session_set_blocking(ssh->session, 0);
    set_callback(ssh->session, LIBSSH2_CALLBACK_RECV, (void (*)(void))on_receive);
    set_callback(ssh->session, LIBSSH2_CALLBACK_SEND, (void (*)(void))on_send);
    return ssh;
}

/* A machine has several host keys: ask for the type that is pinned, or the key "changes" by
 * itself. */
static struct err prefer(struct ssh *ssh, const char *pin)
{
    char type[TYPE_MAX];
    size_t len = strcspn(pin, " ");

    if (len == 0 || len >= sizeof type || strncmp(pin + len, " SHA256:", 8) != 0) {
        return permanent("the pinned host key is malformed");
    }
    (void)snprintf(type, sizeof type, "%.*s", (int)len, pin);
    const char *methods = type;
#if LIBSSH2_VERSION_NUM >= 0x010B00
    if (strcmp(type, "ssh-rsa") == 0) {
        methods = "rsa-sha2-512,rsa-sha2-256,ssh-rsa";
    }
#endif
    if (libssh2_session_method_pref(ssh->session, LIBSSH2_METHOD_HOSTKEY, methods) != 0) {
        return permanent("host keys of type %s are not supported", type);
    }
    return OK;
}

static struct err shake_hands(struct ssh *ssh, bool pinned)
{
    ssize_t rc = SSH_AWAIT(ssh, libssh2_session_handshake(ssh->session, ssh->sock));

    if (rc == 0) {
        return OK;
    }
    struct err e = ssh_lost(ssh, ERR_TRANSIENT, "key exchange");
    if (rc == LIBSSH2_ERROR_KEX_FAILURE) {
        /* Nothing in common; with a pin the list had one host key type, and that is what is
         * missing. */
        e.kind = ERR_PERMANENT;
        e.code = pinned ? SSH_HOST_KEY_CHANGED : (int)rc;
    }
    return e;
}

/* "type SHA256:…" as ssh-keygen -l writes it. */
static struct err fingerprint(struct ssh *ssh, struct arena *arena, const char **ret)
{
    size_t len = 0;
    int kind = 0;
    const char *key = libssh2_session_hostkey(ssh->session, &len, &kind);
    const char *hash = libssh2_hostkey_hash(ssh->session, LIBSSH2_HOSTKEY_HASH_SHA256);
    unsigned char text[4 * (SHA256_SIZE / 3 + 1) + 1];

    /* The blob begins with its type: four bytes of length, then the name. */
    if (!key || !hash || len < 4 || key[0] || key[1] || key[2] || key[3] <= 0 ||
        key[3] >= TYPE_MAX || (size_t)key[3] > len - 4) {
        return ssh_lost(ssh, ERR_TRANSIENT, "reading the host key");
    }
    (void)EVP_EncodeBlock(text, (const unsigned char *)hash, SHA256_SIZE);
    text[strcspn((char *)text, "=")] = '\0';
    *ret = arena_printf(arena, "%.*s SHA256:%s", (int)key[3], key + 4, text);
    return OK;
}

static struct err log_in(struct ssh *ssh, const struct ssh_target *target)
{
    ssize_t rc = SSH_AWAIT(ssh, libssh2_userauth_publickey_frommemory(
                                    ssh->session, target->user, strlen(target->user), NULL, 0,
                                    target->private_key, strlen(target->private_key), NULL));

    if (rc == 0) {
        return OK;
    }
    struct err e = ssh_lost(ssh, ERR_TRANSIENT, "login");
    switch (rc) {
    case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
    case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
        e.code = SSH_AUTH_REFUSED;
        break;
    case LIBSSH2_ERROR_FILE:
    case LIBSSH2_ERROR_PROTO:
    case LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
        e.kind = ERR_PERMANENT; /* our key cannot be read: libssh2 has several words for it */
        break;
    default:
        break;
    }
    return e;
}

struct err ssh_open(const struct ssh_target *target, struct arena *arena, struct ssh **ret,
                    const char **ret_pin)
{
    int64_t deadline = clock_ms() + (target->deadline_ms > 0 ? target->deadline_ms : OPEN_MS);
    bool pinned = target->pin && target->pin[0];
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;
    int sock = -1;

    *ret = NULL;
    *ret_pin = "";
    struct err e = ssh_connect(target->address, target->port, deadline, &sock);
    if (failed(e)) {
        return err_in(e, "%.50s:%d", target->address, target->port);
    }
    ssh = session_new(sock, target, deadline);
    e = ssh_greeting(sock, deadline);
    if (failed(e)) {
        ssh_break(ssh);
        return err_in(e, "%s", ssh->peer);
    }
    if (pinned) {
        TRY(prefer(ssh, target->pin));
    }
    TRY(shake_hands(ssh, pinned));
    TRY(fingerprint(ssh, arena, ret_pin));
    if (pinned && strcmp(target->pin, *ret_pin) != 0) {
        ssh_break(ssh);
        e = permanent("%s shows another host key than at first: %s", ssh->peer, *ret_pin);
        e.code = SSH_HOST_KEY_CHANGED;
        return e;
    }
    TRY(log_in(ssh, target));
    *ret = GIVE(ssh);
    return OK;
}

void ssh_close(struct ssh *ssh)
{
    if (!ssh) {
        return;
    }
    ssh->deadline = clock_ms() + CLOSE_MS;
    if (!ssh->broken) {
        (void)SSH_AWAIT(ssh, libssh2_session_disconnect(ssh->session, "done"));
    }
    ssh_break(ssh); /* from here on libssh2 finds the line dead and only frees */
    (void)SSH_AWAIT(ssh, libssh2_session_free(ssh->session));
    (void)close(ssh->sock);
    free(ssh);
}
