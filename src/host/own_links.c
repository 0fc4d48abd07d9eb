// SPDX-License-Identifier: MIT
/* own_links.c - the host's addresses and interfaces, by rtnetlink(7): two small dumps (own_links.h). */
#include <sockview/own_links.h>

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>

#include <libmnl/libmnl.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>
#include <sockview/exchange.h>
#include <sockview/vec.h>

static bool addr_copy(struct attr attr, int family, union addr *addr)
{
	size_t want = family == AF_INET ? 4 : 16;
	if (!attr.data || attr.len != want)
		return false;
	memcpy(addr, attr.data, want);
	return true;
}

/* IFLA_LINK_NETNSID and IFLA_XDP have a greater number than struct attrs keeps. */
static void take_late_attrs(struct link *link, const void *payload, size_t len)
{
	const size_t head = NLMSG_ALIGN(sizeof(struct ifinfomsg));
	struct attr_walk walk = { (const char *)payload + head, len > head ? len - head : 0 };
	struct attr attr;
	while (attr_next(&walk, &attr)) {
		/* The number in IFLA_LINK is one of another namespace. */
		if (attr.type == IFLA_LINK_NETNSID)
			link->lower = 0;
		if (attr.type != IFLA_XDP)
			continue;
		struct attr attached = attrs_nested(attr).at[IFLA_XDP_ATTACHED];
		link->xdp = attached.data && attached.len && *(const uint8_t *)attached.data != XDP_ATTACHED_NONE;
	}
}

/* These return 0, or -1 with errno ENOMEM. */

static int on_addr(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct own_links *links = context;
	const struct ifaddrmsg *head = payload;
	if (message->nlmsg_type != RTM_NEWADDR || len < sizeof(*head))
		return 0;
	struct attrs attrs = attrs_behind(payload, len, sizeof(*head));
	uint32_t flags = attr_u32(attrs.at[IFA_FLAGS], head->ifa_flags);
	struct local_addr addr = {
		.ifindex = head->ifa_index,
		.family = head->ifa_family,
		.prefix_len = head->ifa_prefixlen,
		.tentative = flags & IFA_F_TENTATIVE && !(flags & IFA_F_OPTIMISTIC),
		.dad_failed = flags & IFA_F_DADFAILED,
		.host_scope = head->ifa_scope == RT_SCOPE_HOST,
	};
	/* IFA_LOCAL is ours, IFA_ADDRESS the other end of a point-to-point link. */
	if ((head->ifa_family != AF_INET && head->ifa_family != AF_INET6) ||
	    (!addr_copy(attrs.at[IFA_LOCAL], head->ifa_family, &addr.addr) &&
	     !addr_copy(attrs.at[IFA_ADDRESS], head->ifa_family, &addr.addr)))
		return 0;
	if (addr.prefix_len > (head->ifa_family == AF_INET ? 32 : 128))
		addr.prefix_len = 32;
	struct local_addr *added = vec_push(links->addr, links->addrs, links->addr_capacity);
	if (!added)
		return -1;
	*added = addr;
	return 0;
}

static int on_iface(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct own_links *links = context;
	const struct ifinfomsg *head = payload;
	if (message->nlmsg_type != RTM_NEWLINK || len < sizeof(*head))
		return 0;
	struct attrs attrs = attrs_behind(payload, len, sizeof(*head));
	struct attrs info = attrs_nested(attrs.at[IFLA_LINKINFO]);
	struct link *link = vec_push(links->link, links->links, links->link_capacity);
	if (!link)
		return -1;
	link->ifindex = (uint32_t)head->ifi_index;
	link->master = attr_u32(attrs.at[IFLA_MASTER], 0);
	link->vrf = attr_is(info.at[IFLA_INFO_KIND], "vrf");
	link->up = head->ifi_flags & IFF_UP;
	link->loopback = head->ifi_flags & IFF_LOOPBACK;
	/* net/ipv4/arp.c, arp_constructor(); net/ipv6/ndisc.c, ndisc_constructor(). */
	link->resolves = !(head->ifi_flags & (IFF_LOOPBACK | IFF_NOARP | IFF_POINTOPOINT));
	link->lower = attr_u32(attrs.at[IFLA_LINK], 0);
	take_late_attrs(link, payload, len);
	attr_text(link->name, sizeof(link->name), attrs.at[IFLA_IFNAME]);
	return 0;
}

static void forget_links(void *links)
{
	((struct own_links *)links)->links = 0;
}

static void forget_addrs(void *links)
{
	((struct own_links *)links)->addrs = 0;
}

static const struct {
	uint16_t type;
	size_t head;
	exchange_call *call;
	void (*forget)(void *links);
} dumps[] = {
	{ RTM_GETLINK, sizeof(struct ifinfomsg), on_iface, forget_links },
	{ RTM_GETADDR, sizeof(struct ifaddrmsg), on_addr, forget_addrs },
};

int own_links_read(struct own_links *links)
{
	struct exchange exchange;
	int number = 0;
	if (exchange_open(&exchange, NETLINK_ROUTE) < 0)
		return -1;
	for (size_t i = 0; i < countof(dumps); i++) {
		char buffer[64] __attribute__((aligned(NLMSG_ALIGNTO)));
		struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
		message->nlmsg_type = dumps[i].type;
		message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		mnl_nlmsg_put_extra_header(message, dumps[i].head);
		if (exchange_table(&exchange, message, dumps[i].call, dumps[i].forget, links) < 0)
			number = errno;
	}
	exchange_close(&exchange);
	errno = number;
	return number ? -1 : 0;
}

void own_links_free(struct own_links *links)
{
	free(links->addr);
	free(links->link);
	*links = (struct own_links){ 0 };
}
