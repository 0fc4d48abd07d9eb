// SPDX-License-Identifier: MIT
/* ways.c - interfaces, addresses and what is attached to them, by rtnetlink(7) and bpf(2) (ways.h). */
#include "exposure/ways.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>
#include <sockview/exchange.h>
#include <sockview/vec.h>

#include "exposure/bpf_attached.h"

/* --- programs --- */

static int on_filter(void *found, const struct nlmsghdr *message, const void *payload, size_t len)
{
	(void)payload;
	(void)len;
	*(bool *)found |= message->nlmsg_type == RTM_NEWTFILTER;
	return 0;
}

/* Filters of clsact and of the qdisc ingress (net/sched/sch_ingress.c), and programs of tcx (Linux 6.6). */
static void find_tc(struct exchange *exchange, struct way *way)
{
	enum { TCX_INGRESS = 46, TCX_EGRESS = 47 }; /* enum bpf_attach_type, which older headers lack */
	static const uint32_t parents[] = { TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		                            TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS) };
	static const uint32_t types[] = { TCX_INGRESS, TCX_EGRESS };
	for (size_t i = 0; i < countof(parents); i++) {
		char buffer[64] __attribute__((aligned(NLMSG_ALIGNTO)));
		struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
		bool found = false;
		message->nlmsg_type = RTM_GETTFILTER;
		message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		struct tcmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
		head->tcm_ifindex = (int)way->ifindex;
		head->tcm_parent = parents[i];
		if (exchange_ask(exchange, message, on_filter, &found) == EXCHANGE_BROKEN)
			way->unread |= LAYER_BIT(LAYER_TC);
		int programs = bpf_programs(way->ifindex, types[i], false);
		if (found || programs > 0)
			way->in_use |= LAYER_BIT(LAYER_TC);
		way->out |= (found || programs > 0) && types[i] == TCX_EGRESS;
		/* EINVAL: a kernel without tcx. */
		if (programs < 0 && errno != EINVAL && errno != ENOENT && errno != ENOSYS)
			way->unread |= LAYER_BIT(LAYER_TC);
	}
}

static struct way *way_at(const struct ways *ways, uint32_t ifindex)
{
	for (size_t i = 0; i < ways->count; i++)
		if (ways->way[i].ifindex == ifindex)
			return &ways->way[i];
	return NULL;
}

static int take_links(struct ways *ways)
{
	for (size_t i = 0; i < ways->own.links; i++) {
		const struct link *link = &ways->own.link[i];
		struct way *way = vec_push(ways->way, ways->count, ways->capacity);
		if (!way)
			return -1;
		*way = (struct way){
			.ifindex = link->ifindex,
			.master = link->master,
			.lower = link->lower,
			.up = link->up,
			.loopback = link->loopback,
			.resolves = link->resolves,
			.vrf = link->vrf,
			.in_use = link->xdp ? LAYER_BIT(LAYER_XDP) : 0,
		};
		memcpy(way->name, link->name, sizeof(way->name));
	}
	return 0;
}

int ways_read(struct ways *ways)
{
	struct exchange exchange;
	*ways = (struct ways){ 0 };
	if (own_links_read(&ways->own) < 0 || take_links(ways) < 0 || exchange_open(&exchange, NETLINK_ROUTE) < 0)
		return -1;
	for (size_t i = 0; i < ways->count; i++)
		if (ways->way[i].up && !ways->way[i].loopback)
			find_tc(&exchange, &ways->way[i]);
	exchange_close(&exchange);
	return 0;
}

static bool join_one(struct way *above, const struct way *below, bool rules)
{
	unsigned in_use = above->in_use | below->in_use | (rules ? LAYER_BIT(LAYER_NFTABLES) : 0);
	unsigned unread = above->unread | below->unread;
	bool out = above->out || below->out,
	     changed = in_use != above->in_use || unread != above->unread || out != above->out;
	above->in_use = in_use;
	above->unread = unread;
	above->out = out;
	return changed;
}

void ways_join_below(struct ways *ways, const struct ruleset *ruleset)
{
	enum { NESTED_MAX = 16 }; /* one stands on the next: net/core/dev.c, MAX_NEST_DEV is 8 */
	bool changed = true;
	for (int round = 0; round < NESTED_MAX && changed; round++) {
		changed = false;
		for (size_t i = 0; i < ways->count; i++) {
			struct way *way = &ways->way[i];
			struct way *master = way->master ? way_at(ways, way->master) : NULL;
			struct way *lower = way->lower ? way_at(ways, way->lower) : NULL;
			if (master && !master->vrf)
				changed |= join_one(master, way, ruleset_has_device(ruleset, way->name));
			if (lower)
				changed |= join_one(way, lower, ruleset_has_device(ruleset, lower->name));
		}
	}
}

void ways_free(struct ways *ways)
{
	free(ways->way);
	own_links_free(&ways->own);
	*ways = (struct ways){ 0 };
}

/* --- what was read --- */

const struct way *ways_by_index(const struct ways *ways, uint32_t ifindex)
{
	return way_at(ways, ifindex);
}

