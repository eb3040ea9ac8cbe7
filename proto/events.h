/*
 * Every event of the product. A deployment's life, in the order it is usually said.
 *
 * Nothing here is secret: keys, tokens and key hashes never travel in events.
 */
#pragma once

#include "event.h"

/* clang-format off */

#define DEPLOYMENT_REQUESTED(F) EVENT_COMMON(F)                                              \
    F(id,   user_id,    "userId",    REQUIRED, "who pressed the button")                     \
    F(text, name,       "name",      REQUIRED, "what the user calls it")                     \
    F(text, created_at, "createdAt", REQUIRED, "when, RFC 3339")

#define DEPLOYMENT_RETRY_REQUESTED(F) EVENT_COMMON(F)                                        \
    F(text, stage, "stage", OPTIONAL, "the stage that had given up")

#define DEPLOYMENT_RESTART_REQUESTED(F) EVENT_COMMON(F)

#define DEPLOYMENT_REINSTALL_REQUESTED(F) EVENT_COMMON(F)

#define DEPLOYMENT_UPGRADE_REQUESTED(F) EVENT_COMMON(F)                                      \
    F(text, version, "version", REQUIRED, "of OpenClaw, to be installed")

#define DEPLOYMENT_DESTROY_REQUESTED(F) EVENT_COMMON(F)

#define DEPLOYMENT_FAILED(F) EVENT_COMMON(F)                                                 \
    F(text, stage,  "stage",  REQUIRED, "the stage that gave up")                            \
    F(text, reason, "reason", REQUIRED, "why, for a person")

#define DEPLOYMENT_DESTROYED(F) EVENT_COMMON(F)

/* Of a stage that works again on what it had done: the decision to install anew that made it. */
#define EVENT_ANEW(F)                                                                        \
    F(int,  anew, "anew", OPTIONAL, "generation of the decision to install anew; absent the first time")

#define KEY_ISSUED(F) EVENT_COMMON(F)                                                        \
    F(text, name,        "name",          REQUIRED, "the key's name at OpenRouter")          \
    F(int,  limit_micro, "limitMicroUsd", REQUIRED, "its cap in millionths of a dollar")     \
    EVENT_ANEW(F)

#define KEY_REVOKED(F) EVENT_COMMON(F)

#define KEY_USAGE(F) EVENT_COMMON(F)                                                         \
    F(int, usage_micro, "usageMicroUsd", REQUIRED, "spent so far, millionths of a dollar")   \
    F(int, limit_micro, "limitMicroUsd", REQUIRED, "its cap")

#define SERVER_ORDERED(F) EVENT_COMMON(F)                                                    \
    F(int,  order_id,   "orderId",    REQUIRED, "OVH's order, paid")                         \
    F(text, plan,       "plan",       REQUIRED, "OVH plan code")                             \
    F(text, datacenter, "datacenter", REQUIRED, "OVH datacenter")

#define SERVER_READY(F) EVENT_COMMON(F)                                                      \
    F(text, ip,           "ip",          REQUIRED, "IPv4 address of the machine")            \
    F(text, service_name, "serviceName", REQUIRED, "its name at OVH, also its host name")    \
    EVENT_ANEW(F)

#define SERVER_RELEASED(F) EVENT_COMMON(F)                                                   \
    F(text, service_name, "serviceName", OPTIONAL, "its name at OVH, when there was one")    \
    F(text, paid_until,   "paidUntil",   OPTIONAL, "date until which OVH keeps it")

#define INSTANCE_VACATED(F) EVENT_COMMON(F)                                                  \
    F(int, anew, "anew", REQUIRED, "generation of the decision to install anew")

#define INSTANCE_INSTALLED(F) EVENT_COMMON(F)                                                \
    F(text, ip,      "ip",      REQUIRED, "where it runs")                                   \
    F(text, version, "version", REQUIRED, "OpenClaw's version")                              \
    EVENT_ANEW(F)

#define INSTANCE_RESTARTED(F) EVENT_COMMON(F)                                                \
    F(text, ip, "ip", REQUIRED, "where it runs")

#define INSTANCE_UPGRADED(F) EVENT_COMMON(F)                                                 \
    F(text, ip,      "ip",      REQUIRED, "where it runs")                                   \
    F(text, version, "version", REQUIRED, "OpenClaw's version from now on")

