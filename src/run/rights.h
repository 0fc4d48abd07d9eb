// SPDX-License-Identifier: MIT
/* rights.h - see rights.c. */
#ifndef SOCKVIEW_RUN_RIGHTS_H
#define SOCKVIEW_RUN_RIGHTS_H

#include "run/invocation.h"

/* Raises the privileges that the run's needs take, and no others. 0, or -1 with error. */
int rights_raise(struct run *run);
/* After the look for owners: only the caller's own capabilities stay in effect. 0, or -1 with error. */
int rights_away(struct run *run);
/* The same for good, where nothing that follows needs it. 0, or -1 with error. */
int rights_own(struct run *run);
/*
 * Rights for rows that are written as they come: run->servant keeps what
 * rights_raise() left, for rights_drop() to take it from all others. Ended by
 * rights_serve_end(). False if there is no thread to be had.
 */
bool rights_serve(struct run *run);
void rights_serve_end(struct run *run);
/* Drops all privileges: for good if this look is the last, else until rights_raise(). 0, or -1 with error. */
int rights_drop(struct run *run, bool last);
/*
 * True if no privilege may be used to look at sockets and processes: exec gave
 * us more than our caller has, and the caller chose the /proc to look at.
 */
bool rights_unused(const struct run *run);

#endif
