// SPDX-License-Identifier: MIT
/* lineage.h - which process started which: our own ancestors, and who may start a server again. */
#ifndef SOCKVIEW_EXPLAIN_LINEAGE_H
#define SOCKVIEW_EXPLAIN_LINEAGE_H

#include "explain/inquiry.h"

/* The parent of a process; 0 if it cannot be read. */
int lineage_parent(int proc_fd, int pid);
/* True if we are that process, or it is one of our ancestors. */
bool lineage_is_ours(int proc_fd, int pid);

/*
 * The parent of a process, if it may start it again: no process 1, no shell, no
 * session leader with a terminal, none of ours, and no holder of the socket
 * itself. NULL: there is none.
 */
const struct process *lineage_supervisor(const struct explain *explain, const struct process *process);

#endif
