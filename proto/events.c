/* The tables that event.c works from, expanded from the lists in events.h. */
#include "events.h"

#include <string.h>

/* clang-format off */
/* offsetof needs the struct's name, which a field list does not know: each table names it once. */
#define EVENT_FIELD(kind, member, name, need, why) \
    {name, EVENT_##kind, need, offsetof(EVENT_STRUCT, member), why},

#define EVENT_STRUCT struct deployment_requested
static const struct event_field deployment_requested_fields[] = {DEPLOYMENT_REQUESTED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct deployment_retry_requested
static const struct event_field deployment_retry_requested_fields[] = {DEPLOYMENT_RETRY_REQUESTED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct deployment_restart_requested
static const struct event_field deployment_restart_requested_fields[] = {DEPLOYMENT_RESTART_REQUESTED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct deployment_reinstall_requested
static const struct event_field deployment_reinstall_requested_fields[] = {DEPLOYMENT_REINSTALL_REQUESTED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct deployment_upgrade_requested
static const struct event_field deployment_upgrade_requested_fields[] = {DEPLOYMENT_UPGRADE_REQUESTED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct deployment_destroy_requested
static const struct event_field deployment_destroy_requested_fields[] = {DEPLOYMENT_DESTROY_REQUESTED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct deployment_failed
static const struct event_field deployment_failed_fields[] = {DEPLOYMENT_FAILED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct deployment_destroyed
static const struct event_field deployment_destroyed_fields[] = {DEPLOYMENT_DESTROYED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct key_issued
static const struct event_field key_issued_fields[] = {KEY_ISSUED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct key_revoked
static const struct event_field key_revoked_fields[] = {KEY_REVOKED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct key_usage
static const struct event_field key_usage_fields[] = {KEY_USAGE(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct server_ordered
static const struct event_field server_ordered_fields[] = {SERVER_ORDERED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct server_ready
static const struct event_field server_ready_fields[] = {SERVER_READY(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct server_released
static const struct event_field server_released_fields[] = {SERVER_RELEASED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct instance_installed
static const struct event_field instance_installed_fields[] = {INSTANCE_INSTALLED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct instance_vacated
static const struct event_field instance_vacated_fields[] = {INSTANCE_VACATED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct instance_restarted
static const struct event_field instance_restarted_fields[] = {INSTANCE_RESTARTED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct instance_upgraded
static const struct event_field instance_upgraded_fields[] = {INSTANCE_UPGRADED(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct instance_ready
static const struct event_field instance_ready_fields[] = {INSTANCE_READY(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct instance_unhealthy
static const struct event_field instance_unhealthy_fields[] = {INSTANCE_UNHEALTHY(EVENT_FIELD)};
#undef EVENT_STRUCT
#define EVENT_STRUCT struct instance_recovered
static const struct event_field instance_recovered_fields[] = {INSTANCE_RECOVERED(EVENT_FIELD)};
#undef EVENT_STRUCT

#define EVENT_DEFINE(var, type, topic, says, why, FIELDS) \
    const struct event var = {type, topic, says, why, var##_fields, \
        sizeof var##_fields / sizeof var##_fields[0], sizeof(struct var)};
EVENTS(EVENT_DEFINE)

#define EVENT_LIST(var, type, topic, says, why, FIELDS) &var,
static const struct event *const all[] = {EVENTS(EVENT_LIST)};
/* clang-format on */

const struct event *const *event_all(int *ret_n)
{
    *ret_n = sizeof all / sizeof all[0];
    return all;
}

const struct event *event_find(const char *type)
{
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i]->type, type) == 0) {
            return all[i];
        }
    }
    return NULL;
}
