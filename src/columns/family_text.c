// SPDX-License-Identifier: MIT
/*
 * family_text.c - the ends and lists of sockets beside the internet protocols and unix (family_text.h).
 *
 * linux/if_packet.h, if_ether.h, netlink.h, vm_sockets.h, Linux 6.18.
 */
#include "columns/family_text.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>
#include <sockview/names.h>

#include "columns/classic_bpf.h"

/* --- words for numbers --- */

/* ETH_P_*; 0 is a socket that receives nothing. */
static const struct {
	uint16_t number;
	const char *name;
} ether_types[] = {
	{ 0x0000, "none" },    { 0x0001, "802.3" }, { 0x0003, "all" },    { 0x0004, "802.2" }, { 0x0800, "ip" },
	{ 0x0806, "arp" },     { 0x8035, "rarp" },  { 0x8100, "802.1q" }, { 0x86dd, "ipv6" },  { 0x8808, "pause" },
	{ 0x8809, "slow" },    { 0x8847, "mpls" },  { 0x8863, "pppoed" }, { 0x8864, "pppoe" }, { 0x888e, "eapol" },
	{ 0x88a8, "802.1ad" }, { 0x88cc, "lldp" },  { 0x88e5, "macsec" }, { 0x88f7, "ptp" },   { 0x890d, "tdls" },
};

const char *family_ether_type(unsigned number)
{
	for (size_t i = 0; i < countof(ether_types); i++)
		if (ether_types[i].number == number)
			return ether_types[i].name;
	return NULL;
}

const char *const family_netlink_names[FAMILY_NETLINK_NAMES + 1] = {
	"route",   "unused", "usersock",      "firewall",  "sock_diag", "nflog",  "xfrm",    "selinux",
	"iscsi",   "audit",  "fib_lookup",    "connector", "netfilter", "ip6_fw", "dnrtmsg", "kobject_uevent",
	"generic", "",       "scsitransport", "ecryptfs",  "rdma",      "crypto", "smc",     NULL,
};

/* --- a socket's ends, and lists, as text --- */

static int add_string(struct text *text, const char *string)
{
	return text_add(text, string, strlen(string));
}

/* A name from the system, or `other` if there is none. */
static int add_system_name(struct text *text, const char *name, const char *other)
{
	if (!name)
		return add_string(text, other);
	return text_add_escaped(text, (struct bytes){ name, strlen(name) }, TEXT_WORD);
}

static int add_interface(struct text *text, const struct column_source *source)
{
	uint32_t ifindex = source->sock->row.ifindex;
	char number[TEXT_U64_MAX + 3];
	snprintf(number, sizeof(number), "if%u", ifindex);
	return ifindex ? add_system_name(text, names_interface(source->context->names, ifindex), number)
	               : add_string(text, "*");
}

/* "arp:lo", "0x88b5:*" */
static int packet_local(struct text *text, const struct column_source *source)
{
	unsigned protocol = source->sock->detail->packet.protocol;
	char number[16];
	const char *name = family_ether_type(protocol);
	snprintf(number, sizeof(number), "0x%04x", protocol);
	if (add_string(text, name ? name : number) < 0 || text_add_char(text, ':') < 0)
		return -1;
	return add_interface(text, source);
}

/* "route:812", "audit:kernel" */
static int netlink_local(struct text *text, const struct column_source *source)
{
	const struct sock_netlink *netlink = &source->sock->detail->netlink;
	const char *name = netlink->protocol < FAMILY_NETLINK_NAMES ? family_netlink_names[netlink->protocol] : "";
	if ((*name ? add_string(text, name) : text_add_u64(text, netlink->protocol)) < 0 ||
	    text_add_char(text, ':') < 0)
		return -1;
	return netlink->port ? text_add_u64(text, netlink->port) : add_string(text, "kernel");
}

/* Port 0 and no group is the kernel as well as no address: only a connected socket has a remote end. */
static int netlink_remote(struct text *text, const struct sock *sock)
{
	if (sock->row.state != STATE_ESTABLISHED)
		return text_add_char(text, '*');
	uint32_t port = sock->detail->netlink.peer_port;
	return port ? text_add_u64(text, port) : add_string(text, "kernel");
}

static int add_or_any(struct text *text, uint32_t number, uint32_t any)
{
	return number == any ? text_add_char(text, '*') : text_add_u64(text, number);
}

/* VMADDR_CID_ANY, VMADDR_PORT_ANY (vsock(7)). */
#define ANY UINT32_MAX

/* "2:1024", "*:1024" */
static int vsock_end(struct text *text, uint32_t cid, uint32_t port)
{
	if (add_or_any(text, cid, ANY) < 0 || text_add_char(text, ':') < 0)
		return -1;
	return add_or_any(text, port, ANY);
}

/* "eth0:q3" */
static int xdp_local(struct text *text, const struct column_source *source)
{
	const struct sock_detail *detail = source->sock->detail;
	if (add_interface(text, source) < 0 || add_string(text, ":q") < 0)
		return -1;
	return detail->has & HAS_XDP_QUEUE ? text_add_u64(text, detail->xdp.queue) : text_add_char(text, '*');
}

/* "16781313:1024": the node, and the port that its kernel chose, as ss writes them. */
static int tipc_end(struct text *text, const struct sock_tipc *tipc, bool remote)
{
	if (add_or_any(text, remote ? tipc->peer_node : tipc->node, 0) < 0 || text_add_char(text, ':') < 0)
		return -1;
	return add_or_any(text, remote ? tipc->peer_port : tipc->port, 0);
}

