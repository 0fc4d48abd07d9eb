// SPDX-License-Identifier: MIT
/* walk.h - the fds of some processes, read from /proc by several threads. */
#ifndef SOCKVIEW_OWNERS_WALK_H
#define SOCKVIEW_OWNERS_WALK_H

#include <sockview/finder.h>

#include "owners/findings.h"

/* How many findings were filled, at most CREW_MAX; -1 with errno ENOMEM. */
int walk_processes(const struct finder_request *request, const int32_t *pid, size_t pid_count,
                   struct findings *findings);

/* True if this /proc does not list all processes (hidepid). */
bool walk_hides(int proc_fd);
/* Adds to the report the processes that we may not look into, without a look at their descriptors. */
void walk_count_denied(const struct finder_request *request, struct owner_report *report);

#endif
