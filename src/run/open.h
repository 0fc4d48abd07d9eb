/* open.h - see open.c. */
#ifndef SOCKVIEW_RUN_OPEN_H
#define SOCKVIEW_RUN_OPEN_H

#include "run/invocation.h"

/* The /proc to look at, with the caller's own rights; -1 with error: a --proc-root that cannot be opened. */
int run_open_proc(struct run *run);
/* The caller's files, with the caller's own rights; what cannot be opened is wrong usage. */
int run_open_paths(struct run *run);
/* All that a look needs: names, output, wire, query, view. */
int run_open(struct run *run);
/* Whatever state it is in. */
void run_close(struct run *run);
/* True if the processes under proc_fd are those of the sockets' machine. */
bool run_proc_fits(const struct run *run);

#endif
