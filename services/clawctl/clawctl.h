/* clawctl: the operator's tool. One file per group of subcommands; each returns an error, main prints it. */
#pragma once

#include "base/err.h"
#include "db/db.h"

struct clawctl_settings {
    const char *database_url, *kafka_bootstrap, *migrations_dir;
    int replicas;
};

extern struct clawctl_settings clawctl;

/* What `argv` holds: the words after the subcommand. */
struct err run_migrate(int argc, char **argv) MUST_CHECK;
struct err run_topics(int argc, char **argv) MUST_CHECK;
struct err run_user_add(int argc, char **argv) MUST_CHECK;
struct err run_show(int argc, char **argv) MUST_CHECK;
struct err run_dead_letters(int argc, char **argv) MUST_CHECK;
struct err run_replay(int argc, char **argv) MUST_CHECK;
struct err run_replay_many(int argc, char **argv) MUST_CHECK;
struct err run_replay_state(int argc, char **argv) MUST_CHECK;
struct err run_audit(int argc, char **argv) MUST_CHECK;
struct err run_asyncapi(int argc, char **argv) MUST_CHECK;
struct err run_replay_from_log(int argc, char **argv) MUST_CHECK;
