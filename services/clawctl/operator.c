/* Signals, waiting and showing, for the subcommands that change things. */
#include "operator.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

enum { POLL_S = 1, CEILING = 256 * 1024 };

static volatile sig_atomic_t stopped;

const char *operator_name(void)
{
    static char name[61];
    const char *user = getenv("SUDO_USER");

    user = user && *user ? user : getenv("USER");
    (void)snprintf(name, sizeof name, "%s", user && *user ? user : "clawctl");
    utf8_scrub(name, strlen(name));
    return name;
}

static void on_signal(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

void operator_heed_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

    (void)sigaction(SIGINT, &action, NULL); /* a second Ctrl-C ends it at once */
    (void)sigaction(SIGTERM, &action, NULL);
}

bool operator_stopped(void)
{
    return stopped != 0;
}

void operator_pause(double seconds)
{
    int64_t until = clock_ms() + (int64_t)(seconds * 1000);

    for (int64_t left; !stopped && (left = until - clock_ms()) > 0;) {
        (void)poll(NULL, 0,
                   (int)(left < 200 ? left : 200)); /* a signal just before it is not missed */
    }
}

static struct err left_in(struct db *db, const char *room, int64_t last_id, int64_t *ret)
{
    ROWS *rows = NULL;
    char sql[120];

    (void)snprintf(sql, sizeof sql, "select count(*) as n from %s.outbox where id <= $1::bigint",
                   room);
    TRY(db_exec(db, &rows, sql, P(last_id)));
    *ret = rows_int(rows, 0, "n");
    return OK;
}

struct err operator_await_said(struct db *db, const char *room, int64_t last_id, double deadline_s)
{
    int64_t until = clock_ms() + (int64_t)(deadline_s * 1000), left = 0;

    for (;;) {
        TRY(left_in(db, room, last_id, &left));
        if (left == 0) {
            return OK;
        }
        if (clock_ms() > until || operator_stopped()) {
            return transient(
                "done, but %lld events wait in the outbox '%s': nobody runs who would bring "
                "them to Kafka, or Kafka is away. They go out as soon as somebody does",
                (long long)left, room);
        }
        operator_pause(POLL_S / 10.0);
    }
}

/* The code point of the well-formed character of `n` bytes. */
static unsigned code_point(const unsigned char *at, size_t n)
{
    static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned c = at[0] & lead[n];

    for (size_t i = 1; i < n; i++) {
        c = c << 6 | (at[i] & 0x3fU);
    }
    return c;
}

/* Control characters, old and new; invisible ones; and those that turn the direction of what follows. */
static bool is_treacherous(unsigned c)
{
    static const struct {
        unsigned from, to;
    } ranges[] = {
        {0x00,    0x1f   },
        {0x7f,    0x9f   },
        {0xad,    0xad   },
        {0x61c,   0x61c  },
        {0x180e,  0x180e },
        {0x200b,  0x200f },
        {0x2028,  0x202e },
        {0x2060,  0x206f },
        {0xfeff,  0xfeff },
        {0xfff9,  0xfffb },
        {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (c >= ranges[i].from && c <= ranges[i].to) {
            return true;
        }
    }
    return false;
}

const char *visible(struct arena *arena, const char *text, bool lines)
{
    SCOPED(buf_release) struct buf out;

    buf_init(&out, CEILING);
    while (*text && !out.failed) {
        size_t n = utf8_length(text, strnlen(text, 4));
        unsigned c = n ? code_point((const unsigned char *)text, n) : (unsigned char)*text;
        n = n ? n : 1;
        if (c == '\n' && lines) {
            (void)buf_puts(&out, "\n  ");
        } else if (is_treacherous(c) || (n == 1 && c > 0x7f)) {
            (void)buf_printf(&out, "\\u{%x}", c);
        } else {
            (void)buf_put(&out, text, n);
        }
        text += n;
    }
    return arena_strdup(arena, out.at);
}
