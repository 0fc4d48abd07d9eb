// SPDX-License-Identifier: MIT
/* netns_gather.h - see netns_gather.c. */
#ifndef SOCKVIEW_RUN_NETNS_GATHER_H
#define SOCKVIEW_RUN_NETNS_GATHER_H

#include <sockview/options.h>

#include "run/invocation.h"

/* The sockets of each namespace that was chosen; gather_sockets() where -N was given. */
int netns_gather(struct run *run, const struct source_request *request);
/* Opens the /proc/net of namespace `index`, which the calling thread is in; -1: it cannot be read. */
int netns_gather_proc_net(const struct run *run, size_t index);
/* So much CPU time is spent on what the kernel walks all its tables for: see netns_gather.c. */
int64_t netns_gather_cpu_ms(const struct options *options);

#endif
