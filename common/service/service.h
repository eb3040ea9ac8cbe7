/*
 * A service's frame: settings, start-up checks, health endpoints, signals, drain.
 *
 * A worker's main.c is its `struct service` and one call. Start: read settings (exit 2 with one line when
 * one is missing or bad), listen on HTTP_LISTEN for /healthz /readyz /metrics, then wait for PostgreSQL and
 * Kafka with one log line per attempt; ready only when both are there. SIGTERM and SIGINT drain within 10 s:
 * after 9.5 s the process ends, whatever still hangs.
 * Options: --help (the settings), --graph (the table of moves for graphviz), --version.
 */
#pragma once

#include <civetweb.h>

#include "base/settings.h"
#include "bus/relay.h"
#include "db/db.h"
#include "runner/move.h"
#include "service/sweep.h"

/* Settings every service has. */
struct service_settings {
    const char *database_url, *kafka_bootstrap, *http_listen, *instance, *log_level, *master_keys;
    int workers;
    double sweep_s;
};

struct service;

/* What a running service offers its hooks. */
struct service_context {
    const struct service *service;
    const struct service_settings *settings;
    struct bus_relay *relay;            /* wake it after inserting into the outbox */
    const struct kafka_settings *kafka; /* for a listener */
    struct mg_context *web;             /* the one web server of the process */
    struct seal *seal;                  /* NULL when the service has no master keys */
    const char *owner;                  /* this process's id, a UUID: owner of its outbox rows */
    void *own;                          /* the service's */
};

struct service {
    const char *name;          /* "ovh-orderer" */
    const char *why;           /* one sentence for --help */
    const char *db_schema;     /* of its own tables */
    bool seals;                /* needs MASTER_KEYS */
    const struct stage *stage; /* workers; NULL for the gateway */
    const struct setting *settings;
    int n_settings;
    int web_threads; /* 0 = 4 */
    /* Compares the stage's rows with what the provider says there is; NULL: nothing to compare. */
    struct err (*sweep)(struct sweep_look *look);
    /* Called once after the settings were read: further checks, parse what needs parsing. Exit 2 when it fails. */
    struct err (*prepare)(void);
    /* Called when the web server runs, before readiness; and at the end, while requests are still under way: it ends
     * those that would not end by themselves. Afterwards, when service_run returns, none is. False: threads of the
     * service's own still hang somewhere, and the process must end without them. */
    struct err (*start)(struct service_context *context);
    bool (*stop)(struct service_context *context);
};

/* The whole of main(): returns the exit code. */
int service_run(const struct service *service, int argc, char **argv);
