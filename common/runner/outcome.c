/* The rules of move.h, one after the other. */
#include "runner/outcome.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "events.h"
#include "runner/stage.h"

enum {
    TOO_MANY_REQUESTS = 429,
    WORTH_TELLING = 2, /* failures in a row */
};

static const double pause_least = 0.5, pause_most_up = 30, pause_most_down = 300;

/* Decorrelated jitter: between the least and three times the last pause. */
static double pause_after(const struct outcome_context *c, const struct job *job, struct err e)
{
    double last = c->backoff_s > pause_least ? c->backoff_s : pause_least;
    double most = job->goal == GOAL_UP ? pause_most_up : pause_most_down;
    double pause = pause_least + c->dice * (3 * last - pause_least);

    if (pause > most) {
        pause = most;
    }
    return pause < e.retry_after_s ? e.retry_after_s : pause;
}

json_t *text_json(const char *text)
{
    json_t *value = json_string(text);

    if (!value) {
        char *copy = strdup(text);
        if (!copy) {
            abort();
        }
        utf8_scrub(copy, strlen(copy));
        value = json_string(copy);
        free(copy);
    }
    if (!value) {
        abort();
    }
    return value;
}

static void set_text(json_t *o, const char *name, const char *text)
{
    if (text) {
        (void)json_object_set_new(o, name, text_json(text));
    }
}

/* say() in the database adds deploymentId and seq. */
static void set_event(json_t *o, const struct event *event, struct job *job, const void *fields)
{
    json_t *payload = json_loads(event_encode(event, job->arena, fields), 0, NULL);

    if (!payload) {
        abort();
    }
    (void)json_object_set_new(payload, "deploymentId", json_string(job->id));
    (void)json_object_set_new(payload, "generation", json_integer(job->generation));
    (void)json_object_set_new(o, "event",
                              json_pack("{s:s, s:s, s:o}", "type", event->type, "topic",
                                        event->topic, "fields", payload));
}

static void moved_on(const struct outcome_context *c, const struct move *move, struct job *job,
                     json_t *o, struct outcome *ret)
{
    ret->state = job->go ? job->go : move->then;
    const struct move *next = move_find(c->stage, ret->state, job->goal);
    bool gone = strcmp(ret->state, c->stage->gone) == 0;

    ret->delay_s = next && !gone ? 0 : -1;
    if (next) {
        set_text(o, "status", next->status);
    }
    set_text(o, "message", job->message ? job->message : next ? next->people : NULL);
    if (gone) {
        (void)json_object_set_new(o, "released", json_true());
    }
    if (job->change_over) {
        (void)json_object_set_new(
            o, "change",
            json_pack("{s:s, s:b}", "ended", job->change_over, "failed", !job->change_worked));
    }
    if (move->says && !job->go) {
        if (job->said != move->says) {
            abort(); /* the table promises an event that the action did not say */
        }
        set_event(o, job->said, job, job->said_fields);
        ret->says = true;
    }
}

/* The deployment is in ERROR for that reason. */
static void in_error(const struct outcome_context *c, struct job *job, const char *why, json_t *o,
                     struct outcome *ret)
{
    char *reason = arena_strdup(job->arena, why);

    utf8_scrub(reason, strlen(reason));
    set_text(o, "status", "ERROR");
    set_text(o, "message", reason);
    struct deployment_failed *fields = arena_alloc(job->arena, sizeof *fields);
    fields->stage = c->service;
    fields->reason = reason;
    set_event(o, &deployment_failed, job, fields);
    ret->says = true;
}

static void gave_up(const struct outcome_context *c, struct job *job, struct err e, json_t *o,
                    struct outcome *ret)
{
    ret->gave_up = true;
    ret->state = job->go ? job->go : job->state;
    ret->delay_s = -1;
    in_error(c, job, job->message ? job->message : e.text, o, ret);
}

/* Trouble that does not end the row. */
static void told_trouble(const struct outcome_context *c, struct job *job, json_t *o,
                         struct outcome *ret)
{
    if (!job->trouble || job->goal != GOAL_UP) {
        return;
    }
    if (json_object_get(o, "event")) {
        abort(); /* a move that arrives with an event is no trouble */
    }
    in_error(c, job, job->trouble, o, ret);
}

