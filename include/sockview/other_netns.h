// SPDX-License-Identifier: MIT
/* other_netns.h - who has a port in the other network namespaces of this host. */
#ifndef SOCKVIEW_OTHER_NETNS_H
#define SOCKVIEW_OTHER_NETNS_H

#include <sockview/netns.h>
#include <sockview/row.h>

/* A row found in one of them has its index in the list as its netns; 0 is ours. */
struct elsewhere {
	struct netns_list list;
	bool *entered;       /* beside the list: asked by netlink */
	unsigned cut;        /* files of /proc/PID/net with more lines than are read */
	unsigned not_looked; /* namespaces that could not be entered, for which the time was up */
};

/* 0, or -1 with errno ENOMEM. Rows are added to the table. elsewhere_free() after both. */
int elsewhere_find(struct elsewhere *elsewhere, int proc_fd, enum proto proto, uint16_t port, struct table *table);
void elsewhere_free(struct elsewhere *elsewhere);

#endif
