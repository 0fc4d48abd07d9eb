// SPDX-License-Identifier: MIT
/* cpus.h - how many threads are worth having. */
#ifndef SOCKVIEW_CPUS_H
#define SOCKVIEW_CPUS_H

#include <stddef.h>

/* CPUs in our affinity mask, and no more than the cgroup's CPU quota amounts to; at least 1. */
unsigned cpus_allowed(void);
/* How many of them nothing else seems to run on, this thread's own included; at least 1. */
unsigned cpus_idle(void);

/* CPUs, rounded up, that (text, len) of a cgroup v2 cpu.max file allows; 0 for no limit. */
unsigned cpus_from_cpu_max(const char *text, size_t len);

#endif
