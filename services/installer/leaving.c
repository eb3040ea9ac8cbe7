/*
 * Leaving a machine that is to be installed anew. From here on nothing of the old installation is at work any more, so
 * the next stages may replace its key and wipe it; what is worth keeping is fetched before. Certificates are: authorities
 * give few for one address. They are an extra, and a machine that is broken must not keep its user from wiping it.
 */
#include <string.h>

#include "events.h"
#include "installer.h"
#include "known.h"
#include "machine.h"

/* Reads only. Those kept by an earlier leave stay when the machine has none. */
static struct err keep_certificates(struct job *job)
{
    struct machine machine;
    const char *archive;
    size_t len;

    TRY(installer_machine(job, &machine));
    TRY(machine_certificates(&machine, job->arena, &archive, &len));
    return len > 0 ? job_keep_secret(job, SECRET_CERTIFICATES, archive, len) : OK;
}

/* What is known of a system that will be gone: the next one is met for the first time, and its run is another. */
static void forget_system(struct job *job)
{
    static const char *const notes[] = {"host_key",      "offset",        "run_id",   "step",
                                        "sentence",      "interruptions", "key_runs", "upgrade_to",
                                        "upgrade_begun", "upgrade_told"};

    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        note_set(job, notes[i], NULL);
    }
    note_set_int(job, "run", note_int(job, "run", 1) + 1);
    job_forget_secret(job, SECRET_GATEWAY_TOKEN);
}

/* May run again: it reads, and forgets only with its outcome. A machine that was never met has nothing to keep. */
struct err installer_leave(struct job *job)
{
    struct instance_vacated *said = arena_alloc(job->arena, sizeof *said);
    struct err e = note(job, "host_key") ? keep_certificates(job) : OK;

    if (failed(e) && e.kind != ERR_PERMANENT && job->tries + 1 < LEAVE_TRIES) {
        return installer_told(e, "The certificates could not be fetched");
    }
    if (failed(e)) {
        job_log(job, "The certificates could not be kept; there will be new ones: %s", e.text);
    }
    forget_system(job);
    said->anew = note_int(job, "anew", job->generation);
    job_say(job, &instance_vacated, said);
    return OK;
}
