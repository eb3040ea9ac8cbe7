/* Printing what METRIC_* declares. */
#include "metrics.h"

struct metrics metrics;

static const int64_t bounds_us[METRIC_BUCKETS] = {500,     1000,    2000,     5000,     10000,
                                                  20000,   50000,   100000,   200000,   500000,
                                                  1000000, 5000000, 30000000, 120000000};

void metric_time(struct metric_timer *timer, int64_t us)
{
    int i = 0;

    while (i < METRIC_BUCKETS && us > bounds_us[i]) {
        i++;
    }
    (void)atomic_fetch_add_explicit(&timer->bucket[i], 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&timer->count, 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&timer->sum_us, us, memory_order_relaxed);
}

static void write_timer(struct buf *out, const char *name, struct metric_timer *t,
                        const char *service)
{
    int64_t below = 0;

    for (int i = 0; i < METRIC_BUCKETS; i++) {
        below += atomic_load(&t->bucket[i]);
        (void)buf_printf(out, "openclaw_%s_bucket{service=\"%s\",le=\"%g\"} %lld\n", name, service,
                         (double)bounds_us[i] / 1e6, (long long)below);
    }
    (void)buf_printf(out,
                     "openclaw_%s_bucket{service=\"%s\",le=\"+Inf\"} %lld\n"
                     "openclaw_%s_sum{service=\"%s\"} %g\n"
                     "openclaw_%s_count{service=\"%s\"} %lld\n",
                     name, service, (long long)atomic_load(&t->count), name, service,
                     (double)atomic_load(&t->sum_us) / 1e6, name, service,
                     (long long)atomic_load(&t->count));
}

void metrics_write(struct buf *out, const char *service)
{
#define PRINT(kind)                                                                                \
    (void)buf_printf(out, "# HELP openclaw_%s %s\n# TYPE openclaw_%s %s\n", name_, help_, name_,   \
                     kind)
#define LINE(member, help)                                                                         \
    {                                                                                              \
        const char *name_ = #member, *help_ = help;                                                \
        PRINT(kind_);                                                                              \
        (void)buf_printf(out, "openclaw_%s{service=\"%s\"} %lld\n", name_, service,                \
                         (long long)atomic_load(&metrics.member));                                 \
    }
    {
        const char *kind_ = "counter";
        METRIC_COUNTERS(LINE)
        kind_ = "gauge";
        METRIC_GAUGES(LINE)
    }
#undef LINE
#define LINE(member, help)                                                                         \
    {                                                                                              \
        const char *name_ = #member, *help_ = help;                                                \
        PRINT("histogram");                                                                        \
        write_timer(out, name_, &metrics.member, service);                                         \
    }
    METRIC_TIMERS(LINE)
#undef LINE
#undef PRINT
}