static int end_add(struct text *text, const struct column_source *source, bool remote)
{
	const struct sock *sock = source->sock;
	const struct sock_vsock *vsock = &sock->detail->vsock;
	switch (sock->row.proto) {
	case PROTO_PACKET:
		return remote ? text_add_char(text, '*') : packet_local(text, source);
	case PROTO_NETLINK:
		return remote ? netlink_remote(text, sock) : netlink_local(text, source);
	case PROTO_VSOCK:
		return remote ? vsock_end(text, vsock->remote_cid, vsock->remote_port)
		              : vsock_end(text, vsock->local_cid, vsock->local_port);
	case PROTO_TIPC:
		return tipc_end(text, &sock->detail->tipc, remote);
	default:
		return remote ? text_add_char(text, '*') : xdp_local(text, source);
	}
}

/* "1,3": the multicast groups, counted from 1 (bind(2) of netlink(7) has a bit for each of the first 32). */
static int heard_add(struct text *text, const struct sock *sock)
{
	struct bytes groups = sock->blob[BLOB_GROUPS];
	if (!groups.data)
		groups = (struct bytes){ &sock->detail->netlink.groups, sizeof(sock->detail->netlink.groups) };
	size_t start = text->len;
	for (size_t i = 0; i < groups.len * 8; i++) {
		/* Unsigned longs of this host, so in a little-endian one bytes are in order. */
		size_t byte = i / 8, word = sizeof(long);
		if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ && groups.len % word == 0)
			byte = byte / word * word + (word - 1 - byte % word);
		if (!(((const uint8_t *)groups.data)[byte] & 1u << i % 8))
			continue;
		if ((text->len > start && text_add_char(text, ',') < 0) || text_add_u64(text, i + 1) < 0)
			return -1;
	}
	return 0;
}

/* struct sockaddr_storage, one behind the other. */
static int addresses_add(struct text *text, struct bytes addresses)
{
	size_t start = text->len;
	for (size_t at = 0; at + sizeof(struct sockaddr_storage) <= addresses.len;
	     at += sizeof(struct sockaddr_storage)) {
		struct sockaddr_storage storage;
		char address[ADDR_TEXT_MAX];
		union addr addr = { 0 };
		memcpy(&storage, (const char *)addresses.data + at, sizeof(storage));
		bool six = storage.ss_family == AF_INET6;
		if (!six && storage.ss_family != AF_INET)
			continue;
		if (six)
			memcpy(addr.byte, &((const struct sockaddr_in6 *)&storage)->sin6_addr, sizeof(addr.byte));
		else
			memcpy(addr.byte, &((const struct sockaddr_in *)&storage)->sin_addr, sizeof(addr.word[0]));
		size_t len =
			(size_t)(addr_text(address, &addr, storage.ss_family, six && addr_is_mapped(&addr)) - address);
		if ((text->len > start && text_add_char(text, ',') < 0) || text_add(text, address, len) < 0)
			return -1;
	}
	return 0;
}

/* enum of linux/sock_diag.h (Linux 5.6): SK_DIAG_BPF_STORAGE, ..._MAP_ID, ..._MAP_VALUE. */
enum { STORAGE = 1, STORAGE_MAP_ID = 2, STORAGE_VALUE = 3 };

static int hex_add(struct text *text, struct bytes bytes)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = ((const uint8_t *)bytes.data)[i];
		if (text_add_char(text, digits[byte >> 4]) < 0 || text_add_char(text, digits[byte & 15]) < 0)
			return -1;
	}
	return 0;
}

/* "12:4:0a000000" */
static int stored_add(struct text *text, const struct attr *storage)
{
	struct attr_walk walk = { storage->data, storage->len };
	struct attr attr;
	struct bytes value = { 0 };
	uint32_t id = 0;
	while (attr_next(&walk, &attr)) {
		if (attr.type == STORAGE_MAP_ID && attr.len >= sizeof(id))
			memcpy(&id, attr.data, sizeof(id));
		else if (attr.type == STORAGE_VALUE)
			value = (struct bytes){ attr.data, attr.len };
	}
	if (text_add_u64(text, id) < 0 || text_add_char(text, ':') < 0 || text_add_u64(text, value.len) < 0 ||
	    text_add_char(text, ':') < 0)
		return -1;
	return hex_add(text, value);
}

static int storage_add(struct text *text, struct bytes storages)
{
	struct attr_walk walk = { storages.data, storages.len };
	size_t start = text->len;
	struct attr attr;
	while (attr_next(&walk, &attr)) {
		if (attr.type != STORAGE)
			continue;
		if ((text->len > start && text_add_char(text, ',') < 0) || stored_add(text, &attr) < 0)
			return -1;
	}
	return 0;
}

int family_text_add(struct text *text, enum family_text what, const struct column_source *source)
{
	switch (what) {
	case FAMILY_GROUPS:
		return heard_add(text, source->sock);
	case FAMILY_LOCALS:
		return addresses_add(text, source->sock->blob[BLOB_LOCALS]);
	case FAMILY_PEERS:
		return addresses_add(text, source->sock->blob[BLOB_PEERS]);
	case FAMILY_STORAGE:
		return storage_add(text, source->sock->blob[BLOB_STORAGE]);
	case FAMILY_FILTER:
		return classic_bpf_text(text, source->sock->blob[BLOB_FILTER]);
	default:
		return end_add(text, source, what == FAMILY_REMOTE);
	}
}

bool family_has_ends(const struct sock *sock)
{
	return sock->detail && sock->detail->has & (HAS_PACKET | HAS_NETLINK | HAS_VSOCK | HAS_XDP | HAS_TIPC);
}
