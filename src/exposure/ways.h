// SPDX-License-Identifier: MIT
/* ways.h - the interfaces by which a packet of another host can come in, and what on them is no rule. */
#ifndef SOCKVIEW_EXPOSURE_WAYS_H
#define SOCKVIEW_EXPOSURE_WAYS_H

#include <sockview/own_links.h>
#include <sockview/packet.h>
#include <sockview/row.h>

/* Programs and rules that stop packets and that are not read here. */
enum layer {
	LAYER_NFTABLES,
	LAYER_LEGACY,
	LAYER_BRIDGE,
	LAYER_XDP,
	LAYER_TC,
	LAYER_CGROUP,
	LAYER_SK_LOOKUP,
	LAYER_NETFILTER_BPF,
	LAYER_XFRM,
	LAYER_COUNT
};
#define LAYER_BIT(layer) (1u << (layer))

struct way {
	uint32_t ifindex, master, lower; /* 0: none */
	char name[16];
	bool up, loopback, vrf;
	bool resolves;    /* as struct link's */
	unsigned in_use;  /* LAYER_BIT()s of programs that are attached to it */
	unsigned unread;  /* ... of which it could not be asked whether there are any */
	bool out;         /* of tc, those that meet what goes out */
	uint8_t localnet; /* enum way_localnet, once it was asked */
};

/* Is 127.0.0.0/8 taken there from another host (net.ipv4.conf.*.route_localnet)? */
enum way_localnet { LOCALNET_NOT_ASKED, LOCALNET_DROPPED, LOCALNET_TAKEN };

struct ways {
	struct way *way;
	size_t count, capacity;
	struct own_links own;
};

/* 0, or -1 with errno. ways_free() after both. */
int ways_read(struct ways *ways);
void ways_free(struct ways *ways);
/*
 * What comes in by a bridge or a bond, a VLAN, a macvlan or a veth has met another interface before, and the
 * answers meet it behind: what is attached there, and rules of its own, which are not run, count as in use here.
 */
void ways_join_below(struct ways *ways, const struct ruleset *ruleset);
bool way_takes_localnet(const struct ways *ways, struct way *way);
/* NULL: no address of this host. */
const struct local_addr *ways_addr(const struct ways *ways, int family, const union addr *addr);
/* True if an interface that is up and no loopback has an address of the family. */
bool ways_have(const struct ways *ways, int family);
/* A packet of another host cannot come in by it itself: down, loopback, or its master has what comes in. */
bool way_is_closed(const struct ways *ways, const struct way *way);

/*
 * Does the kernel take a packet from a neighbour of `at` that comes in by its
 * interface for `dest`? The errno if its routes or rp_filter refuse it, 0 if
 * not, -1 if that could not be asked. *source is the neighbour.
 */
int ways_ask_route(const struct local_addr *at, const union addr *dest, union addr *source);
/* A route for what TCP answers from that port to `source`: 0, the errno that a process would get, or -1. */
int ways_ask_answer(const struct local_addr *at, const union addr *dest, const union addr *source, uint16_t port);
/* The same for what is forwarded from there: *oif is the interface by which it goes on. */
int ways_ask_forward(const struct local_addr *at, const union addr *dest, uint32_t *oif);
/* What comes from that source there for `dest`: as ways_ask_route(). */
int ways_takes_source(const struct local_addr *at, const union addr *dest, const union addr *source);
/* True if the route to the address goes by the interface; *gateway: over another host. */
bool ways_route_leads(uint32_t ifindex, int family, const union addr *dest, bool *gateway);

/* What the kernel knows of a neighbour. */
struct way_neighbour {
	uint16_t state;   /* NUD_*; 0: nothing */
	uint32_t updated; /* so many clock ticks ago */
};
void ways_neighbour(uint32_t ifindex, int family, const union addr *addr, struct way_neighbour *neighbour);
/* The kernel asks on the link who has the address. 0, or -1. */
int ways_ask_neighbour(uint32_t ifindex, int family, const union addr *addr);

const struct way *ways_by_index(const struct ways *ways, uint32_t ifindex);

#endif
