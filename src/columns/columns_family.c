/*
 * columns_family.c - the columns of packet, netlink, MPTCP, vsock and XDP sockets, and their ends as text.
 *
 * linux/if_packet.h, if_ether.h, netlink.h, mptcp.h, vm_sockets.h, xdp_diag.h, Linux 6.18.
 */
#include "columns/columns.h"

#include <linux/vm_sockets.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/names.h>

#include "columns/classic_bpf.h"

/* --- words for numbers --- */

/* ETH_P_*; 0 is a socket that receives nothing. */
static const struct {
	uint16_t number;
	const char *name;
} ether_types[] = {
	{ 0x0000, "none" },  { 0x0001, "802.3" },    { 0x0003, "all" },      { 0x0004, "802.2" },
	{ 0x0800, "ip" },    { 0x0806, "arp" },      { 0x8035, "rarp" },     { 0x8100, "802.1q" },
	{ 0x86dd, "ipv6" },  { 0x8808, "pause" },    { 0x8809, "slow" },     { 0x8847, "mpls" },
	{ 0x8863, "pppoed" }, { 0x8864, "pppoe" },   { 0x888e, "eapol" },    { 0x88a8, "802.1ad" },
	{ 0x88cc, "lldp" },  { 0x88e5, "macsec" },   { 0x88f7, "ptp" },      { 0x890d, "tdls" },
};

static const char *ether_type_name(unsigned number)
{
	for (size_t i = 0; i < countof(ether_types); i++)
		if (ether_types[i].number == number)
			return ether_types[i].name;
	return NULL;
}

static const char *const netlink_names[] = {
	"route",    "unused",     "usersock",  "firewall", "sock_diag", "nflog",          "xfrm",
	"selinux",  "iscsi",      "audit",     "fib_lookup", "connector", "netfilter",    "ip6_fw",
	"dnrtmsg",  "kobject_uevent", "generic", "",       "scsitransport", "ecryptfs",   "rdma",
	"crypto",   "smc",        NULL,
};

/* --- a socket's ends, and lists, as text --- */

enum family_text { TEXT_LOCAL, TEXT_REMOTE, TEXT_GROUPS, TEXT_FILTER };

static int add_string(struct text *text, const char *string)
{
	return text_add(text, string, strlen(string));
}

/* A name from the system, or `other` if there is none. */
static int add_name(struct text *text, const char *name, const char *other)
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
	return ifindex ? add_name(text, names_interface(source->context->names, ifindex), number)
	               : add_string(text, "*");
}

/* "arp:lo", "0x88b5:*" */
static int packet_local(struct text *text, const struct column_source *source)
{
	unsigned protocol = source->sock->detail->packet.protocol;
	char number[16];
	const char *name = ether_type_name(protocol);
	snprintf(number, sizeof(number), "0x%04x", protocol);
	if (add_string(text, name ? name : number) < 0 || text_add_char(text, ':') < 0)
		return -1;
	return add_interface(text, source);
}

/* "route:812", "audit:kernel" */
static int netlink_local(struct text *text, const struct column_source *source)
{
	const struct sock_netlink *netlink = &source->sock->detail->netlink;
	const char *name = netlink->protocol < countof(netlink_names) - 1 ? netlink_names[netlink->protocol] : "";
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

/* "2:1024", "*:1024": VMADDR_CID_ANY and VMADDR_PORT_ANY are both all bits. */
static int vsock_end(struct text *text, uint32_t cid, uint32_t port)
{
	if (add_or_any(text, cid, VMADDR_CID_ANY) < 0 || text_add_char(text, ':') < 0)
		return -1;
	return add_or_any(text, port, VMADDR_PORT_ANY);
}

/* "eth0:q3" */
static int xdp_local(struct text *text, const struct column_source *source)
{
	const struct sock_detail *detail = source->sock->detail;
	if (add_interface(text, source) < 0 || add_string(text, ":q") < 0)
		return -1;
	return detail->has & HAS_XDP_QUEUE ? text_add_u64(text, detail->xdp.queue) : text_add_char(text, '*');
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
	default:
		return remote ? text_add_char(text, '*') : xdp_local(text, source);
	}
}

