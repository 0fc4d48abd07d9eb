// SPDX-License-Identifier: MIT
/* netns_counts.h - --list-netns: the network namespaces of this host, with how many sockets each has. */
#ifndef SOCKVIEW_RUN_NETNS_COUNTS_H
#define SOCKVIEW_RUN_NETNS_COUNTS_H

#include "run/mode.h"

extern const struct run_mode mode_list_netns;

#endif
