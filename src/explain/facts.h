// SPDX-License-Identifier: MIT
/*
 * facts.h - settings of this host: limits of ports, addresses, interfaces.
 *
 * Only what sentences and advice need; the verdict itself is the kernel's.
 */
#ifndef SOCKVIEW_EXPLAIN_FACTS_H
#define SOCKVIEW_EXPLAIN_FACTS_H

#include <sockview/own_links.h>
#include <sockview/row.h>

struct facts {
	int unprivileged_start; /* net.ipv4.ip_unprivileged_port_start; -1: not known, as all of these */
	int ephemeral_low, ephemeral_high;
	unsigned reserved_in_range; /* ports of the ephemeral range that are reserved */
	uint32_t reserved_near;     /* bit i: the port i + 1 above the target's is reserved */
	char *reserved_list;        /* all of net.ipv4.ip_local_reserved_ports; NULL: not read, or too long */
	bool own_netns;             /* this network namespace is known not to be the host's first */
	bool reserved;              /* the target's port is in net.ipv4.ip_local_reserved_ports */
	int disable_ipv6;           /* net.ipv6.conf.all */
	int bindv6only;
	int addresses_unread; /* errno: net is not whole; 0: it is */
	struct own_links net;
};

/* The sysctls at `proc_fd`, as far as they can be read; facts_free() ends it. */
void facts_read(struct facts *facts, int proc_fd, uint16_t port);
void facts_free(struct facts *facts);

/* "32768-61000,8080,9000-9010" as the kernel writes it: is the port there, how many of [low, high]. */
bool port_list_has(const char *text, size_t len, uint16_t port);
unsigned port_list_count(const char *text, size_t len, int low, int high);

/* True for a port that the kernel may choose for a socket. */
bool facts_is_ephemeral(const struct facts *facts, uint16_t port);
/* NULL: not an address of this host. 127.0.0.0/8 is all of it: look with the prefix for host scope. */
const struct local_addr *facts_addr(const struct facts *facts, int family, const union addr *addr);
const struct link *facts_link(const struct facts *facts, uint32_t ifindex);
/* The VRF an interface belongs to, 0 for none (net/core: l3mdev_master_ifindex). */
uint32_t facts_l3mdev(const struct facts *facts, uint32_t ifindex);

#endif
