/* Topics and events. */
#include <stdio.h>

#include "bus/kafka.h"
#include "clawctl.h"
#include "event.h"

struct err run_topics(int argc, char **argv)
{
    struct kafka_settings kafka = {.service = "clawctl", .bootstrap = clawctl.kafka_bootstrap};

    (void)argc;
    (void)argv;
    if (!clawctl.kafka_bootstrap[0]) {
        return permanent("KAFKA_BOOTSTRAP is not set: host:port of Kafka brokers");
    }
    return kafka_make_topics(&kafka, clawctl.replicas);
}

struct err run_asyncapi(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    event_print_asyncapi(stdout);
    return fflush(stdout) == 0 ? OK : permanent("cannot write");
}