const struct local_addr *ways_addr(const struct ways *ways, int family, const union addr *addr)
{
	for (size_t i = 0; i < ways->own.addrs; i++) {
		const struct local_addr *local = &ways->own.addr[i];
		/* fib_frontend.c, fib_add_ifaddr */
		bool whole = family == AF_INET && local->host_scope;
		unsigned bits = whole ? local->prefix_len : family == AF_INET ? 32 : 128;
		const struct way *way = ways_by_index(ways, local->ifindex);
		if (local->family == family && way && way->up && !local->tentative &&
		    addr_has_prefix(addr->byte, local->addr.byte, bits))
			return local;
	}
	return NULL;
}

bool ways_have(const struct ways *ways, int family)
{
	for (size_t i = 0; i < ways->own.addrs; i++) {
		const struct way *way = ways_by_index(ways, ways->own.addr[i].ifindex);
		/* An address of lo can be reached through any interface, but for those of the loopback net. */
		if (ways->own.addr[i].family == family && !ways->own.addr[i].host_scope && way && way->up)
			return true;
	}
	return false;
}

bool way_is_closed(const struct ways *ways, const struct way *way)
{
	const struct way *master = way->master ? ways_by_index(ways, way->master) : NULL;
	return !way->up || way->loopback || way->vrf || (master && !master->vrf);
}

/* --- routes --- */

/* Another address of the same net; false if there is none to tell. */
static bool neighbour_of(const struct local_addr *at, union addr *source)
{
	*source = at->addr;
	if (at->family == AF_INET6) {
		source->byte[15] = (uint8_t)(source->byte[15] >= 0xfe ? 2 : source->byte[15] + 1);
		return at->prefix_len <= 120;
	}
	if (at->prefix_len > 30 || !at->prefix_len)
		return false;
	uint32_t mask = UINT32_MAX >> at->prefix_len, host = ntohl(at->addr.word[0]) & mask;
	uint32_t other = host + 1 < mask ? host + 1 : host - 1;
	source->word[0] = htonl((ntohl(at->addr.word[0]) & ~mask) | other);
	return true;
}

struct route_reply {
	int type, number;
	uint32_t oif;
	bool gateway;
};

static int on_route(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct route_reply *reply = context;
	if (message->nlmsg_type != RTM_NEWROUTE || len < sizeof(struct rtmsg))
		return 0;
	reply->type = ((const struct rtmsg *)payload)->rtm_type;
	struct attrs attrs = attrs_behind(payload, len, sizeof(struct rtmsg));
	reply->oif = attr_u32(attrs.at[RTA_OIF], 0);
	/* IPv6 answers a route that prohibits as a route, with its errno, negative, beside (rt6_fill_node()). */
	struct attr cache = attrs.at[RTA_CACHEINFO];
	if (cache.data && cache.len >= sizeof(struct rta_cacheinfo)) {
		struct rta_cacheinfo info;
		memcpy(&info, cache.data, sizeof(info));
		reply->number = abs((int)info.rta_error);
	}
	reply->gateway = attrs.at[RTA_GATEWAY].data || attrs.at[RTA_VIA].data;
	return 0;
}

/*
 * The kernel's refusal, 0 with its answer, or -1. Without an interface in `at` it is asked for a packet of this host;
 * `port`: of TCP, from there; 0: any.
 */
static int ask_packet_route(const struct local_addr *at, const union addr *dest, const union addr *source,
                            uint16_t port, struct route_reply *reply)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t bytes = at->family == AF_INET ? 4 : 16;
	struct exchange exchange;
	*reply = (struct route_reply){ .type = RTN_UNSPEC };
	if (exchange_open(&exchange, NETLINK_ROUTE) < 0)
		return -1;
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = RTM_GETROUTE;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->rtm_family = at->family;
	head->rtm_dst_len = head->rtm_src_len = (uint8_t)(bytes * 8);
	mnl_attr_put(message, RTA_DST, bytes, dest);
	if (source)
		mnl_attr_put(message, RTA_SRC, bytes, source);
	else
		head->rtm_src_len = 0;
	if (source && at->ifindex)
		mnl_attr_put_u32(message, RTA_IIF, at->ifindex);
	if (port) {
		mnl_attr_put_u8(message, RTA_IP_PROTO, IPPROTO_TCP);
		mnl_attr_put_u16(message, RTA_SPORT, htons(port));
	}
	enum exchange_end end = exchange_ask(&exchange, message, on_route, reply);
	int number = exchange.number;
	exchange_close(&exchange);
	return end == EXCHANGE_REFUSED ? number : end == EXCHANGE_DONE ? 0 : -1;
}

static int ask_from(const struct local_addr *at, const union addr *dest, const union addr *source,
                    struct route_reply *reply)
{
	return ask_packet_route(at, dest, source, 0, reply);
}

int ways_takes_source(const struct local_addr *at, const union addr *dest, const union addr *source)
{
	struct route_reply reply;
	int number = ask_from(at, dest, source, &reply);
	return number || reply.type == RTN_LOCAL ? number : -1;
}

