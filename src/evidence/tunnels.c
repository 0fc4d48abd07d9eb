// SPDX-License-Identifier: MIT
/*
 * tunnels.c - sockets the kernel opened for an interface or a server of its own.
 *
 * rtnetlink tells the port of each vxlan, geneve and bareudp interface, and
 * which are wireguard's or gtp's; nfsd lists its ports in /proc/fs/nfsd. A UDP
 * socket of a tunnel also has IP_MULTICAST_LOOP off, which no program's has
 * unless it asked for that (net/ipv4/udp_tunnel_core.c, setup_udp_tunnel_sock).
 */
#include "evidence/tunnels.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>
#include <sockview/exchange.h>
#include <sockview/file.h>

enum { TUNNELS_MAX = 256 };

struct tunnel {
	uint16_t port; /* 0: any, it is not told */
	uint8_t proto; /* enum proto */
	uint8_t kind;  /* enum kernel_kind */
};

struct tunnels {
	struct tunnel tunnel[TUNNELS_MAX];
	size_t count;
	int unread; /* errno: not all interfaces were told */
};

static void tunnel_add(struct tunnels *tunnels, enum proto proto, uint16_t port, enum kernel_kind kind)
{
	if (tunnels->count < TUNNELS_MAX)
		tunnels->tunnel[tunnels->count++] = (struct tunnel){ port, (uint8_t)proto, (uint8_t)kind };
	else
		tunnels->unread = E2BIG;
}

/* Where each kind has its port among its attributes; gtp's and wireguard's is elsewhere. */
static const struct {
	const char *name;
	uint16_t port_attr;
	uint16_t otherwise;
	enum kernel_kind kind;
} link_kinds[] = {
	{ "vxlan", IFLA_VXLAN_PORT, 8472, KERNEL_VXLAN },
	{ "geneve", IFLA_GENEVE_PORT, 6081, KERNEL_GENEVE },
	{ "bareudp", IFLA_BAREUDP_PORT, 0, KERNEL_BAREUDP },
	{ "wireguard", 0, 0, KERNEL_WIREGUARD },
	{ "gtp", 0, 2152, KERNEL_GTP },
};

static int on_link(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	if (message->nlmsg_type != RTM_NEWLINK)
		return 0;
	struct attrs link = attrs_behind(payload, len, sizeof(struct ifinfomsg));
	struct attrs info = attrs_nested(link.at[IFLA_LINKINFO]);
	struct attrs data = attrs_nested(info.at[IFLA_INFO_DATA]);
	for (size_t i = 0; i < countof(link_kinds); i++) {
		uint16_t port = link_kinds[i].otherwise;
		if (!attr_is(info.at[IFLA_INFO_KIND], link_kinds[i].name))
			continue;
		if (link_kinds[i].port_attr)
			port = attr_be16(data.at[link_kinds[i].port_attr], port);
		tunnel_add(context, PROTO_UDP, port, link_kinds[i].kind);
	}
	return 0;
}

static void tunnels_forget(void *tunnels)
{
	*(struct tunnels *)tunnels = (struct tunnels){ .count = 0 };
}

static void read_links(struct tunnels *tunnels)
{
	struct exchange exchange;
	char buffer[64] __attribute__((aligned(NLMSG_ALIGNTO)));
	if (exchange_open(&exchange, NETLINK_ROUTE) < 0) {
		tunnels->unread = errno;
		return;
	}
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = RTM_GETLINK;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	if (exchange_table(&exchange, message, on_link, tunnels_forget, tunnels) < 0)
		tunnels->unread = errno;
	exchange_close(&exchange);
}

/* "tcp 2049\nudp 2049\n" (nfsd(7)). */
static void read_nfsd(struct tunnels *tunnels, int proc_fd)
{
	char text[1024], *save = NULL;
	file_read_string(proc_fd, "fs/nfsd/portlist", text, sizeof(text));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char proto[8];
		unsigned port;
		if (sscanf(line, "%7s %u", proto, &port) == 2 && port <= UINT16_MAX)
			tunnel_add(tunnels, strncmp(proto, "udp", 3) == 0 ? PROTO_UDP : PROTO_TCP, (uint16_t)port,
			           KERNEL_NFSD);
	}
}

static const struct tunnel *tunnel_of(const struct tunnels *tunnels, const struct row *row)
{
	const struct tunnel *any = NULL;
	for (size_t i = 0; i < tunnels->count; i++) {
		const struct tunnel *tunnel = &tunnels->tunnel[i];
		if (tunnel->proto != row->proto)
			continue;
		if (tunnel->port == row->local_port)
			return tunnel;
		if (!tunnel->port)
			any = tunnel;
	}
	return any;
}

enum { SOCKOPT_MC_LOOP = 1 << 4 }; /* struct inet_diag_sockopt, first byte */

/* Of every socket that the kernel opens for a tunnel; a program may choose the same. -1: not told. */
static int tunnel_options(const struct table *table, uint32_t index)
{
	struct sock sock;
	table_get(table, index, &sock);
	if (sock.row.proto != PROTO_UDP || !sock.extra || !(sock.extra->has & EXTRA_SOCKOPT))
		return -1;
	return !(sock.extra->sockopt & SOCKOPT_MC_LOOP);
}

/*
 * An interface or an export that is there has its socket on that port, and it is
 * root's. Where the interface does not tell its port, only the options speak for
 * it, and a process that was not seen might have set them.
 */
static bool is_of(const struct blanks *blanks, const struct blank *blank, const struct tunnel *tunnel)
{
	const struct row *row = blank->row;
	int options = tunnel_options(blanks->table, blank->index);
	if (row->flags & ROW_HAS_UID && row->uid)
		return false;
	if (tunnel->port)
		return row->proto != PROTO_UDP || options != 0;
	return options == 1 && !owners_unseen(&blanks->owners->report);
}

void tunnels_explain(struct blanks *blanks)
{
	struct tunnels tunnels = { .count = 0 };
	read_links(&tunnels);
	read_nfsd(&tunnels, blanks->proc_fd);
	blanks->owners->evidence_unread[EVIDENCE_LINKS] = tunnels.unread;
	for (size_t i = 0; i < blanks->count; i++) {
		const struct blank *blank = &blanks->blank[i];
		const struct tunnel *tunnel = blank->row->family == AF_UNIX ? NULL : tunnel_of(&tunnels, blank->row);
		if (tunnel && is_of(blanks, blank, tunnel))
			*blank->found = (struct owner_evidence){ .reason = REASON_KERNEL, .kind = tunnel->kind };
	}
}
