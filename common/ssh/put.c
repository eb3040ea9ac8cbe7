/* Writing a file over a command: no SFTP needed, and the shell can make the last step atomic. */
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "ssh/internal.h"

enum { SAID_MAX = 100 };

const char *ssh_quote(struct arena *arena, const char *text)
{
    char *quoted = arena_alloc(arena, 4 * strlen(text) + 3);
    char *to = quoted;

    *to++ = '\'';
    for (; *text; text++) {
        if (*text == '\'') {
            to = stpcpy(to, "'\\''");
        } else {
            *to++ = *text;
        }
    }
    *to = '\'';
    return quoted;
}

static const char *temporary_name(struct arena *arena, const char *path)
{
    unsigned char r[6];

    if (RAND_bytes(r, sizeof r) != 1) {
        abort();
    }
    return arena_printf(arena, "%s.%02x%02x%02x%02x%02x%02x", path, r[0], r[1], r[2], r[3], r[4],
                        r[5]);
}

struct err ssh_put(struct ssh *ssh, const char *path, int mode, const char *bytes, size_t len,
                   int deadline_ms, struct arena *arena)
{
    struct ssh_result result;
    const char *target = ssh_quote(arena, path);
    const char *temporary = ssh_quote(arena, temporary_name(arena, path));
    /* A connection that dies half-way is an ordinary end of input for cat: hence the count. */
    const char *command =
        arena_printf(arena,
                     "umask 077; t=%s; if cat > \"$t\" && [ \"$(wc -c < \"$t\")\" -eq %zu ] && "
                     "chmod %04o \"$t\" &&"
                     " mv -f -T -- \"$t\" %s; then exit 0; fi; rm -f -- \"$t\"; exit 1",
                     temporary, len, (unsigned)mode & 07777U, target);

    TRY(ssh_run(ssh, command, bytes, len, deadline_ms, SAID_MAX, arena, &result));
    if (result.status != 0) {
        char *said = arena_strndup(arena, result.output, result.output_len);
        said[strcspn(said, "\r\n")] = '\0';
        utf8_scrub(said, strlen(said));
        struct err e = transient("%s: cannot write %.60s: %s", ssh->peer, path, said);
        e.code = result.status;
        return e;
    }
    return OK;
}
