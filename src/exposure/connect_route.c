// SPDX-License-Identifier: MIT
/*
 * connect_route.c - the route, the source address and the next hop of a connection (connect_route.h).
 *
 * The route is RTM_GETROUTE's answer. The source is the one that connect() of a
 * UDP socket chooses, which sends nothing; the programs of the cgroup that may
 * refuse a connect() are run by it, too.
 */
#include "exposure/connect_route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include <sockview/attrs.h>
#include <sockview/errno_name.h>
#include <sockview/exchange.h>

/* --- the route --- */

struct route_answer {
	struct connect_end *end;
	int type, number;
};

static void take_gateway(struct connect_end *end, struct attr attr, int family)
{
	size_t want = family == AF_INET ? 4 : 16;
	if (!attr.data || attr.len != want)
		return;
	end->has_gateway = true;
	end->gateway_family = (uint8_t)family;
	memcpy(&end->gateway, attr.data, want);
}

static int on_route_answer(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct route_answer *answer = context;
	const struct rtmsg *head = payload;
	if (message->nlmsg_type != RTM_NEWROUTE || len < sizeof(*head))
		return 0;
	struct attrs attrs = attrs_behind(payload, len, sizeof(*head));
	struct attr via = attrs.at[RTA_VIA], cache = attrs.at[RTA_CACHEINFO];
	answer->type = head->rtm_type;
	answer->end->oif = attr_u32(attrs.at[RTA_OIF], 0);
	take_gateway(answer->end, attrs.at[RTA_GATEWAY], head->rtm_family);
	/* struct rtvia: a next hop of the other family. */
	if (via.data && via.len == sizeof(uint16_t) + 16)
		take_gateway(answer->end, (struct attr){ (const char *)via.data + sizeof(uint16_t), 16, 0 }, AF_INET6);
	/* IPv6 answers a prohibiting route as a route, with its error beside (net/ipv6/route.c, rt6_fill_node). */
	if (cache.data && cache.len >= sizeof(struct rta_cacheinfo)) {
		struct rta_cacheinfo info;
		memcpy(&info, cache.data, sizeof(info));
		/* The negative errno, in a field without a sign. */
		answer->number = abs((int)info.rta_error);
	}
	return 0;
}

/* What connect() answers for a route of that type (net/ipv4/fib_semantics.c, fib_props). */
static int route_error(int type, int number)
{
	switch (type) {
	case RTN_BLACKHOLE:
		return EINVAL;
	case RTN_PROHIBIT:
		return EACCES;
	case RTN_UNREACHABLE:
		return number ? number : EHOSTUNREACH;
	case RTN_THROW:
	case RTN_BROADCAST: /* tcp_v4_connect() */
	case RTN_MULTICAST:
	case RTN_ANYCAST:
		return ENETUNREACH;
	default:
		return number;
	}
}

static const char *route_words(int number)
{
	switch (number) {
	case ENETUNREACH:
		return "no route leads to";
	case EHOSTUNREACH:
		return "a route says unreachable of";
	case EACCES:
		return "a route prohibits";
	case EINVAL:
		return "a route drops what is sent to (blackhole)";
	default:
		return "no route can be used to";
	}
}

static struct nlmsghdr *route_request(char *buffer, const struct connect_end *end)
{
	size_t bytes = end->family == AF_INET ? 4 : 16;
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = RTM_GETROUTE;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->rtm_family = end->family;
	head->rtm_dst_len = (uint8_t)(bytes * 8);
	mnl_attr_put(message, RTA_DST, bytes, &end->addr);
	if (end->ifindex)
		mnl_attr_put_u32(message, RTA_OIF, end->ifindex);
	return message;
}

/* 0, the errno of connect(), or -1: not told. */
static int ask_route(struct connect_end *end)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct route_answer answer = { .end = end };
	struct exchange exchange;
	if (exchange_open(&exchange, NETLINK_ROUTE) < 0)
		return -1;
	enum exchange_end how = exchange_ask(&exchange, route_request(buffer, end), on_route_answer, &answer);
	int number = exchange.number;
	exchange_close(&exchange);
	if (how == EXCHANGE_REFUSED)
		return number;
	if (how != EXCHANGE_DONE || !answer.type)
		return -1;
	end->is_local = answer.type == RTN_LOCAL;
	if (end->oif && !if_indextoname(end->oif, end->oif_name))
		end->oif_name[0] = '\0';
	return route_error(answer.type, answer.number);
}

/* --- the source address --- */

static int fill_sockaddr(struct sockaddr_storage *to, const struct connect_end *end, uint16_t port)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = end->ifindex };
	memcpy(&four.sin_addr, &end->addr, sizeof(four.sin_addr));
	memcpy(&six.sin6_addr, &end->addr, sizeof(six.sin6_addr));
	memset(to, 0, sizeof(*to));
	if (end->family == AF_INET)
		memcpy(to, &four, sizeof(four));
	else
		memcpy(to, &six, sizeof(six));
	return end->family == AF_INET ? (int)sizeof(four) : (int)sizeof(six);
}

