// SPDX-License-Identifier: MIT
/* published.h - ports of this host whose traffic NAT sends elsewhere: to containers, or to another port here. */
#ifndef SOCKVIEW_EXPOSURE_PUBLISHED_H
#define SOCKVIEW_EXPOSURE_PUBLISHED_H

#include <sockview/netns.h>
#include <sockview/packet.h>
#include <sockview/row.h>

/* Ports to `last`, as a row of a listener that there need not be: every address of its family, or of both. */
struct published {
	struct row row; /* of the first port */
	uint16_t last;
};

struct published_list {
	struct published *item;
	size_t count, capacity;
};

/*
 * Those that a rule of prerouting may translate. The rules do the same with each port of an item; one that a
 * socket of `waiting` has is an item of its own. Of interest are those that `wanted` says so of; NULL: all. 0, or
 * -1 with errno ENOMEM.
 */
typedef bool published_wanted(const void *context, const struct sock *sock);
int published_find(struct published_list *list, const struct ruleset *ruleset, const struct table *waiting,
                   published_wanted *wanted, const void *context);

/* Where a docker-proxy of that command line, a NUL behind each word, sends a port on. False: it does not say. */
bool proxy_target(struct bytes cmdline, struct packet_nat *to);

/* The addresses of the other network namespaces, and what these are called. */
struct tenants {
	struct netns_list list;
	struct tenant {
		union addr addr;
		uint8_t family;
		size_t netns; /* of the list */
	} * tenant;
	size_t count, capacity;
};

/* Those that can be entered. 0, or -1 with errno ENOMEM. tenants_free() after both. */
int tenants_read(struct tenants *tenants, int proc_fd);
/* The container's name, or what else its namespace is called: hostile. NULL: none that could be entered has it. */
const char *tenants_name(const struct tenants *tenants, int family, const union addr *addr);
void tenants_free(struct tenants *tenants);

#endif
