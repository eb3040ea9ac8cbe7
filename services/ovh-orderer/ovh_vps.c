/* OVH's machines: mark, tasks, rebuild, address, and the contract behind one. */
#include <arpa/inet.h>
#include <string.h>

#include "cache.h"
#include "listing.h"
#include "ovh.h"
#include "runner/move.h"

enum { IMAGES_MAX = 200, IMAGE_ID_MAX = 100 };

static const char *vps_path(const struct ovh *ovh, const char *service, const char *rest)
{
    return arena_printf(ovh->arena, "/vps/%s%s", http_escape(ovh->arena, service), rest);
}

struct err ovh_vps_mark(const struct ovh *ovh, const char *service, const char *display_name)
{
    listing_known(service);
    return ovh_do(ovh, "PUT", vps_path(ovh, service, ""),
                  json_pack("{s:s}", "displayName", display_name));
}

struct err ovh_vps_state(const struct ovh *ovh, const char *service, const char **ret)
{
    json_auto_t *answer = NULL;

    TRY(ovh_call(ovh, "GET", vps_path(ovh, service, ""), NULL, &answer));
    const char *state = json_string_value(json_object_get(answer, "state"));
    if (!state) {
        return transient("OVH did not tell the state of the server");
    }
    *ret = arena_strdup(ovh->arena, state);
    return OK;
}

struct err ovh_vps_listed(const struct ovh *ovh, const char *service, bool *ret)
{
    struct ovh_names all;

    TRY(ovh_names(ovh, "/vps", &all));
    *ret = false;
    for (size_t i = 0; i < all.n; i++) {
        *ret = *ret || strcmp(all.name[i], service) == 0;
    }
    return OK;
}

static struct err image_name(const struct ovh *ovh, const char *service, const char *image,
                             const char **ret)
{
    const char *rest =
        arena_printf(ovh->arena, "/images/available/%s", http_escape(ovh->arena, image));
    json_auto_t *answer = NULL;

    *ret = "";
    struct err e = ovh_call(ovh, "GET", vps_path(ovh, service, rest), NULL, &answer);
    if (ovh_absent(e)) {
        return OK;
    }
    TRY(e);
    const char *name = json_string_value(json_object_get(answer, "name"));
    *ret = name ? arena_strdup(ovh->arena, name) : "";
    return OK;
}

/* Ids of images differ from one region to the next; single ones may answer 404 in between. An id that was right for
 * another machine of the same plan and place is tried first: one call instead of one for each image. */
struct err ovh_vps_image(const struct ovh *ovh, const char *service, const char *name,
                         const char **ret)
{
    const char *place = ovh->job ? note(ovh->job, "datacenter") : NULL;
    const char *plan = ovh->job ? note(ovh->job, "plan") : NULL, *its_name = "";
    const char *key =
        arena_printf(ovh->arena, "image %s %s %s", place ? place : "", plan ? plan : "", name);
    const char *known = cache_find(ovh, key);
    struct ovh_names all;

    *ret = NULL;
    if (known) {
        TRY(image_name(ovh, service, known, &its_name));
        if (strcmp(its_name, name) == 0) {
            *ret = known;
            return OK;
        }
        (void)cache_forget(key);
    }
    struct err e = ovh_names(ovh, vps_path(ovh, service, "/images/available"), &all);
    if (ovh_absent(e)) {
        return OK;
    }
    TRY(e);
    for (size_t i = 0; i < all.n && i < IMAGES_MAX; i++) {
        TRY(image_name(ovh, service, all.name[i], &its_name));
        if (strcmp(its_name, name) == 0 && strlen(all.name[i]) <= IMAGE_ID_MAX) {
            *ret = all.name[i];
            cache_keep(ovh, key, *ret, BELIEVE_CATALOG * ovh->settings->remember_s);
            return OK;
        }
    }
    return OK;
}

