// SPDX-License-Identifier: MIT
/*
 * packet.h - a packet as far as it is known, and what the rules of this network namespace do with it.
 *
 *   packet --hook--> base chains by priority --rules--> what may become of it, and which rule decides
 *
 * A field of the packet is known or may be anything. A rule on a known field
 * holds or fails; a rule on another may do either, and then both outcomes are
 * kept. So the answer is certain, or it names the condition that it hangs on.
 * Source of the order of hooks and verdicts: net/netfilter/{core,nf_tables_core}.c,
 * Linux 6.18.
 */
#ifndef SOCKVIEW_PACKET_H
#define SOCKVIEW_PACKET_H

#include <netinet/in.h>

#include <sockview/row.h>

/* Where a packet meets rules. */
enum packet_hook {
	HOOK_INGRESS, /* of a device: the families netdev and inet */
	HOOK_PREROUTING,
	HOOK_INPUT,
	HOOK_FORWARD,
	HOOK_OUTPUT,
	HOOK_POSTROUTING,
	HOOK_EGRESS, /* of a device: the family netdev */
	HOOK_COUNT
};

enum packet_known {
	PACKET_SOURCE = 1 << 0,
	PACKET_SOURCE_PORT = 1 << 1,
	PACKET_DEST = 1 << 2,
	PACKET_IIF = 1 << 3, /* the interface it came in by; index 0: none */
	PACKET_OIF = 1 << 4,
	PACKET_DEST_LOCAL = 1 << 5,    /* dest is an address of this host (fib daddr type local) */
	PACKET_ROUTES_BACK = 1 << 6,   /* a route leads back to its source by the interface it came in by */
	PACKET_SOURCE_REMOTE = 1 << 7, /* its source is a unicast address of another host */
	PACKET_ANY_PORT = 1 << 8,      /* dest_port may be any: which rules send packets to a port of interest? */
	PACKET_NAT_STAYS = 1 << 9,     /* DNAT sends it to an address of this host, so to the hook input */
};

/* A host answers at each interface for all of its addresses: is dest one of the interface that it came in by? */
enum packet_dest_of_iif { DEST_OF_ANY, DEST_OF_IIF, DEST_OF_OTHER };

/* What asks for a link address and tells it: ARP of IPv4, else ICMPv6. The numbers are ARP's operations. */
enum packet_discovery { DISCOVERY_ASKS = 1, DISCOVERY_ANSWERS = 2 };

struct packet {
	uint8_t family;      /* AF_INET, AF_INET6 */
	uint8_t proto;       /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE; IPPROTO_ICMPV6 of packet_discover() */
	uint8_t discovery;   /* enum packet_discovery; 0: it is none of them */
	uint16_t known;      /* enum packet_known */
	uint8_t dest_of_iif; /* enum packet_dest_of_iif; DEST_OF_ANY: not told */
	bool reply;          /* the answer to the first packet: SYN and ACK, conntrack's ESTABLISHED */
	uint8_t assumed_nat; /* 1 and on: of the translations that it may meet, in order, it meets this one; 0: as they come */
	union addr source, dest;         /* network byte order */
	uint16_t source_port, dest_port; /* host byte order; dest_port is known unless it is a reply's */
	uint32_t iif, oif;               /* interface index */
	char iifname[16], oifname[16];
};

static inline bool packet_is_arp(const struct packet *packet)
{
	return packet->discovery && packet->family == AF_INET;
}

/* Neighbour solicitation 135, advertisement 136: RFC 4861 4.3, 4.4. */
static inline uint8_t packet_icmp_type(const struct packet *packet)
{
	return (uint8_t)(134 + packet->discovery);
}

/* A reply goes from the port that the first packet came to. */
static inline bool packet_source_port_known(const struct packet *packet)
{
	return packet->reply || packet->known & PACKET_SOURCE_PORT;
}

static inline bool packet_dest_port_known(const struct packet *packet)
{
	return packet->reply ? packet->known & PACKET_SOURCE_PORT : !(packet->known & PACKET_ANY_PORT);
}

/* A datagram whose destination is left open may be sent to a broadcast or multicast address, too. */
static inline bool packet_may_be_to_many(const struct packet *packet)
{
	return packet->proto != IPPROTO_TCP && !packet->reply && !(packet->known & PACKET_DEST);
}

/* A rule of nftables. Texts are the ruleset's, hostile: the caller escapes them. */
struct packet_rule {
	const char *family; /* "ip", "ip6", "inet", "netdev", "bridge": nft's word; NULL: no rule */
	const char *table, *chain;
	uint64_t handle; /* 0: the chain's policy */
};

enum packet_fate {
	FATE_PASSES,
	FATE_DROPPED,
	FATE_REJECTED,
	FATE_DEPENDS, /* on `condition` */
	FATE_UNKNOWN, /* `condition` could not be judged */
};

enum { PACKET_CONDITION_MAX = 192 };

struct packet_answer {
	enum packet_fate fate;
	struct packet_rule rule; /* that decides, or that the answer hangs on */
	bool drops_if;           /* FATE_DEPENDS: it is dropped if the condition holds; else it passes only then */
	char condition[PACKET_CONDITION_MAX]; /* "ip saddr 10.0.0.0/8", nft's words; hostile bytes escaped */
	bool more;                            /* ... or other rules decide: `condition` is the first of several */
	bool writes; /* of packet_arrive(): a rule that may be met keeps a state (dynamic set, count, log) */
};