/* 0 or the errno of connect(). */
static int ask_source(struct connect_end *end, uint16_t port)
{
	struct sockaddr_storage to, from;
	socklen_t len = sizeof(from);
	int fd = socket(end->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	int size = fill_sockaddr(&to, end, port);
	int number = connect(fd, (struct sockaddr *)&to, (socklen_t)size) < 0 ? errno : 0;
	if (!number && getsockname(fd, (struct sockaddr *)&from, &len) == 0) {
		end->has_source = true;
		if (end->family == AF_INET)
			memcpy(&end->source, &((struct sockaddr_in *)&from)->sin_addr, 4);
		else
			memcpy(&end->source, &((struct sockaddr_in6 *)&from)->sin6_addr, 16);
	}
	close(fd);
	return number;
}

static void say_route(struct connect *connect, const struct connect_end *end, const char *addr)
{
	char source[ADDR_TEXT_MAX] = "?", gateway[ADDR_TEXT_MAX], name[4 * 16 + 1];
	*text_escape(name, end->oif_name, strlen(end->oif_name), TEXT_WORD) = '\0';
	if (end->has_source)
		*addr_text(source, &end->source, end->family, false) = '\0';
	if (end->is_local) {
		connect_say(connect, "%s is an address of this host; a connection comes from %s", addr, source);
		return;
	}
	if (!end->has_gateway) {
		connect_say(connect, "%s is reached directly by %s, from %s", addr, name, source);
		return;
	}
	*addr_text(gateway, &end->gateway, end->gateway_family, false) = '\0';
	connect_say(connect, "the route to %s goes by %s via %s, from %s", addr, name, gateway, source);
}

static void refuse_source(struct connect *connect, struct connect_end *end, int number, const char *addr)
{
	/* A program of the cgroup at connect(), or a security module. It was UDP's: of TCP it may think otherwise. */
	bool program = number == EPERM, certain = !program || connect->proto == PROTO_UDP;
	if (!connect_end_set(end, certain ? CONNECT_FAILS : CONNECT_UNKNOWN, program ? STAGE_OUTPUT : STAGE_SOURCE,
	                     certain ? number : 0))
		return;
	if (program)
		snprintf(end->headline, sizeof(end->headline),
		         "a BPF program of this cgroup, or a security module, refuses connect()%s to %s",
		         certain ? "" : " of UDP, so likely of TCP,", addr);
	else if (number == EINVAL && end->family == AF_INET6 && !end->ifindex)
		snprintf(end->headline, sizeof(end->headline), "%s is link-local, and needs its interface", addr);
	else
		snprintf(end->headline, sizeof(end->headline), "no source address can be had for %s", addr);
	if (number == EINVAL && end->family == AF_INET6 && !end->ifindex)
		snprintf(end->advice, sizeof(end->advice), "name the interface: [%s%%eth0]:%u", addr, connect->port);
	else if (program)
		snprintf(end->advice, sizeof(end->advice), "bpftool cgroup tree%s",
		         certain ? "" : ", or try it: --probe=connect");
	else
		snprintf(end->advice, sizeof(end->advice), "give the interface an address of that family: ip address");
}

void connect_find_route(struct connect *connect, struct connect_end *end)
{
	char addr[ADDR_TEXT_MAX];
	*addr_text(addr, &end->addr, end->family, false) = '\0';
	int number = ask_route(end);
	if (number > 0) {
		/* Only this host's own processes are told so: packets that it forwards may have another route. */
		connect_end_set(end, CONNECT_FAILS, STAGE_ROUTE, number);
		snprintf(end->headline, sizeof(end->headline), "%s %s", route_words(number), addr);
		snprintf(end->advice, sizeof(end->advice), "ip route get %s; ip route; is the interface up?", addr);
		return;
	}
	if (number < 0) {
		connect_end_set(end, CONNECT_UNKNOWN, STAGE_ROUTE, 0);
		snprintf(end->headline, sizeof(end->headline), "the route to %s could not be asked for", addr);
	}
	number = ask_source(end, connect->port);
	if (number)
		refuse_source(connect, end, number, addr);
	else
		say_route(connect, end, addr);
}

/* --- the next hop --- */

void connect_find_neighbour(struct connect *connect, struct connect_end *end)
{
	/* One that failed long ago is asked anew by the next connection. */
	enum { FRESH_SECONDS = 60 };
	int family = end->has_gateway ? end->gateway_family : end->family;
	const union addr *addr = end->has_gateway ? &end->gateway : &end->addr;
	struct way_neighbour hop;
	char text[ADDR_TEXT_MAX], name[4 * 16 + 1];
	long tick = sysconf(_SC_CLK_TCK);
	if (end->is_local || !end->oif)
		return;
	ways_neighbour(end->oif, family, addr, &hop);
	if (hop.state != NUD_FAILED)
		return;
	*addr_text(text, addr, family, false) = '\0';
	*text_escape(name, end->oif_name, strlen(end->oif_name), TEXT_WORD) = '\0';
	unsigned age = tick > 0 ? hop.updated / (unsigned)tick : 0;
	connect_say(connect, "%s did not answer %s on %s when it was last asked, %u s ago (neighbour FAILED)", text,
	            family == AF_INET ? "ARP" : "neighbour discovery", name, age);
	bool fresh = age <= FRESH_SECONDS;
	if (!connect_end_set(end, fresh ? CONNECT_FAILS : CONNECT_UNKNOWN, STAGE_NEIGHBOUR, fresh ? EHOSTUNREACH : 0))
		return;
	snprintf(end->headline, sizeof(end->headline), "%s%s does not answer on %s: absent, or in another network",
	         end->has_gateway ? "the gateway " : "", text, name);
	snprintf(end->advice, sizeof(end->advice), "is it up, and in the network of %s? ip neighbour show dev %s", name,
	         name);
}