/* NOT_YET for longer than the move may take. */
static struct err limited(const struct move *move, struct job *job, struct err e)
{
    if (e.kind == ERR_NOT_YET && job->goal == GOAL_UP && move->limit_s > 0 &&
        job->age_s > move->limit_s) {
        job->message = NULL; /* what it waited for is in `e`; that it waited too long is the news */
        return permanent("%s: took longer than %.0f minutes%s%.120s",
                         move->people ? move->people : move->state, move->limit_s / 60,
                         e.text[0] ? ": " : "", e.text);
    }
    return e;
}

/* What people read while a move that brings the deployment on fails again and again; the log says why. */
static const char *troubled(const struct move *move, const struct job *job, int tries)
{
    if (job->message || tries < WORTH_TELLING || job->goal != GOAL_UP || !move->people ||
        !move->status || strcmp(move->status, "READY") == 0) {
        return job->message;
    }
    return arena_printf(job->arena, "%s (the last try failed; trying again)", move->people);
}

/* The same once it has ended. */
static const char *untroubled(const struct move *move, const struct job *job)
{
    return troubled(move, job, job->tries) != job->message ? move->people : job->message;
}

static void finish(const struct outcome_context *c, struct job *job, json_t *o, struct outcome *ret)
{
    set_text(o, "state", ret->state);
    set_text(o, "goal", goal_name(job->goal));
    set_text(o, "piece", c->stage->piece);
    set_text(o, "service", c->service);
    set_text(o, "owner", c->owner);
    set_text(o, "ip", job->ip_address);
    set_text(o, "version", job->version);
    (void)json_object_set_new(o, "generation", json_integer(job->generation));
    (void)json_object_set(o, "notes", job->patch);
    if (ret->delay_s >= 0) {
        (void)json_object_set_new(o, "delay", json_real(ret->delay_s));
    }
    if (json_array_size(job->lines) > 0) {
        (void)json_object_set(o, "lines", job->lines);
    }
    if (json_object_size(job->keep) > 0) {
        (void)json_object_set(o, "keep", job->keep);
    }
    if (json_array_size(job->forget) > 0) {
        (void)json_object_set(o, "forget", job->forget);
    }
    ret->settle = json_dumps(o, JSON_COMPACT);
    if (!ret->settle) {
        abort();
    }
}

void outcome_of(const struct outcome_context *c, const struct move *move, struct job *job,
                struct err e, struct outcome *ret)
{
    json_auto_t *o = json_object();
    int tries = 0;
    double backoff = 0;

    *ret = (struct outcome){.state = job->state};
    e = limited(move, job, e);
    bool broke = e.kind == ERR_TRANSIENT || e.kind == ERR_UNKNOWN || e.kind == ERR_PERMANENT;
    bool crowded = broke && e.code == TOO_MANY_REQUESTS;
    bool last = !crowded && (e.kind == ERR_PERMANENT || (broke && job->tries + 1 >= move->tries));

    if (e.kind == ERR_NONE) {
        moved_on(c, move, job, o, ret);
        told_trouble(c, job, o, ret);
    } else if (e.kind == ERR_NOT_YET) {
        ret->delay_s = job->wait_s >= 0 ? job->wait_s : move->poll_s;
        set_text(o, "message", untroubled(move, job));
        told_trouble(c, job, o, ret);
    } else if (crowded) { /* no try, no failure: its turn comes */
        ret->delay_s = backoff = pause_after(c, job, e);
        ret->state = job->go ? job->go : job->state;
        tries = job->tries;
        set_text(o, "message", job->message);
    } else if (last && job->goal == GOAL_UP) {
        gave_up(c, job, e, o, ret);
    } else { /* try again; on the way down never give up */
        ret->gave_up = last;
        ret->state = job->go ? job->go : job->state;
        ret->delay_s = backoff = pause_after(c, job, e);
        tries = job->tries + 1;
        set_text(o, "message", troubled(move, job, tries));
        if (tries <= move->tries) { /* so many a person may read */
            job_log(job, "%s; trying again in %.0f s (%d of %d)", e.text, ceil(ret->delay_s), tries,
                    move->tries);
        }
    }
    (void)json_object_set_new(o, "tries", json_integer(tries));
    (void)json_object_set_new(o, "backoff", json_real(backoff));
    (void)json_object_set_new(o, "failed", json_boolean(ret->gave_up && job->goal == GOAL_UP));
    finish(c, job, o, ret);
}
