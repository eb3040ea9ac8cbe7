/*
 * Hears every event as it is said, remembers nothing: for pushing to browsers. No group, no stored offset;
 * reading starts at the end of each partition. A missed event costs a browser one slower refresh, no more.
 */
#pragma once

#include "bus/kafka.h"

struct bus_listener;

/* Called on the listener's thread for each message; `deployment_id` is a valid UUID. */
typedef void listener_hears(void *context, const char *deployment_id);

struct err listener_start(const struct kafka_settings *kafka, listener_hears *hears, void *context,
                          struct bus_listener **ret) MUST_CHECK;
bool listener_ready(const struct bus_listener *listener);
void listener_stop(struct bus_listener *listener); /* NULL is fine */
