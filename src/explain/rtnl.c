/* rtnl.c - the host's addresses and interfaces, by rtnetlink(7): two small dumps (rtnl.h). */
#include "explain/rtnl.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/vec.h>

#include <sockview/dump.h>

/* Attributes of one message by number, those we know. */
struct attrs {
	const struct nlattr *at[64];
};

static int collect_attr(const struct nlattr *attr, void *context)
{
	struct attrs *attrs = context;
	unsigned type = mnl_attr_get_type(attr);
	if (type < 64)
		attrs->at[type] = attr;
	return MNL_CB_OK;
}

static bool addr_copy(const struct nlattr *attr, int family, union addr *addr)
{
	size_t want = family == AF_INET ? 4 : 16;
	if (!attr || mnl_attr_get_payload_len(attr) != want)
		return false;
	memcpy(addr, mnl_attr_get_payload(attr), want);
	return true;
}

static uint32_t attr_u32(const struct nlattr *attr, uint32_t otherwise)
{
	return attr && mnl_attr_get_payload_len(attr) == 4 ? mnl_attr_get_u32(attr) : otherwise;
}

static int add_addr(const struct nlmsghdr *message, void *context)
{
	struct facts *facts = context;
	const struct ifaddrmsg *head = mnl_nlmsg_get_payload(message);
	struct attrs attrs = { 0 };
	if (message->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(message) < sizeof(*head))
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*head), collect_attr, &attrs);
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
		return MNL_CB_OK;
	if (addr.prefix_len > (head->ifa_family == AF_INET ? 32 : 128))
		addr.prefix_len = 32;
	struct local_addr *grown = vec_reserve(facts->addr, &facts->addr_capacity, facts->addrs + 1, sizeof(addr));
	if (!grown)
		return MNL_CB_ERROR;
	facts->addr = grown;
	facts->addr[facts->addrs++] = addr;
	return MNL_CB_OK;
}

static int find_kind(const struct nlattr *attr, void *context)
{
	const struct nlattr **kind = context;
	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
		*kind = attr;
	return MNL_CB_OK;
}

static bool is_vrf(const struct nlattr *info)
{
	const struct nlattr *kind = NULL;
	if (!info)
		return false;
	mnl_attr_parse_nested(info, find_kind, &kind);
	return kind && mnl_attr_get_payload_len(kind) == 4 && memcmp(mnl_attr_get_payload(kind), "vrf", 4) == 0;
}

static int add_link(const struct nlmsghdr *message, void *context)
{
	struct facts *facts = context;
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);
	struct attrs attrs = { 0 };
	if (message->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(message) < sizeof(*head))
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*head), collect_attr, &attrs);
	struct link link = {
		.ifindex = (uint32_t)head->ifi_index,
		.master = attr_u32(attrs.at[IFLA_MASTER], 0),
		.vrf = is_vrf(attrs.at[IFLA_LINKINFO]),
		.up = head->ifi_flags & IFF_UP,
	};
	const struct nlattr *name = attrs.at[IFLA_IFNAME];
	if (name)
		memcpy(link.name, mnl_attr_get_payload(name),
		       mnl_attr_get_payload_len(name) < sizeof(link.name) ? mnl_attr_get_payload_len(name)
		                                                          : sizeof(link.name) - 1);
	struct link *grown = vec_reserve(facts->link, &facts->link_capacity, facts->links + 1, sizeof(link));
	if (!grown)
		return MNL_CB_ERROR;
	facts->link = grown;
	facts->link[facts->links++] = link;
	return MNL_CB_OK;
}

static int dump(struct dump *dump, uint16_t type, mnl_cb_t call, struct facts *facts)
{
	char buffer[64];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(message, type == RTM_GETADDR ? sizeof(struct ifaddrmsg) : sizeof(struct ifinfomsg));
	return dump_run(dump, message, call, facts);
}

int rtnl_read(struct facts *facts)
{
	struct dump route;
	if (dump_open(&route, NETLINK_ROUTE) < 0)
		return -1;
	int answer = dump(&route, RTM_GETLINK, add_link, facts);
	if (answer == 0)
		answer = dump(&route, RTM_GETADDR, add_addr, facts);
	dump_close(&route);
	return answer;
}