/* A rule that sends packets elsewhere: DNAT, REDIRECT, TPROXY. */
enum packet_nat_kind { NAT_DNAT, NAT_REDIRECT, NAT_TPROXY };
struct packet_nat {
	enum packet_nat_kind kind;
	struct packet_rule rule;
	bool certain; /* every packet like this one; else if `condition` holds */
	bool assumed; /* by packet.assumed_nat */
	bool unread;  /* `condition` is an expression that could not be judged */
	char condition[PACKET_CONDITION_MAX];
	uint8_t to_family; /* AF_UNSPEC: the address stays, or is not told */
	bool to_many;      /* a range, or an element of a map chosen at run time: `to` is not all */
	union addr to;
	uint16_t to_port; /* 0: the port stays */
};

struct ruleset;

/* What of the rules of this namespace could not be read. */
struct ruleset_gaps {
	int error;     /* errno of the question to nftables; 0: read, or the kernel has none */
	bool legacy;   /* tables of iptables-legacy are in use: not read */
	bool changing; /* the rules changed at each of three tries: what was read may be a mixture */
};

/*
 * Reads tables, chains, sets and rules of nftables (CAP_NET_ADMIN in the
 * namespace's user namespace: the kernel decides). Never NULL but for ENOMEM;
 * what could not be read is in the gaps. `proc_fd` tells of iptables-legacy; -1.
 */
struct ruleset *ruleset_read(int proc_fd);
void ruleset_free(struct ruleset *ruleset);
const struct ruleset_gaps *ruleset_gaps(const struct ruleset *ruleset);
/* No base chain at all: nothing is filtered or translated. */
bool ruleset_is_empty(const struct ruleset *ruleset);
/* A base chain of the family bridge: its rules are not run here. */
bool ruleset_has_bridge(const struct ruleset *ruleset);
/* A base chain of the device itself: ingress or egress. */
bool ruleset_has_device(const struct ruleset *ruleset, const char *name);

/* A chain of NAT at prerouting, where packets of other hosts are sent elsewhere. */
bool ruleset_translates(const struct ruleset *ruleset);
/* A bit for each port from which on up to the next one the rules do the same with a packet. */
enum { PORT_WORDS = 65536 / 64 };
void ruleset_port_bounds(const struct ruleset *ruleset, uint64_t starts[PORT_WORDS]);

/* A packet on its way: what earlier hooks made of it. */
struct packet_state {
	struct packet_rule rewriter; /* a rule that writes into the packet: what stands behind it meets another one */
	struct packet packet;
	uint32_t mark;
	bool mark_known;
	uint8_t untracked; /* connection tracking leaves it alone: 0 no, 1 yes, 2 perhaps */
	uint8_t invalid;   /* connection tracking knows no connection of it, alike: the answer to an untracked one */
	bool seen;         /* it has met connection tracking in output already, and comes in by lo */
	bool templated;    /* a zone was chosen for it, or may have been, before connection tracking sees it */
	bool writes;       /* a rule that keeps a state was met, or may have been */
	bool nat_done;     /* whether it is translated was decided: it meets no NAT chain any more */
	bool translated;   /* DNAT took place: conntrack's status says so */
	bool other_order;  /* of chains in `tie`, those run first that else run last */
	struct packet_rule
		tie; /* a chain whose order among those of its hook and priority is not known; or no family */
	struct packet original; /* as it came: conntrack's original direction, of its answer too */
};
void packet_state_init(struct packet_state *state, const struct packet *packet);

enum { PACKET_NATS_MAX = 16 };
struct packet_nats {
	struct packet_nat nat[PACKET_NATS_MAX];
	size_t count;
	size_t left_out; /* more than there is room for */
};

/*
 * Lets all base chains of `hook` run by priority. `answer` is the fate at this
 * hook: the first rule that drops for certain, else what it hangs on. Rules that may
 * translate the packet are added to `nats` (may be NULL); a certain translation
 * to one address and port changes the packet for the chains and hooks behind
 * it. Replies meet no NAT chain (nf_nat_inet_fn runs them for NEW alone).
 */
void packet_pass(const struct ruleset *ruleset, struct packet_state *state, enum packet_hook hook,
                 struct packet_answer *answer, struct packet_nats *nats);

/*
 * The whole way of a first packet from another host to a socket here, and of
 * TCP's answer back: ingress, prerouting, input; output, postrouting, egress.
 * `packet` has the interface it comes in by and, if it is to be judged, its
 * source. The fate is the first certain drop on the way, else what it hangs on.
 * Where a NAT rule takes the packet elsewhere, for certain or as assumed, *taken is that rule
 * of `nats` and the fate is that of the way to there; NULL otherwise. To another
 * host it goes by packet->oif, if that is known.
 */
void packet_arrive(const struct ruleset *ruleset, const struct packet *packet, struct packet_answer *answer,
                   struct packet_nats *nats, const struct packet_nat **taken);

/* The answer alone, TCP's SYN and ACK, from the socket to the interface by which the first packet came. */
void packet_answer_leaves(const struct ruleset *ruleset, const struct packet *packet, struct packet_answer *answer);

/*
 * Can a neighbour learn this host's link address by that interface? The way of its question, ARP's request or IPv6's
 * neighbour solicitation, and of the answer (RFC 826, RFC 4861 7.2). Certain drops alone are told: FATE_PASSES else.
 */
void packet_discover(const struct ruleset *ruleset, int family, uint32_t ifindex, const char name[16],
                     struct packet_answer *answer);

/*
 * The whole way of a first packet of this host, which goes out by packet->oif,
 * and of the answer to it. *out is the fate at output, postrouting and egress,
 * *back that of what comes in: the answer; where it `loops`, as its destination
 * is an address of this host, the packet itself before that. Where a NAT rule
 * sends it elsewhere for certain, *taken is that rule of `nats` and *back says nothing.
 */
void packet_leave(const struct ruleset *ruleset, const struct packet *packet, bool loops, struct packet_answer *out,
                  struct packet_answer *back, struct packet_nats *nats, const struct packet_nat **taken);

#endif
