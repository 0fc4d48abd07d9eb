/*
 * tunnels.c - sockets the kernel opened for an interface or a server of its own.
 *
 * rtnetlink tells the port of each vxlan, geneve and bareudp interface, and
 * which are wireguard's or gtp's; nfsd lists its ports in /proc/fs/nfsd. A UDP
 * socket of a tunnel also has IP_MULTICAST_LOOP off, which no program's has
 * unless it asked for that (net/ipv4/udp_tunnel_core.c, setup_udp_tunnel_sock).
 */
#include "evidence/evidence.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/dump.h>

enum { TUNNELS_MAX = 256, ATTRS_MAX = 64 };

struct tunnel {
	uint16_t port; /* 0: any, it is not told */
	uint8_t proto; /* enum proto */
	uint8_t kind;  /* enum kernel_kind */
};

struct tunnels {
	struct tunnel tunnel[TUNNELS_MAX];
	size_t count;
};

static void tunnel_add(struct tunnels *tunnels, enum proto proto, uint16_t port, enum kernel_kind kind)
{
	if (tunnels->count < TUNNELS_MAX)
		tunnels->tunnel[tunnels->count++] = (struct tunnel){ port, (uint8_t)proto, (uint8_t)kind };
}

struct attrs {
	const struct nlattr *at[ATTRS_MAX];
};

static int collect_attr(const struct nlattr *attr, void *context)
{
	struct attrs *attrs = context;
	unsigned type = mnl_attr_get_type(attr);
	if (type < ATTRS_MAX)
		attrs->at[type] = attr;
	return MNL_CB_OK;
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

static void add_link_kind(struct tunnels *tunnels, const char *kind, size_t len, const struct nlattr *data)
{
	struct attrs attrs = { { NULL } };
	if (data)
		mnl_attr_parse_nested(data, collect_attr, &attrs);
	for (size_t i = 0; i < countof(link_kinds); i++) {
		if (strlen(link_kinds[i].name) != len || memcmp(link_kinds[i].name, kind, len) != 0)
			continue;
		const struct nlattr *port = link_kinds[i].port_attr ? attrs.at[link_kinds[i].port_attr] : NULL;
		bool told = port && mnl_attr_get_payload_len(port) == 2;
		tunnel_add(tunnels, PROTO_UDP, told ? ntohs(mnl_attr_get_u16(port)) : link_kinds[i].otherwise,
		           link_kinds[i].kind);
	}
}

static int on_link(const struct nlmsghdr *message, void *context)
{
	struct attrs link = { { NULL } }, info = { { NULL } };
	if (message->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(message) < sizeof(struct ifinfomsg))
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(struct ifinfomsg), collect_attr, &link);
	if (!link.at[IFLA_LINKINFO])
		return MNL_CB_OK;
	mnl_attr_parse_nested(link.at[IFLA_LINKINFO], collect_attr, &info);
	const struct nlattr *kind = info.at[IFLA_INFO_KIND];
	if (kind)
		add_link_kind(context, mnl_attr_get_payload(kind),
		              strnlen(mnl_attr_get_payload(kind), mnl_attr_get_payload_len(kind)),
		              info.at[IFLA_INFO_DATA]);
	return MNL_CB_OK;
}

static void read_links(struct tunnels *tunnels)
{
	struct dump dump;
	char buffer[64];
	if (dump_open(&dump, NETLINK_ROUTE) < 0)
		return;
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = RTM_GETLINK;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	dump_run(&dump, message, on_link, tunnels);
	dump_close(&dump);
}

/* "tcp 2049\nudp 2049\n" (nfsd(7)). */
static void read_nfsd(struct tunnels *tunnels, int proc_fd)
{
	char text[1024], *save = NULL;
	int fd = proc_fd < 0 ? -1 : openat(proc_fd, "fs/nfsd/portlist", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
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

static bool has_tunnel_options(const struct evidence *evidence, uint32_t index)
{
	struct sock sock;
	table_get(evidence->request->table, index, &sock);
	return sock.row.proto == PROTO_UDP && sock.extra && sock.extra->has & EXTRA_SOCKOPT &&
	       !(sock.extra->sockopt & SOCKOPT_MC_LOOP);
}

void tunnels_explain(struct evidence *evidence)
{
	struct tunnels tunnels = { .count = 0 };
	read_links(&tunnels);
	read_nfsd(&tunnels, evidence->request->proc_fd);
	for (size_t i = 0; i < evidence->rows; i++) {
		const struct row *row = evidence_row(evidence, i);
		struct owner_evidence *slot = evidence_slot(evidence, row);
		const struct tunnel *tunnel = row->family == AF_UNIX ? NULL : tunnel_of(&tunnels, row);
		if (slot && tunnel)
			*slot = (struct owner_evidence){ REASON_KERNEL, tunnel->kind };
		else if (slot && has_tunnel_options(evidence, evidence->row[i]))
			*slot = (struct owner_evidence){ REASON_KERNEL, KERNEL_OTHER };
	}
}