/* "1,3": the multicast groups, counted from 1 (bind(2) of netlink(7) has a bit for each of the first 32). */
static int groups_add(struct text *text, const struct sock *sock)
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

int family_text_add(struct text *text, const struct value *value, const struct column_source *source)
{
	switch ((enum family_text)value->uint) {
	case TEXT_GROUPS:
		return groups_add(text, source->sock);
	case TEXT_FILTER:
		return classic_bpf_text(text, source->sock->blob[BLOB_FILTER]);
	default:
		return end_add(text, source, value->uint == TEXT_REMOTE);
	}
}

static void family_set(struct value *value, enum family_text what)
{
	value->kind = VALUE_DETAIL;
	value->uint = what;
}

void family_set_end(const struct column_source *source, struct value *value, bool remote)
{
	unsigned ends = HAS_PACKET | HAS_NETLINK | HAS_VSOCK | HAS_XDP;
	if (source->sock->detail && source->sock->detail->has & ends)
		family_set(value, remote ? TEXT_REMOTE : TEXT_LOCAL);
}

static void get_packet_protocol(const struct column *column, const struct column_source *source, struct value *value)
{
	uint64_t number;
	if (!column_field_number(&column->field, source, &number))
		return;
	value_set_word(value, ether_type_name((unsigned)number));
	if (value->kind == VALUE_NONE)
		*value = (struct value){ .kind = VALUE_UNKNOWN_WORD, .uint = number };
}

static void get_netlink_peer(const struct column *column, const struct column_source *source, struct value *value)
{
	if (source->sock->row.state == STATE_ESTABLISHED)
		column_get_field(column, source, value);
}

static void get_netlink_groups(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct sock *sock = source->sock;
	if (sock->detail && sock->detail->has & HAS_NETLINK && (sock->blob[BLOB_GROUPS].data || sock->detail->netlink.groups))
		family_set(value, TEXT_GROUPS);
}

static void get_filter(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (source->sock->blob[BLOB_FILTER].len)
		family_set(value, TEXT_FILTER);
}

#define COLUMN(name_, type_, unit_, member, told_, help_, ...) \
	{ \
		.name = name_, .unit = unit_, .help = help_, .type = type_, .group = GROUP_FAMILY, .want = WANT_DETAIL, \
		.field.from = FROM_DETAIL, FIELD_OF(struct sock_detail, member), .field.told = told_, \
		##__VA_ARGS__ \
	}
