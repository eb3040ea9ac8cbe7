/* The health endpoints of a process, on civetweb. */
#pragma once

#include <civetweb.h>
#include <stdbool.h>

#include "base/err.h"

struct web_ready {
    bool database, kafka, stopping, held, older;
};

struct web {
    struct mg_context *server;
    const char *service;
    struct web_ready (*ready)(void *context);
    void *context;
};

struct err web_start(struct web *web, const char *listen,
                     int threads) MUST_CHECK; /* the struct must outlive the server */
void web_stop(struct web *web);
