/* What is remembered of requests with an unknown outcome: how many, and when the last was given up. */
#include "unknown.h"

#include "base/clock.h"
#include "settings.h"

static int64_t now_ms(void)
{
    return clock_unix_us() / 1000;
}

void unknown_note(struct job *job)
{
    note_set_int(job, "unknown", note_int(job, "unknown", 0) + 1);
    note_set_int(job, "unknown_ms", now_ms());
}

void unknown_seen(struct job *job, size_t n)
{
    int64_t left = note_int(job, "unknown", 0) - (int64_t)n;

    if (left <= 0) {
        unknown_forget(job);
    } else if (n > 0) {
        note_set_int(job, "unknown", left);
    }
}

double unknown_wait_s(const struct job *job)
{
    const struct key_settings *settings = job->world;

    if (note_int(job, "unknown", 0) <= 0) {
        return 0;
    }
    double over = (double)(now_ms() - note_int(job, "unknown_ms", 0)) / 1e3;
    bool passed = over >= settings->unknown_wait_s ||
                  over < -settings->unknown_wait_s; /* a clock that was set back */
    return passed ? 0 : settings->unknown_wait_s - over;
}

void unknown_forget(struct job *job)
{
    if (note_int(job, "unknown", 0) > 0) {
        note_set(job, "unknown", NULL);
        note_set(job, "unknown_ms", NULL);
    }
}
