/* Migrations: forward only, in the order of their names, each in its own transaction, one clawctl at a time. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "clawctl.h"

enum { MIGRATION_CEILING = 1024 * 1024, LOCK_KEY = 715517 };

static const char prepare_sql[] =
    "create table if not exists schema_migrations (name text primary key, digest text not null, "
    "applied_at timestamptz not null default now())";

static int is_migration(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 4, ".sql") == 0;
}

static struct err read_whole(const char *path, struct arena *arena, const char **ret)
{
    FILE *f = fopen(path, "re");

    if (!f) {
        return permanent("cannot read %s: %s", path, strerror(errno));
    }
    char *text = arena_alloc(arena, MIGRATION_CEILING + 1);
    size_t len = fread(text, 1, MIGRATION_CEILING, f);
    int whole = feof(f) && !ferror(f);
    (void)fclose(f);
    if (!whole) {
        return permanent("cannot read %s, or it is larger than 1 MiB", path);
    }
    text[len] = '\0';
    *ret = text;
    return OK;
}

/* Runs it unless it ran before; a file that was changed afterwards is refused. */
static struct err apply(struct db *db, const char *name, struct arena *arena, int *applied)
{
    ROWS *rows = NULL;
    const char *sql = NULL;

    TRY(read_whole(arena_printf(arena, "%s/%s", clawctl.migrations_dir, name), arena, &sql));
    TRY(db_exec(db, &rows, "select digest = md5($2) as same from schema_migrations where name = $1",
                P(name), P(sql)));
    if (rows_count(rows) > 0) {
        return rows_bool(rows, 0, "same") ? OK
                                          : permanent("%s was changed after it was applied", name);
    }
    TRY(db_begin(db));
    struct err e = db_script(db, sql);
    if (!failed(e)) {
        e = db_exec(db, NULL, "insert into schema_migrations (name, digest) values ($1, md5($2))",
                    P(name), P(sql));
    }
    if (!failed(e)) {
        e = db_commit(db);
    }
    if (failed(e)) {
        db_rollback(db);
        return err_in(e, "%s", name);
    }
    ++*applied;
    (void)printf("applied %s\n", name);
    return OK;
}

static struct err apply_all(struct db *db, struct arena *arena)
{
    struct dirent **entries;
    struct err e = OK;
    int applied = 0;
    int n = scandir(clawctl.migrations_dir, &entries, is_migration, alphasort);

    if (n < 0) {
        return permanent("MIGRATIONS_DIR: cannot read '%s': %s", clawctl.migrations_dir,
                         strerror(errno));
    }
    for (int i = 0; i < n; i++) {
        if (!failed(e)) {
            e = apply(db, entries[i]->d_name, arena, &applied);
        }
        free(entries[i]);
    }
    free(entries);
    if (!failed(e)) {
        (void)printf("%d of %d migrations applied now\n", applied, n);
    }
    return e;
}

struct err run_migrate(int argc, char **argv)
{
    struct db *db = db_new(clawctl.database_url, "clawctl", NULL);
    struct arena *arena = arena_new();

    (void)argc;
    (void)argv;
    db_patient(db);
    struct err e = db_script(db, prepare_sql);
    if (!failed(e)) {
        e = db_exec(db, NULL, "select pg_advisory_lock($1::bigint)", P(LOCK_KEY));
    }
    if (!failed(e)) {
        e = apply_all(db, arena);
    }
    arena_free(arena);
    db_free(db);
    return e;
}
