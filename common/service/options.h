/* What a service answers on the command line instead of running. */
#pragma once

#include "service/service.h"

enum { EXIT_BAD_SETTINGS = 2 };

/* The exit code. */
int options_answer(const struct service *service, const char *option);
