// SPDX-License-Identifier: MIT
/* sought.h - which items of lsof's line were found: its exit status tells. */
#ifndef SOCKVIEW_RUN_SOUGHT_H
#define SOCKVIEW_RUN_SOUGHT_H

#include "run/invocation.h"

/* Looks for each item among the gathered sockets, and for pids, users, commands and groups among all processes. */
void sought_look(struct run *run);

#endif
