/* New lines of a run's log, each to the user once, without secrets. */
#include "follow.h"

#include <string.h>

#include "known.h"
#include "lines.h"
#include "machine.h"
#include "settings.h"

enum {
    LINES_A_JOB = 200,
    ANSWER_FULL = 16 * 1024, /* a log part longer than this: there may be more */
    STAY_S = 10, /* so long we stay on the machine to see the end at once; a longer run can wait */
};

/* New log lines to the user, at most LINES_A_JOB. Returns the bytes of the log that were used up. */
static size_t show_log(struct job *job, const struct setup_answer *answer)
{
    struct secrets secrets = {0};
    bool last = answer->status == SETUP_DONE || answer->status == SETUP_FAILED;
    const char *step, *sentence;
    size_t used = 0;

    secrets_add(&secrets, installer_secret(job, SECRET_OPENROUTER_KEY));
    secrets_add(&secrets, installer_secret(job, SECRET_GATEWAY_TOKEN));
    for (int i = 0; i < LINES_A_JOB; i++) {
        size_t len = line_length(answer->log + used, answer->log_len - used, last);
        if (len == 0) {
            break;
        }
        const char *line = line_shown(answer->log + used, len, &secrets, job->arena);
        used += len;
        if (line_is_step(line, job->arena, &step, &sentence)) {
            note_set(job, "step", step);
            note_set(job, "sentence", sentence);
            job_message(job, "%.200s", sentence);
        }
        job_log(job, "%s", line);
    }
    return used;
}

struct err installer_look(struct job *job, struct setup_answer *ret)
{
    struct machine machine;
    int64_t offset = note_int(job, "offset", 0);

    TRY(installer_machine(job, &machine));
    bool stay = job->age_s < STAY_S;
    TRY(machine_follow_setup(&machine, offset, stay, job->arena, ret));
    job_wait(job, stay ? 0.02 : conf.setup_poll_s);
    if (ret->offset < offset) { /* the log began anew */
        note_set_int(job, "offset", 0);
        job_wait(job, 0);
        return NOT_YET;
    }
    size_t used = show_log(job, ret);
    int64_t behind = used == ret->log_len ? ret->offset : offset + (int64_t)used;
    if (behind != offset) {
        note_set_int(job, "offset", behind);
    }
    if (used > 0 && (used < ret->log_len || ret->log_len >= ANSWER_FULL)) {
        job_wait(job, 0);
        return NOT_YET;
    }
    return OK;
}

bool installer_is_ours(const struct job *job, const struct setup_answer *answer)
{
    const char *run_id = note(job, "run_id");

    return !*answer->run_id || !run_id || strcmp(answer->run_id, run_id) == 0;
}
