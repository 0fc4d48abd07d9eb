// SPDX-License-Identifier: MIT
/* keeping.h - see keeping.c. */
#ifndef SOCKVIEW_RUN_KEEPING_H
#define SOCKVIEW_RUN_KEEPING_H

#include "run/invocation.h"

/* Before the next look: the owners of the last one are kept. */
void keeping_turn(struct run *run);
/* True if owners can be kept: nothing is printed that only the look for all of them tells. */
bool keeping_fits(const struct run *run);
/* Fills the run's owners, whose index is built, by `find` of no more sockets than need be. 0, or -1 with error. */
typedef int keeping_finder(struct run *run, struct owners *owners);
int keeping_find(struct run *run, keeping_finder *find);
void keeping_end(struct run *run);

#endif
