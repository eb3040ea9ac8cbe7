/* Asking the OpenClaw on a machine for a link into it. A person waits meanwhile, so the time is short. */
#include "base/clock.h"
#include "machine_ssh.h"

enum {
    LOGIN_MS = 8000, /* a machine that does not answer by then does not answer */
    LEAST_MS = 1000,
    BY_TOKEN_MS = 3 * 60 * 1000, /* a noting that is older says little of who waits */
    LINK_LIMIT = 8 * 1024,
};

static struct err ask(struct ssh *ssh, int within_ms, struct arena *arena, struct link *ret)
{
    int64_t asked_at = clock_unix_us() / 1000;
    struct ssh_result said;

    TRY(openclaw_run(ssh, "dashboard --json", within_ms, LINK_LIMIT, arena, &said));
    return link_read(said.output, said.output_len, asked_at, arena, ret);
}

/*
 * OpenClaw may well do other things: it is only links that it does not make. One that is slow is not asked for more: it
 * makes them when it is less busy, and whoever can keep it busy must not choose the weaker way in.
 */
static bool makes_no_link(struct err e)
{
    return e.code == LINK_REFUSED || e.code == LINK_SENSELESS;
}

static struct err go_by_token(struct ssh *ssh, const char *before, int within_ms, struct err why,
                              struct arena *arena, struct link *ret)
{
    *ret = (struct link){.expires_at_ms = clock_unix_us() / 1000 + BY_TOKEN_MS,
                         .why = arena_strdup(arena, why.text)};
    return note_waiting(ssh, before, within_ms, arena, &ret->noted);
}

struct err machine_mint(const struct machine *machine, const char *before, int within_ms,
                        struct arena *arena, struct link *ret)
{
    SCOPED(ssh_close_p) struct ssh *ssh = NULL;
    int64_t deadline = clock_ms() + within_ms;
    const char *pin;

    TRY(open_machine(machine, within_ms < LOGIN_MS ? within_ms : LOGIN_MS, arena, &ssh, &pin));
    int left = (int)(deadline - clock_ms()) - OPENCLAW_GRACE_MS;
    if (left < LEAST_MS) {
        return unknown("no time was left to ask for a link");
    }
    struct err e = ask(ssh, left, arena, ret);
    if (!failed(e) || !makes_no_link(e)) {
        return e;
    }
    left = (int)(deadline - clock_ms()) - OPENCLAW_GRACE_MS;
    if (left < LEAST_MS || failed(go_by_token(ssh, before, left, e, arena, ret))) {
        return e; /* what is wrong with its links says more than what is wrong with its list */
    }
    return OK;
}
