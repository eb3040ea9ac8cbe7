/*
 * Scope-bound cleanup: SCOPED(fclose_) FILE *f = ...; runs fclose_(&f) when the block ends.
 * GIVE(p) hands a pointer on and leaves NULL behind, so the scope frees nothing.
 */
#pragma once

#define SCOPED(destroy) __attribute__((cleanup(destroy)))

#define GIVE(pointer)                                                                              \
    __extension__({                                                                                \
        __typeof__(pointer) *at_ = &(pointer);                                                     \
        __typeof__(pointer) given_ = *at_;                                                         \
        *at_ = NULL;                                                                               \
        given_;                                                                                    \
    })

/* Defines `name##_p`, the cleanup for SCOPED, from a destructor that accepts NULL. */
#define SCOPED_CLEANUP(type, destroy)                                                              \
    static inline void destroy##_p(type *at)                                                       \
    {                                                                                              \
        destroy(*at);                                                                              \
    }                                                                                              \
    struct scoped_cleanup_##destroy##_needs_semicolon
