/* Signals as something to wait for. */
#include "service/signals.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

static void the_ends(sigset_t *ret)
{
    (void)sigemptyset(ret);
    (void)sigaddset(ret, SIGTERM);
    (void)sigaddset(ret, SIGINT);
}

void signals_block(void)
{
    sigset_t set;

    the_ends(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

bool told_to_stop(int within_ms)
{
    sigset_t set;
    struct timespec wait = {.tv_sec = within_ms / 1000,
                            .tv_nsec = (long)(within_ms % 1000) * 1000000};

    the_ends(&set);
    return sigtimedwait(&set, NULL, &wait) > 0;
}
