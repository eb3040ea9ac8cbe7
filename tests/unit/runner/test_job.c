/* What an action reads and says through its job. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "runner/move.h"

static void notes_set_in_this_job_are_read_back(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct job job;
    job_init(&job, arena);
    json_auto_t *notes = json_pack("{s:s, s:i}", "a", "old", "n", 4);
    job.notes = notes;
    assert_string_equal(note(&job, "a"), "old");
    note_set(&job, "a", "new");
    assert_string_equal(note(&job, "a"), "new");
    note_set(&job, "a", NULL);
    assert_null(note(&job, "a"));
    assert_int_equal(note_int(&job, "n", -1), 4);
    assert_int_equal(note_int(&job, "absent", -1), -1);
    note_set(&job, "said", "caf\xe9 \xff");
    assert_string_equal(note(&job, "said"), "caf? ?");
    job_release(&job);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_set_in_this_job_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
