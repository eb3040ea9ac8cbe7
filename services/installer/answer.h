/*
 * What the setup script says about itself, read with care: the machine belongs to its user, so
 * anything may come. Pure: no I/O.
 *
 * `follow` answers: "run <run id>", the status line, "offset <n>", an empty line, log bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum setup_status { SETUP_NONE, SETUP_RUNNING, SETUP_DONE, SETUP_FAILED };

struct setup_answer {
    enum setup_status status;
    const char *step;   /* running, failed: which; "" otherwise          */
    const char *reason; /* failed: why; "" otherwise                      */
    const char *run_id; /* of the run the status belongs to; "" unknown   */
    int64_t offset;     /* in the log, behind `log`                       */
    const char *log;    /* may hold any byte                              */
    size_t log_len;
};

/* Texts are scrubbed and in the arena. ERR_TRANSIENT when it makes no sense. */
struct err answer_follow(const char *text, size_t len, struct arena *arena,
                         struct setup_answer *ret) MUST_CHECK;

struct setup_result {
    const char *gateway_token;
    const char *openclaw_version;
    const char *key_hash;       /* SHA-256 of the key it stored, in hex; "" unknown */
    const char *skills_missing; /* those that could not be installed, separated by blanks */
    /* of the last upgrade, all "" when there was none */
    const char *upgrade_run, *upgrade_reason;
    bool upgraded; /* false: it was undone, for that reason */
};

/*
 * `result` answers: {"gatewayToken":"…","openclawVersion":"…","keyHash":"…"}, with "skillsMissing":"…"
 * where skills could not be installed, and after an upgrade with "upgrade":{"run":"…",
 * "outcome":"upgraded" or "undone","reason":"…"}. The error never quotes it.
 */
struct err answer_result(const char *text, size_t len, struct arena *arena,
                         struct setup_result *ret) MUST_CHECK;

/* OpenClaw's service, as the machine tells of it. */
struct service_answer {
    bool ready;        /* it answers that it is */
    const char *state; /* systemd's word: "active", "activating", "failed", …; "" unknown */
    int exit_status;   /* of its last end */
    int restarts;      /* how often systemd has started it again by itself */
};

/* Lines "name=value" in any order; others mean nothing. ERR_TRANSIENT when it says nothing of the service. */
struct err answer_service(const char *text, size_t len, struct arena *arena,
                          struct service_answer *ret) MUST_CHECK;
