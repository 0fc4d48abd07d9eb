// SPDX-License-Identifier: MIT
/* traffic.c - interfaces' counters and addresses, by rtnetlink(7) (sockview/traffic.h). */
#include <sockview/traffic.h>

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>
#include <sockview/vec.h>

static int on_link_counters(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct traffic *traffic = context;
	const struct ifinfomsg *head = payload;
	struct rtnl_link_stats64 counters;
	if (message->nlmsg_type != RTM_NEWLINK || len < sizeof(*head) || head->ifi_flags & IFF_LOOPBACK)
		return 0;
	struct attrs attrs = attrs_behind(payload, len, sizeof(*head));
	struct attr told = attrs.at[IFLA_STATS64];
	/* A link of another namespace (veth) is told with its number there, behind IFLA_LINK_NETNSID. */
	uint32_t below = attr_u32(attrs.at[IFLA_LINK], 0);
	bool on_top = below && below != (uint32_t)head->ifi_index;
	struct attr_walk walk = { (const char *)payload + NLMSG_ALIGN(sizeof(*head)), 0 };
	walk.len = len - NLMSG_ALIGN(sizeof(*head));
	for (struct attr attr; attr_next(&walk, &attr);)
		on_top &= attr.type != IFLA_LINK_NETNSID;
	if (on_top || attr_u32(attrs.at[IFLA_MASTER], 0) || told.len < offsetof(struct rtnl_link_stats64, rx_errors))
		return 0;
	struct traffic_links *links = &traffic->now;
	struct traffic_link *link = vec_push(links->link, links->count, links->capacity);
	if (!link)
		return -1;
	memcpy(&counters, told.data, offsetof(struct rtnl_link_stats64, rx_errors));
	*link = (struct traffic_link){ (uint32_t)head->ifi_index, counters.tx_bytes, counters.rx_bytes };
	return 0;
}

static union addr as_ipv6(int family, const uint8_t *byte)
{
	union addr addr = { .byte = { [10] = 0xff, [11] = 0xff } };
	memcpy(family == AF_INET ? addr.byte + 12 : addr.byte, byte, family == AF_INET ? 4 : 16);
	return addr;
}

static int on_own_addr(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct traffic *traffic = context;
	const struct ifaddrmsg *head = payload;
	if (message->nlmsg_type != RTM_NEWADDR || len < sizeof(*head))
		return 0;
	struct attrs attrs = attrs_behind(payload, len, sizeof(*head));
	size_t bytes = head->ifa_family == AF_INET ? 4 : head->ifa_family == AF_INET6 ? 16 : 0;
	/* IFA_ADDRESS is the other end's where there is one. */
	struct attr own = attrs.at[IFA_LOCAL].len == bytes ? attrs.at[IFA_LOCAL] : attrs.at[IFA_ADDRESS];
	if (!bytes || !own.data || own.len != bytes)
		return 0;
	union addr *added = vec_push(traffic->own, traffic->own_count, traffic->own_capacity);
	if (!added)
		return -1;
	*added = as_ipv6(head->ifa_family, own.data);
	return 0;
}

static void forget_counters(void *traffic)
{
	((struct traffic *)traffic)->now.count = 0;
}

static void forget_own(void *traffic)
{
	((struct traffic *)traffic)->own_count = 0;
}

static int compare_link(const void *a, const void *b)
{
	uint32_t left = ((const struct traffic_link *)a)->ifindex, right = ((const struct traffic_link *)b)->ifindex;
	return left < right ? -1 : left > right;
}

static int compare_addr(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(union addr));
}

int traffic_read(struct traffic *traffic, int64_t now_ns)
{
	static const struct {
		uint16_t type;
		size_t head;
		exchange_call *call;
		void (*forget)(void *traffic);
	} tables[] = {
		{ RTM_GETLINK, sizeof(struct ifinfomsg), on_link_counters, forget_counters },
		{ RTM_GETADDR, sizeof(struct ifaddrmsg), on_own_addr, forget_own },
	};
	struct traffic_links before = traffic->before;
	if (!traffic->opened && exchange_open(&traffic->exchange, NETLINK_ROUTE) < 0)
		return -1;
	traffic->opened = true;
	traffic->before = traffic->now;
	traffic->now = before;
	traffic->now.time_ns = now_ns;
	for (size_t i = 0; i < countof(tables); i++) {
		char buffer[64] __attribute__((aligned(NLMSG_ALIGNTO)));
		struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
		message->nlmsg_type = tables[i].type;
		message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		mnl_nlmsg_put_extra_header(message, tables[i].head);
		tables[i].forget(traffic);
		if (exchange_table(&traffic->exchange, message, tables[i].call, tables[i].forget, traffic) < 0) {
			traffic->now.count = 0;
			return -1;
		}
	}
	if (traffic->now.count)
		qsort(traffic->now.link, traffic->now.count, sizeof(*traffic->now.link), compare_link);
	if (traffic->own_count)
		qsort(traffic->own, traffic->own_count, sizeof(*traffic->own), compare_addr);
	return 0;
}

/* Of interfaces that both looks had. A counter of 32 bits (a driver's) may begin again: that gains nothing. */
bool traffic_rates(const struct traffic *traffic, double *tx, double *rx)
{
	const struct traffic_links *now = &traffic->now, *before = &traffic->before;
	double seconds = (double)(now->time_ns - before->time_ns) / 1e9;
	*tx = *rx = 0;
	if (!before->time_ns || !(seconds > 0))
		return false;
	for (size_t i = 0, j = 0; i < now->count; i++) {
		const struct traffic_link *last = &now->link[i];
		while (j < before->count && before->link[j].ifindex < last->ifindex)
			j++;
		if (j == before->count)
			break;
		const struct traffic_link *first = &before->link[j];
		if (last->ifindex != first->ifindex)
			continue;
		*tx += last->tx > first->tx ? (double)(last->tx - first->tx) / seconds : 0;
		*rx += last->rx > first->rx ? (double)(last->rx - first->rx) / seconds : 0;
	}
	return true;
}

bool traffic_is_local(const struct traffic *traffic, const struct row *row)
{
	union addr remote = as_ipv6(row->family, row->remote.byte);
	if (memcmp(&row->local, &row->remote, sizeof(row->local)) == 0)
		return true;
	if (addr_is_mapped(&remote) && remote.byte[12] == 127)
		return true;
	return traffic->own_count &&
	       bsearch(&remote, traffic->own, traffic->own_count, sizeof(remote), compare_addr) != NULL;
}

void traffic_close(struct traffic *traffic)
{
	if (traffic->opened)
		exchange_close(&traffic->exchange);
	free(traffic->before.link);
	free(traffic->now.link);
	free(traffic->own);
	*traffic = (struct traffic){ 0 };
}