struct err ovh_vps_rebuild_task(const struct ovh *ovh, const char *service, int64_t floor,
                                int64_t *ret)
{
    struct ovh_ids all;

    *ret = 0;
    TRY(ovh_ids(ovh, vps_path(ovh, service, "/tasks?type=reinstallVm"), &all));
    for (size_t i = 0; i < all.n; i++) {
        if (all.id[i] > floor && all.id[i] > *ret) {
            *ret = all.id[i];
        }
    }
    return OK;
}

/* A key is only installed by publicSshKey together with doNotSendPassword. */
struct err ovh_vps_rebuild(const struct ovh *ovh, const char *service, const char *image,
                           const char *public_key, int64_t *ret_task)
{
    json_auto_t *answer = NULL;
    json_t *body = json_pack("{s:s, s:s, s:b, s:b}", "imageId", image, "publicSshKey", public_key,
                             "doNotSendPassword", 1, "installRTM", 0);

    TRY(ovh_call(ovh, "POST", vps_path(ovh, service, "/rebuild"), body, &answer));
    *ret_task = json_integer_value(json_object_get(answer, "id"));
    return *ret_task > 0 ? OK : unknown("OVH named no task for the rebuild");
}

bool ovh_busy(struct err e)
{
    return e.kind == ERR_PERMANENT && strstr(e.text, "running tasks");
}

struct err ovh_vps_task(const struct ovh *ovh, const char *service, int64_t task,
                        enum ovh_task_state *ret)
{
    static const char *const failures[] = {"error", "cancelled", "blocked"};
    const char *rest = arena_printf(ovh->arena, "/tasks/%lld", (long long)task);
    json_auto_t *answer = NULL;

    *ret = OVH_TASK_RUNNING;
    struct err e = ovh_call(ovh, "GET", vps_path(ovh, service, rest), NULL, &answer);
    if (ovh_absent(e)) {
        return OK; /* not listed yet */
    }
    TRY(e);
    const char *state = json_string_value(json_object_get(answer, "state"));
    if (!state) {
        return transient("OVH did not tell the state of the rebuild");
    }
    if (strcmp(state, "done") == 0) {
        *ret = OVH_TASK_DONE;
    }
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (strcmp(state, failures[i]) == 0) {
            *ret = OVH_TASK_FAILED;
        }
    }
    return OK;
}

struct err ovh_vps_ipv4(const struct ovh *ovh, const char *service, const char **ret)
{
    struct ovh_names all;
    struct in_addr address;

    *ret = NULL;
    struct err e = ovh_names(ovh, vps_path(ovh, service, "/ips"), &all);
    if (ovh_absent(e)) {
        return OK;
    }
    TRY(e);
    for (size_t i = 0; i < all.n; i++) {
        if (inet_pton(AF_INET, all.name[i], &address) == 1) {
            *ret = all.name[i];
            return OK;
        }
    }
    return OK;
}

struct err ovh_service(const struct ovh *ovh, const char *service, struct ovh_service *ret)
{
    json_auto_t *answer = NULL;

    TRY(ovh_call(ovh, "GET", vps_path(ovh, service, "/serviceInfos"), NULL, &answer));
    const json_t *flag = json_object_get(json_object_get(answer, "renew"), "deleteAtExpiration");
    const char *expiration = json_string_value(json_object_get(answer, "expiration"));
    if (!json_is_boolean(flag)) {
        return transient("OVH did not tell whether the server will be billed again");
    }
    ret->ends = json_is_true(flag);
    ret->expiration =
        expiration ? arena_strndup(ovh->arena, expiration, strnlen(expiration, 10)) : "";
    return OK;
}

struct err ovh_service_end(const struct ovh *ovh, const char *service)
{
    json_t *renew = json_pack("{s:b, s:b, s:b, s:b, s:i}", "automatic", 1, "deleteAtExpiration", 1,
                              "forced", 0, "manualPayment", 0, "period", 1);
    struct err e = ovh_do(ovh, "PUT", vps_path(ovh, service, "/serviceInfos"),
                          json_pack("{s:o}", "renew", renew));
    bool fresh = strstr(e.text, "not active yet") || strstr(e.text, "running tasks");

    if (e.kind == ERR_PERMANENT && fresh) {
        e.kind = ERR_NOT_YET;
    }
    return e;
}