int ways_ask_answer(const struct local_addr *at, const union addr *dest, const union addr *source, uint16_t port)
{
	const struct local_addr ours = { .family = at->family };
	struct route_reply reply;
	int number = ask_packet_route(&ours, source, dest, port, &reply);
	return number ? number : reply.number;
}

int ways_ask_route(const struct local_addr *at, const union addr *dest, union addr *source)
{
	return neighbour_of(at, source) ? ways_takes_source(at, dest, source) : -1;
}

bool way_takes_localnet(const struct ways *ways, struct way *way)
{
	static const union addr one = { .byte = { 127, 0, 0, 1 } };
	union addr source;
	for (size_t i = 0; i < ways->own.addrs && way->localnet == LOCALNET_NOT_ASKED; i++) {
		const struct local_addr *at = &ways->own.addr[i];
		if (at->ifindex != way->ifindex || at->family != AF_INET)
			continue;
		/* EXDEV: rp_filter refuses the source, EINVAL: route_localnet the destination (ip_route_input_slow()). */
		int number = ways_ask_route(at, &one, &source);
		way->localnet = number == 0 || number == EXDEV ? LOCALNET_TAKEN : LOCALNET_DROPPED;
	}
	return way->localnet == LOCALNET_TAKEN;
}

int ways_ask_forward(const struct local_addr *at, const union addr *dest, uint32_t *oif)
{
	struct route_reply reply;
	union addr source;
	int number = neighbour_of(at, &source) ? ask_from(at, dest, &source, &reply) : -1;
	if (number)
		return number;
	*oif = reply.oif;
	return reply.type == RTN_UNICAST && reply.oif ? 0 : -1;
}

bool ways_route_leads(uint32_t ifindex, int family, const union addr *dest, bool *gateway)
{
	const struct local_addr at = { .ifindex = ifindex, .family = (uint8_t)family };
	struct route_reply reply;
	if (ask_from(&at, dest, NULL, &reply))
		return false;
	*gateway = reply.gateway;
	return reply.type == RTN_UNICAST && reply.oif == ifindex;
}

/* --- neighbours --- */

static struct nlmsghdr *neighbour_request(char *buffer, uint16_t type, uint32_t ifindex, int family,
                                          const union addr *addr)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | (type == RTM_NEWNEIGH ? NLM_F_ACK | NLM_F_CREATE : NLM_F_DUMP);
	struct ndmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->ndm_family = (uint8_t)family;
	if (type != RTM_NEWNEIGH)
		return message;
	head->ndm_ifindex = (int)ifindex;
	head->ndm_flags = NTF_USE; /* asked for, and no state given (net/core/neighbour.c, neigh_add()) */
	mnl_attr_put(message, NDA_DST, family == AF_INET ? 4 : 16, addr);
	return message;
}

static int on_neighbour_done(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	(void)context, (void)message, (void)payload, (void)len;
	return 0;
}

int ways_ask_neighbour(uint32_t ifindex, int family, const union addr *addr)
{
	char buffer[128] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct exchange exchange;
	if (exchange_open(&exchange, NETLINK_ROUTE) < 0)
		return -1;
	enum exchange_end end = exchange_ask(&exchange, neighbour_request(buffer, RTM_NEWNEIGH, ifindex, family, addr),
	                                     on_neighbour_done, NULL);
	exchange_close(&exchange);
	return end == EXCHANGE_DONE ? 0 : -1;
}

struct neighbour_seen {
	const union addr *addr;
	size_t bytes;
	uint32_t ifindex;
	struct way_neighbour *neighbour;
};

static int on_neighbour(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	const struct neighbour_seen *seen = context;
	const struct ndmsg *head = payload;
	if (message->nlmsg_type != RTM_NEWNEIGH || len < sizeof(*head) || (uint32_t)head->ndm_ifindex != seen->ifindex)
		return 0;
	struct attrs attrs = attrs_behind(payload, len, sizeof(*head));
	struct attr dest = attrs.at[NDA_DST], cache = attrs.at[NDA_CACHEINFO];
	if (!dest.data || dest.len != seen->bytes || memcmp(dest.data, seen->addr, seen->bytes) != 0)
		return 0;
	seen->neighbour->state = head->ndm_state;
	if (cache.data && cache.len >= sizeof(struct nda_cacheinfo)) {
		struct nda_cacheinfo info;
		memcpy(&info, cache.data, sizeof(info));
		seen->neighbour->updated = info.ndm_updated;
	}
	return 0;
}

void ways_neighbour(uint32_t ifindex, int family, const union addr *addr, struct way_neighbour *neighbour)
{
	char buffer[64] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct neighbour_seen seen = { addr, family == AF_INET ? 4 : 16, ifindex, neighbour };
	struct exchange exchange;
	*neighbour = (struct way_neighbour){ 0 };
	if (exchange_open(&exchange, NETLINK_ROUTE) < 0)
		return;
	exchange_ask(&exchange, neighbour_request(buffer, RTM_GETNEIGH, ifindex, family, addr), on_neighbour, &seen);
	exchange_close(&exchange);
}
