/* Letting a browser in that waits at the door of the OpenClaw on a machine. */
#include <time.h>

#include "base/clock.h"
#include "machine_ssh.h"

SCOPED_CLEANUP(struct arena *, arena_free);

enum {
    LOGIN_MS = 8000,
    LEAST_MS = 1000,
    LOOK_MS = 3000,  /* with less than that left it is not looked again */
    LIST_MS = 8000,  /* it takes 1.5 s */
    KNOWN_MS = 5000, /* by then a browser that has to wait does */
    PAUSE_MS = 500,  /* between two looks; a browser takes some seconds to come */
    TRIES = 2, /* a request that is replaced by another of the same browser is looked for again */
    ANSWER_LIMIT = 16 * 1024,
    LIST_LIMIT = 1024 * 1024, /* every browser that was ever let in is in it */
};

static int least(int64_t a, int64_t b)
{
    return (int)(a < b ? a : b);
}

/* A long list is forgotten at once: only the ids stay. */
static struct err list(struct ssh *ssh, int within_ms, struct arena *arena, struct devices *ret)
{
    SCOPED(arena_free_p) struct arena *scratch = arena_new();
    struct ssh_result said;

    TRY(openclaw_run(ssh, "devices list --json", within_ms, LIST_LIMIT, scratch, &said));
    return devices_read(said.output, said.output_len, arena, ret);
}

/* If it stays, two may wait, and nobody is approved. */
static void turn_away(struct ssh *ssh, const char *id, int within_ms, struct arena *arena)
{
    struct ssh_result said;
    struct err e = within_ms >= LEAST_MS
                       ? openclaw_run(ssh, arena_printf(arena, "devices reject %s --json", id),
                                      within_ms, ANSWER_LIMIT, arena, &said)
                       : OK;

    (void)e;
}

struct err note_waiting(struct ssh *ssh, const char *before, int within_ms, struct arena *arena,
                        const char **ret_noted)
{
    int64_t deadline = clock_ms() + within_ms;
    struct devices waiting, noted;

    TRY(list(ssh, least(within_ms, LIST_MS), arena, &waiting));
    noted = (struct devices){.seen_ms = waiting.seen_ms};
    for (size_t i = 0; i < waiting.n; i++) {
        const char *id = waiting.ids[i];
        int64_t left = deadline - clock_ms();
        bool ours = before && !devices_has_noted(before, id);
        noted.ids[noted.n++] = id; /* also one that is turned away: it may stay all the same */
        if (ours) {                /* of a try that failed: with it there would be two */
            turn_away(ssh, id, (int)left, arena);
        }
    }
    *ret_noted = devices_noted(&noted, arena);
    return OK;
}

static struct err approve(struct ssh *ssh, const char *id, int within_ms, struct arena *arena)
{
    struct ssh_result said;

    TRY(openclaw_run(ssh, arena_printf(arena, "devices approve %s --json", id), within_ms,
                     ANSWER_LIMIT, arena, &said));
    if (said.status != 0) {
        struct err e = permanent("OpenClaw does not approve it (status %d)", said.status);
        e.code = DEVICES_REFUSED;
        return e;
    }
    return OK;
}

static struct err nobody(void)
{
    struct err e = permanent("no browser came to wait");

    e.code = DEVICES_NOBODY;
    return e;
}

struct err machine_approve(const struct machine *machine, const char *noted, int within_ms,
                           struct arena *arena, bool *ret_known)
{
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    int64_t began = clock_ms(), deadline = began + within_ms;
    const char *pin, *id;

    *ret_known = false;
    TRY(open_machine(machine, least(within_ms, LOGIN_MS), arena, &ssh, &pin));
    for (int tries = 0;;) {
        int64_t left = deadline - clock_ms() - OPENCLAW_GRACE_MS;
        struct devices waiting;
        if (left < LOOK_MS) {
            return nobody();
        }
        TRY(list(ssh, least(left, LIST_MS), arena, &waiting));
        struct err e = devices_choose(&waiting, noted, &id);
        left = deadline - clock_ms() - OPENCLAW_GRACE_MS;
        if (!failed(e)) {
            e = left < LEAST_MS ? unknown("no time was left to approve it")
                                : approve(ssh, id, (int)left, arena);
            if (e.code != DEVICES_REFUSED || ++tries == TRIES) {
                return e;
            }
        } else if (e.kind != ERR_NOT_YET) {
            return e;
        } else if (clock_ms() - began > KNOWN_MS && devices_seen_since(&waiting, noted)) {
            *ret_known = true;
            return OK;
        }
        (void)nanosleep(&pause, NULL);
    }
}
