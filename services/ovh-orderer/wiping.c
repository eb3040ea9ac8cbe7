/*
 * Wiping a machine whose end is certain: a fresh system with a key pair whose private half nobody keeps, so that not
 * even the deployment's own key gets in.
 *
 * The best that can be done, within limits: OVH deletes the data at the end of the month in any case, and a destroy
 * must come to its end.
 */
#include <stdio.h>
#include <string.h>

#include "moves.h"
#include "ssh/keypair.h"

enum { WIPES_MAX = 3 };

/* Ours are all newer than the rebuilds there were before; 0: not asked for yet. */
static struct err find_task(struct job *job, const struct ovh *ovh, int64_t *ret)
{
    *ret = note_int(job, "wipe_task", 0);
    if (*ret > 0) {
        return OK;
    }
    TRY(ovh_vps_rebuild_task(ovh, note(job, "service_name"), note_int(job, "wipe_floor", 0), ret));
    if (*ret > 0) {
        note_set_int(job, "wipe_task", *ret);
    }
    return OK;
}

/* One more that did not work: the next one chooses its image anew. */
static struct err failed_once(struct job *job, const char *why)
{
    int64_t failures = note_int(job, "wipe_failures", 0) + 1;

    note_set_int(job, "wipe_failures", failures);
    note_set(job, "wipe_task", NULL);
    if (failures < WIPES_MAX) {
        job_log(job, "OVH could not wipe the server (%s), trying again (%lld of %d)", why,
                (long long)failures + 1, WIPES_MAX);
        return later(job, settings_of(job)->release_poll_s);
    }
    return permanent("OVH could not wipe the server, %d times in a row: %.120s", WIPES_MAX, why);
}

/* OVH says 404 for a moment, or for an image, too: only what it does not list is gone. */
static struct err is_gone(const struct job *job, const struct ovh *ovh, struct err e, bool *ret)
{
    bool listed = e.code != 460;

    if (listed) {
        struct err asked = ovh_vps_listed(ovh, note(job, "service_name"), &listed);
        if (failed(asked) && asked.kind != ERR_PERMANENT) {
            return asked;
        }
    }
    *ret = !listed;
    return OK;
}

static struct err ask(struct job *job, const struct ovh *ovh)
{
    const char *service = note(job, "service_name"), *image = note(job, "image"), *state = "";
    struct ssh_keypair throw_away;
    int64_t task = 0;
    bool gone = false;

    if (note_int(job, "wipe_failures", 0) > 0 || !image) {
        TRY(ovh_vps_state(ovh, service, &state));
        if (strcmp(state, "running") != 0 && strcmp(state, "stopped") != 0) {
            return later(job, ovh->settings->release_poll_s);
        }
        TRY(ovh_vps_image(ovh, service, ovh->settings->os, &image));
        if (!image) {
            return failed_once(job, "it has no image to do it with");
        }
    }
    TRY(ssh_keypair_new(ovh->settings->ssh_key_type, "nobody", job->arena, &throw_away));
    struct err e = ovh_vps_rebuild(ovh, service, image, throw_away.public_key, &task);
    if (ovh_busy(e)) {
        return later(job, ovh->settings->release_poll_s);
    }
    if (ovh_absent(e)) {
        TRY(is_gone(job, ovh, e, &gone));
    }
    if (e.kind == ERR_PERMANENT && !gone) {
        return failed_once(job, e.text);
    }
    TRY(e);
    note_set_int(job, "wipe_task", task);
    return later(job, ovh->settings->rebuild_poll_s);
}

/* One step; OK when the machine is wiped. */
static struct err wipe(struct job *job, const struct ovh *ovh)
{
    enum ovh_task_state state;
    int64_t task = 0;

    TRY(find_task(job, ovh, &task));
    if (task == 0) {
        return ask(job, ovh);
    }
    TRY(ovh_vps_task(ovh, note(job, "service_name"), task, &state));
    switch (state) {
    case OVH_TASK_DONE:
        return OK;
    case OVH_TASK_FAILED:
        note_set_int(job, "wipe_floor", task);
        return failed_once(job, "its rebuild failed");
    case OVH_TASK_RUNNING:
        break;
    }
    return later(job, ovh->settings->rebuild_poll_s);
}

/*
 * May run again: a rebuild newer than those before is ours and is not asked for again; were it asked for twice, the
 * machine would be wiped twice. Whatever goes wrong, it ends with the limit: the end of the machine is certain already.
 */
struct err server_wipe(struct job *job)
{
    struct ovh ovh = ovh_of(job);
    const char *until = note(job, "paid_until"), *date = note(job, "paid_until_date");
    bool gone = false;

    struct err e = wipe(job, &ovh);
    if (ovh_absent(e)) {
        struct err asked = is_gone(job, &ovh, e, &gone);
        e = failed(asked) ? asked : later(job, ovh.settings->release_poll_s);
    }
    if (gone) {
        job_message(job, "The server is gone already");
        return server_gone(job, until);
    }
    if (!failed(e)) {
        job_log(job, "The server was wiped");
        job_message(job, "The server is paid until %s; it is wiped and released", date);
        return server_gone(job, until);
    }
    if (e.kind == ERR_PERMANENT || job->age_s > ovh.settings->wipe_limit_s) {
        bool under_way = note_int(job, "wipe_task", 0) > 0;
        job_log(job, "%s", e.text[0] ? e.text : "OVH takes too long to wipe the server");
        job_message(job,
                    under_way ? "The server is paid until %s; OVH is wiping it, and it is released"
                              : "The server is paid until %s and released; OVH did not wipe it and "
                                "deletes its data on that day",
                    date);
        return server_gone(job, until);
    }
    return e;
}
