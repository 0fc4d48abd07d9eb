// SPDX-License-Identifier: MIT
/* open.h - see open.c. */
#ifndef SOCKVIEW_RUN_OPEN_H
#define SOCKVIEW_RUN_OPEN_H

#include "run/invocation.h"

/* Opens the /proc to look at, with the caller's own rights. 0, or -1 with error: wrong usage. */
int run_open_proc(struct run *run);
/* Opens the files that the options name, with the caller's own rights. 0, or -1 with error: wrong usage. */
int run_open_paths(struct run *run);
/* Opens all that a look needs: names, output, wire, query, view. 0, or -1 with error. */
int run_open(struct run *run);
/* Frees and closes all of it, also half opened; waits for the pager to end. */
void run_close(struct run *run);
/* True if the processes under proc_fd are those of the sockets' machine. */
bool run_proc_fits(const struct run *run);
/* For the column boot_id: of this machine, or of the one where the recording was made, once a part of it was read; again is nothing. */
void run_find_boot_id(struct run *run);

#endif
