/* The settings every service has, and what is done with them before anything is started. */
#pragma once

#include "service/service.h"

/* Reads and checks everything a service is told: the common settings, its own, Kafka's, its table of moves. */
struct err service_configure(const struct service *service,
                             struct service_context *context) MUST_CHECK;

void service_settings_log(const struct service *service);  /* names and values, secrets as *** */
void service_settings_help(const struct service *service); /* --help */