#define FIELD .get = column_get_field
#define NUMBER(name_, unit_, member, told_, help_, ...) \
	COLUMN(name_, COLUMN_NUMBER, unit_, member, told_, help_, FIELD, ##__VA_ARGS__)
#define PACKET_FLAG(name_, bit_, help_) \
	COLUMN(name_, COLUMN_BOOL, NULL, packet.flags, HAS_PACKET_INFO, help_, FIELD, .field.shift = bit_, .field.bits = 1)
#define SOCKET_TYPES \
	WORDS("", [SOCK_STREAM] = "stream", [SOCK_DGRAM] = "dgram", [SOCK_RAW] = "raw", [SOCK_RDM] = "", \
	      [SOCK_SEQPACKET] = "seqpacket", "", "", "", "", [SOCK_PACKET] = "packet")

const struct column columns_family[] = {
	COLUMN("packet_type", COLUMN_TEXT, NULL, type, HAS_PACKET, "raw: with the link layer's head; dgram: without",
	       FIELD, .words = SOCKET_TYPES),
	COLUMN("packet_protocol", COLUMN_TEXT, NULL, packet.protocol, HAS_PACKET,
	       "which frames it receives: all, ip, ipv6, arp ...", .get = get_packet_protocol),
	NUMBER("packet_version", NULL, packet.version, HAS_PACKET_INFO, "of the rings: 0, 1, 2 for TPACKET_V1 to V3"),
	NUMBER("packet_reserve", "bytes", packet.reserve, HAS_PACKET_INFO, "left free before a frame in the ring"),
	NUMBER("packet_copy_threshold", NULL, packet.copy_threshold, HAS_PACKET_INFO,
	       "frames in the queue from which copies are made"),
	PACKET_FLAG("packet_running", 0, "it is attached to its interface or to all"),
	PACKET_FLAG("packet_auxdata", 1, "PACKET_AUXDATA"),
	PACKET_FLAG("packet_origdev", 2, "PACKET_ORIGDEV"),
	PACKET_FLAG("packet_vnet_hdr", 3, "PACKET_VNET_HDR"),
	PACKET_FLAG("packet_loss", 4, "PACKET_LOSS"),
	NUMBER("packet_rx_frames", NULL, packet.rx.frame_count, HAS_PACKET, "frames of the ring it receives in",
	       .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("packet_rx_frame_size", "bytes", packet.rx.frame_size, HAS_PACKET, "size of each",
	       .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("packet_rx_blocks", NULL, packet.rx.block_count, HAS_PACKET, "blocks of that ring",
	       .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("packet_rx_block_size", "bytes", packet.rx.block_size, HAS_PACKET, "size of each",
	       .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("packet_tx_frames", NULL, packet.tx.frame_count, HAS_PACKET, "frames of the ring it sends from",
	       .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("packet_tx_frame_size", "bytes", packet.tx.frame_size, HAS_PACKET, "size of each",
	       .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("packet_fanout", NULL, packet.fanout_id, HAS_FANOUT, "number of the group that shares the frames"),
	COLUMN("packet_fanout_mode", COLUMN_TEXT, NULL, packet.fanout_type, HAS_FANOUT, "how it shares them",
	       FIELD, .words = WORDS("hash", "lb", "cpu", "rollover", "rnd", "qm", "cbpf", "ebpf"), .unknown_words = true),
	{ .name = "packet_filter",
	  .type = COLUMN_TEXT,
	  .group = GROUP_FILTER,
	  .want = WANT_FILTER | WANT_DETAIL,
	  .need = NEED_NET_ADMIN,
	  .get = get_filter,
	  .help = "the classic BPF program of SO_ATTACH_FILTER, an instruction behind the other" },

	COLUMN("netlink_protocol", COLUMN_TEXT, NULL, netlink.protocol, HAS_NETLINK, "route, audit, generic ...",
	       FIELD, .words = netlink_names, .unknown_words = true),
	NUMBER("netlink_port", NULL, netlink.port, HAS_NETLINK, "port id, mostly a pid; 0: the kernel's own socket"),
	COLUMN("netlink_peer_port", COLUMN_NUMBER, NULL, netlink.peer_port, HAS_NETLINK,
	       "of a connected socket: the other end's", .get = get_netlink_peer),
	{ .name = "netlink_groups",
	  .type = COLUMN_TEXT,
	  .group = GROUP_FAMILY,
	  .want = WANT_DETAIL,
	  .get = get_netlink_groups,
	  .help = "the multicast groups that it hears, by number" },
	NUMBER("netlink_drops", "packets", netlink.drops, HAS_NETLINK_DROPS, "messages lost as its buffer was full"),
	COLUMN("netlink_dumping", COLUMN_BOOL, NULL, netlink.dumping, HAS_NETLINK_FLAGS, "a dump is under way", FIELD),

	NUMBER("mptcp_token", NULL, mptcp.token, HAS_MPTCP,
	       "the connection's token here; of a subflow: mptcp_token_local", .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("mptcp_subflows", NULL, mptcp.subflows, HAS_MPTCP, "subflows beside the first"),
	NUMBER("mptcp_subflows_max", NULL, mptcp.subflows_max, HAS_MPTCP, "how many there may be"),
	NUMBER("mptcp_info_flags", NULL, mptcp.flags, HAS_MPTCP, "MPTCP_INFO_FLAG_*: 1 fell back to TCP, 2 has the peer's key"),
	NUMBER("mptcp_add_addr_signal", NULL, mptcp.add_addr_signal, HAS_MPTCP, "addresses told to the peer"),
	NUMBER("mptcp_add_addr_accepted", NULL, mptcp.add_addr_accepted, HAS_MPTCP, "addresses taken from the peer"),
	NUMBER("mptcp_bytes_sent", "bytes", mptcp.bytes_sent, HAS_MPTCP_COUNTS, "payload sent over all subflows"),
	NUMBER("mptcp_bytes_received", "bytes", mptcp.bytes_received, HAS_MPTCP_COUNTS, "payload received"),
	NUMBER("mptcp_bytes_acked", "bytes", mptcp.bytes_acked, HAS_MPTCP_COUNTS, "payload acknowledged"),
	NUMBER("mptcp_bytes_retrans", "bytes", mptcp.bytes_retrans, HAS_MPTCP_COUNTS, "payload sent again"),

	COLUMN("vsock_type", COLUMN_TEXT, NULL, type, HAS_VSOCK, "stream, dgram or seqpacket", FIELD, .words = SOCKET_TYPES),
	NUMBER("vsock_local_cid", NULL, vsock.local_cid, HAS_VSOCK, "context id of this end; absent: any",
	       .field.rule = FIELD_MAX_ABSENT),
	NUMBER("vsock_local_port", NULL, vsock.local_port, HAS_VSOCK, "port of this end",
	       .field.rule = FIELD_MAX_ABSENT),
	NUMBER("vsock_remote_cid", NULL, vsock.remote_cid, HAS_VSOCK, "context id of the other end: 2 is the host",
	       .field.rule = FIELD_MAX_ABSENT),
	NUMBER("vsock_remote_port", NULL, vsock.remote_port, HAS_VSOCK, "port of the other end",
	       .field.rule = FIELD_MAX_ABSENT),

	NUMBER("xdp_queue", NULL, xdp.queue, HAS_XDP_QUEUE, "queue of the interface it is bound to"),
	NUMBER("xdp_rx", NULL, xdp.rx, HAS_XDP, "entries of the ring of received frames", .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("xdp_tx", NULL, xdp.tx, HAS_XDP, "entries of the ring of frames to send", .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("xdp_fill", NULL, xdp.fill, HAS_XDP, "entries of the fill ring", .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("xdp_completion", NULL, xdp.completion, HAS_XDP, "entries of the completion ring",
	       .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("xdp_umem", NULL, xdp.umem_id, HAS_XDP_UMEM, "number of the memory that its frames are in"),
	NUMBER("xdp_umem_bytes", "bytes", xdp.umem_bytes, HAS_XDP_UMEM, "size of that memory"),
	NUMBER("xdp_rx_dropped", "packets", xdp.rx_dropped, HAS_XDP_STATS, "received frames that were dropped"),
	NUMBER("xdp_rx_invalid", "packets", xdp.rx_invalid, HAS_XDP_STATS, "invalid descriptors in the fill ring"),
	NUMBER("xdp_rx_full", "packets", xdp.rx_full, HAS_XDP_STATS, "dropped as the receive ring was full"),
	NUMBER("xdp_fill_empty", NULL, xdp.fill_empty, HAS_XDP_STATS, "times the fill ring was empty"),
	NUMBER("xdp_tx_invalid", "packets", xdp.tx_invalid, HAS_XDP_STATS, "invalid descriptors in the send ring"),
	NUMBER("xdp_tx_empty", NULL, xdp.tx_empty, HAS_XDP_STATS, "times the send ring was empty"),
};
const size_t columns_family_count = countof(columns_family);
