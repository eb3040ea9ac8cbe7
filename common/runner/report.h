/* Log line and metrics of an outcome. */
#pragma once

#include "runner/task.h"

/* `mine`: it was settled; false: another worker owned the row by then, and the result was dropped. */
void report_outcome(const struct task *task, bool mine);