#define INSTANCE_READY(F) EVENT_COMMON(F)                                                    \
    F(text, url, "url", REQUIRED, "where it answers, with a valid certificate")

#define INSTANCE_UNHEALTHY(F) EVENT_COMMON(F)                                                \
    F(text, reason, "reason", REQUIRED, "what does not work, for a person")

#define INSTANCE_RECOVERED(F) EVENT_COMMON(F)

/*    struct and variable             type                              topic          said by            why */
#define EVENTS(E)                                                                                                \
    E(deployment_requested,           "deployment.requested",           "deployments", "api-gateway",     "a user pressed Deploy",                  DEPLOYMENT_REQUESTED)           \
    E(deployment_retry_requested,     "deployment.retry-requested",     "deployments", "api-gateway",     "go on at the stage that failed",         DEPLOYMENT_RETRY_REQUESTED)     \
    E(deployment_restart_requested,   "deployment.restart-requested",   "deployments", "api-gateway",     "restart OpenClaw on the machine",        DEPLOYMENT_RESTART_REQUESTED)   \
    E(deployment_reinstall_requested, "deployment.reinstall-requested", "deployments", "api-gateway",     "wipe the machine and install anew",      DEPLOYMENT_REINSTALL_REQUESTED) \
    E(deployment_upgrade_requested,   "deployment.upgrade-requested",   "deployments", "api-gateway",     "bring OpenClaw to a newer version",      DEPLOYMENT_UPGRADE_REQUESTED)   \
    E(deployment_destroy_requested,   "deployment.destroy-requested",   "deployments", "api-gateway",     "release everything",                     DEPLOYMENT_DESTROY_REQUESTED)   \
    E(deployment_failed,              "deployment.failed",              "deployments", "any",             "a stage gave up; a retry may go on",     DEPLOYMENT_FAILED)              \
    E(deployment_destroyed,           "deployment.destroyed",           "deployments", "any",             "nothing of it is left",                  DEPLOYMENT_DESTROYED)           \
    E(key_issued,                     "key.issued",                     "keys",        "key-provisioner", "its OpenRouter key exists",              KEY_ISSUED)                     \
    E(key_revoked,                    "key.revoked",                    "keys",        "key-provisioner", "its OpenRouter key is gone",             KEY_REVOKED)                    \
    E(key_usage,                      "key.usage",                      "keys",        "key-provisioner", "what its key has spent",                 KEY_USAGE)                      \
    E(server_ordered,                 "server.ordered",                 "servers",     "ovh-orderer",     "the order is paid",                      SERVER_ORDERED)                 \
    E(server_ready,                   "server.ready",                   "servers",     "ovh-orderer",     "delivered, rebuilt with our key",        SERVER_READY)                   \
    E(server_released,                "server.released",                "servers",     "ovh-orderer",     "it will not be billed again",            SERVER_RELEASED)                \
    E(instance_installed,             "instance.installed",             "instances",   "installer",       "the setup script is done",               INSTANCE_INSTALLED)             \
    E(instance_vacated,               "instance.vacated",               "instances",   "installer",       "to be installed anew: it may be wiped",  INSTANCE_VACATED)               \
    E(instance_restarted,             "instance.restarted",             "instances",   "installer",       "OpenClaw was restarted",                 INSTANCE_RESTARTED)             \
    E(instance_upgraded,              "instance.upgraded",              "instances",   "installer",       "OpenClaw is of another version now",     INSTANCE_UPGRADED)              \
    E(instance_ready,                 "instance.ready",                 "instances",   "health-monitor",  "usable from outside",                    INSTANCE_READY)                 \
    E(instance_unhealthy,             "instance.unhealthy",             "instances",   "health-monitor",  "no longer usable from outside",          INSTANCE_UNHEALTHY)             \
    E(instance_recovered,             "instance.recovered",             "instances",   "health-monitor",  "usable again",                           INSTANCE_RECOVERED)

#define EVENT_DECLARE(var, type, topic, says, why, FIELDS) \
    struct var { FIELDS(EVENT_MEMBER) };                   \
    extern const struct event var;
EVENTS(EVENT_DECLARE)

/* clang-format on */
