// SPDX-License-Identifier: MIT
/* own_links.h - the interfaces and addresses of this network namespace, by rtnetlink(7). */
#ifndef SOCKVIEW_OWN_LINKS_H
#define SOCKVIEW_OWN_LINKS_H

#include <sockview/addr.h>

/* An address of this host. */
struct local_addr {
	union addr addr;
	uint32_t ifindex;
	uint8_t family, prefix_len;
	bool tentative;  /* IPv6: still being checked for duplicates */
	bool dad_failed; /* ... and one was found */
	bool host_scope; /* loopback's: of IPv4 the whole prefix is local */
};

struct link {
	uint32_t ifindex;
	uint32_t master; /* 0: none */
	uint32_t lower;  /* that a VLAN or macvlan stands on, or the other end of a veth; 0: none in this namespace */
	char name[16];
	bool vrf, up, loopback;
	bool resolves; /* packets to a neighbour take its link address: neither loopback nor point-to-point, and ARP */
	bool xdp;      /* a program is attached to it */
};

struct own_links {
	struct local_addr *addr;
	size_t addrs, addr_capacity;
	struct link *link;
	size_t links, link_capacity;
};

/* Two small dumps. 0, or -1 with errno: what was read until then stays. own_links_free() after both. */
int own_links_read(struct own_links *links);
void own_links_free(struct own_links *links);

#endif
