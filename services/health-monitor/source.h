/* One source expression of a Content-Security-Policy, such as an origin with wildcards or a scheme, against an origin. Pure. */
#pragma once

#include "origin.h"

/* `self` is where the policy came from. What is no source expression matches nobody, 'none' among it. */
bool source_matches(const char *source, size_t len, const struct origin *origin,
                    const struct origin *self);
