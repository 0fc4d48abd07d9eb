/* look.h - see look.c. */
#ifndef SOCKVIEW_RUN_LOOK_H
#define SOCKVIEW_RUN_LOOK_H

#include <signal.h>

#include "run/invocation.h"

/* Once, or with -c until `stop_asked` is set or the count is reached. */
int look_run(struct run *run, const volatile sig_atomic_t *stop_asked);
/* A word where names could not be kept. */
void look_report_names(const struct run *run);
/* Nobody reads the output any more. */
bool look_closed_pipe(const struct run *run);

#endif
