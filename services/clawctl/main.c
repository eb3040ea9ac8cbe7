/* The table of subcommands, and what they share: settings, help, exit codes (0, 1 failed, 2 wrong use). */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/settings.h"
#include "clawctl.h"
#include "options.h"

struct clawctl_settings clawctl;

static const struct setting settings[] = {
    {"DATABASE_URL",    SETTING_SECRET, &clawctl.database_url,    "",
     "PostgreSQL, as the owner of the database"                                                             },
    {"KAFKA_BOOTSTRAP", SETTING_TEXT,   &clawctl.kafka_bootstrap, "",           "host:port of Kafka brokers"},
    {"MIGRATIONS_DIR",  SETTING_TEXT,   &clawctl.migrations_dir,  "migrations",
     "folder of the SQL migrations"                                                                         },
    {"TOPIC_REPLICAS",  SETTING_INT,    &clawctl.replicas,        "1",
     "copies of each topic, at most one per broker"                                                         },
};

/* clang-format off */
enum { ITS_OWN = -1 }; /* reads its options itself */

/* Rows of the same words are told apart by an option, `with`; the one without comes last. */
static const struct {
    const char *words, *with, *arguments, *why;
    int n_words, n_arguments;
    bool asks_database;
    struct err (*run)(int argc, char **argv);
} commands[] = {
    {"migrate",      NULL, "",      "bring the database up to date",                    1, 0, true,  run_migrate},
    {"topics",       NULL, "",      "make the Kafka topics that are missing",           1, 0, false, run_topics},
    {"user add",     NULL, "EMAIL", "make an account; the password is read from stdin", 2, 1, true,  run_user_add},
    {"show",         NULL, "ID",    "every stage of a deployment, and its timeline",    1, 1, true,  run_show},
    {"dead-letters", NULL, "[list] [--all] | show N\n"
                           "| replay N|--all [--service S] [--type T] [--dry-run]\n"
                           "| drop N|--all [--service S] [--type T] [--dry-run] | drop --done",
                                    "messages that could not be applied",               1, ITS_OWN, true, run_dead_letters},
    {"replay",       "--status", "--status ERROR [--since 2h|2026-05-18T14:02] [--stage key|order|rebuild|install|health]\n"
                                 "[--rate N a minute] [--dry-run]",
                                    "try many again, each where it failed",             1, ITS_OWN, true, run_replay_many},
    {"replay",       "--from-log", "--from-log [--since 2h|2026-05-18T14:02] [--dry-run]\n",
                                    "bring a restored database up to date from Kafka",  1, ITS_OWN, true, run_replay_from_log},
    {"replay",       "--from-state", "--from-state [--dry-run]\n",
                                    "say again what Kafka lost",                        1, ITS_OWN, true, run_replay_state},
    {"replay",       NULL, "ID --from key|order|rebuild|install|health [--dry-run]\n",
                                    "run a deployment again from a stage",              1, ITS_OWN, true, run_replay},
    {"audit",        NULL, "[--json]", "compare with OVH and OpenRouter now; exit 1 when a person must look",
                                                                                        1, ITS_OWN, true, run_audit},
    {"asyncapi",     NULL, "",      "print the AsyncAPI document of all events",        1, 0, false, run_asyncapi},
};
/* clang-format on */

enum {
    N_SETTINGS = sizeof settings / sizeof settings[0],
    N_COMMANDS = sizeof commands / sizeof commands[0]
};

/* One line; or, when the arguments need several, the sentence first and then those lines. */
static void help(FILE *out, const char *words, const char *arguments, const char *why)
{
    char line[60];

    if (!strchr(arguments, '\n')) {
        (void)snprintf(line, sizeof line, "%s %s", words, arguments);
        (void)fprintf(out, "  clawctl %-20s %s\n", line, why);
        return;
    }
    (void)fprintf(out, "  clawctl %-20s %s\n", words, why);
    while (*arguments) {
        int len = (int)strcspn(arguments, "\n");
        (void)fprintf(out, "          %.*s\n", len, arguments);
        arguments += len + (arguments[len] == '\n');
    }
}

static int usage(FILE *out, int status)
{
    (void)fputs("clawctl: the operator's tool of OpenClaw 1-Click Deploy\n\n", out);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        help(out, commands[i].words, commands[i].arguments, commands[i].why);
    }
    (void)fputs("\nSettings (environment; NAME_FILE reads the value from a file):\n", out);
    settings_help(out, settings, N_SETTINGS);
    return status;
}

/* True when the words of `command` start `argv`. */
static bool matches(const char *command, int n_words, int argc, char **argv)
{
    char said[60];

    if (argc < n_words) {
        return false;
    }
    (void)snprintf(said, sizeof said, n_words == 2 ? "%s %s" : "%s", argv[0],
                   n_words == 2 ? argv[1] : "");
    return strcmp(said, command) == 0;
}

/* True when `option` is NULL or among the arguments. */
static bool has_option(const char *option, int argc, char **argv)
{
    for (int i = 0; option && i < argc; i++) {
        size_t len = strcspn(argv[i], "=");
        if (len == strlen(option) && strncmp(argv[i], option, len) == 0) {
            return true;
        }
    }
    return !option;
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        return usage(argc < 2 ? stderr : stdout, argc < 2 ? 2 : 0);
    }
    log_setup("clawctl", LOG_WARN);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        int n = commands[i].n_words;
        if (!matches(commands[i].words, n, argc - 1, argv + 1) ||
            !has_option(commands[i].with, argc - 1 - n, argv + 1 + n)) {
            continue;
        }
        if (commands[i].n_arguments != ITS_OWN && argc - 1 - n != commands[i].n_arguments) {
            (void)fprintf(stderr, "clawctl: usage: clawctl %s %s\n", commands[i].words,
                          commands[i].arguments);
            return 2;
        }
        struct err e = settings_load(settings, N_SETTINGS);
        if (!failed(e) && commands[i].asks_database) {
            e = db_url_ok(clawctl.database_url);
        }
        if (failed(e)) {
            (void)fprintf(stderr, "clawctl: %s\n", e.text);
            return 2;
        }
        e = commands[i].run(argc - 1 - n, argv + 1 + n);
        if (failed(e)) {
            (void)fprintf(stderr, "clawctl: %s\n", e.text);
        }
        return !failed(e) ? 0 : e.code == USAGE ? USAGE : 1;
    }
    (void)fprintf(stderr, "clawctl: unknown command '%s' (see clawctl --help)\n", argv[1]);
    return 2;
}
