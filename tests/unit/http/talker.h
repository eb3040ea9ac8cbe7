/* The server's side of a WebSocket for tests: opens one, says a text, and writes down what the client says. */
#pragma once

#include <openssl/evp.h>

#include "server.h"

static char heard[4096]; /* after the handshake: "opcode:text " for each frame */

/* base64(SHA-1(key + GUID)) of the request that was heard. */
static void accept_of(const char *request, char ret[64])
{
    const char *key = strstr(request, "Sec-WebSocket-Key: ");
    char text[128];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;

    (void)snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19);
    (void)EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL);
    (void)EVP_EncodeBlock((unsigned char *)ret, digest, (int)len);
}

/* Opens what the client asks for; false when it asked for nothing. */
static bool open_it(struct peer *p, const char *more)
{
    char accept[64], head[512];

    if (!peer_hear(p)) {
        return false;
    }
    accept_of(p->request, accept);
    (void)snprintf(head, sizeof head,
                   "HTTP/1.1 101 Switching Protocols\r\nConnection: keep-alive, Upgrade\r\n"
                   "Upgrade: WebSocket\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
                   accept, more);
    return peer_say(p, head);
}

static void say_text(struct peer *p, const char *text)
{
    char head[2] = {(char)0x81, (char)strlen(text)};

    (void)peer_write(p, head, 2);
    (void)peer_say(p, text);
}

/* Reads exactly. */
static bool hear_bytes(struct peer *p, unsigned char *to, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = peer_read(p, (char *)to + at, len - at);
        if (n <= 0) {
            return false;
        }
        at += (size_t)n;
    }
    return true;
}

/* One short frame of the client into heard[] as "opcode:text "; false at the end. */
static bool hear_frame(struct peer *p)
{
    unsigned char head[2], mask[4], payload[0xffff];
    char opcode[8];
    size_t len;

    if (!hear_bytes(p, head, 2) || (head[1] & 0x80) == 0) {
        return false;
    }
    len = head[1] & 0x7f;
    if (len == 126) {
        unsigned char more[2];
        if (!hear_bytes(p, more, 2)) {
            return false;
        }
        len = (size_t)more[0] << 8 | more[1];
    }
    if (!hear_bytes(p, mask, 4) || !hear_bytes(p, payload, len)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        payload[i] ^= mask[i % 4];
    }
    (void)snprintf(opcode, sizeof opcode, "%d:", head[0] & 0x0f);
    size_t at = strlen(heard);
    (void)snprintf(heard + at, sizeof heard - at, "%s%.*s ", opcode,
                   (head[0] & 0x0f) == 8 ? 0 : (int)len, (const char *)payload);
    return true;
}
