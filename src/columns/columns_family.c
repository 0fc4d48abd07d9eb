// SPDX-License-Identifier: MIT
/* columns_family.c - the columns of packet, netlink, MPTCP, vsock, XDP, SCTP, SMC and TIPC sockets. */
#include "columns/columns.h"

#include <stddef.h>

#include <sockview/countof.h>

#include "columns/family_text.h"

static void get_packet_protocol(const struct column *column, const struct column_source *source, struct value *value)
{
	uint64_t number;
	if (!column_field_number(&column->field, source, &number))
		return;
	value_set_word(value, family_ether_type((unsigned)number));
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
	if (sock->detail && sock->detail->has & HAS_NETLINK &&
	    (sock->blob[BLOB_GROUPS].data || sock->detail->netlink.groups))
		value_set_detail(value, FAMILY_GROUPS);
}

static void get_filter(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (source->sock->blob[BLOB_FILTER].len)
		value_set_detail(value, FAMILY_FILTER);
}

static void get_sctp_locals(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (source->sock->blob[BLOB_LOCALS].len)
		value_set_detail(value, FAMILY_LOCALS);
}

static void get_sctp_peers(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (source->sock->blob[BLOB_PEERS].len)
		value_set_detail(value, FAMILY_PEERS);
}

static void get_storage(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (source->sock->blob[BLOB_STORAGE].len)
		value_set_detail(value, FAMILY_STORAGE);
}

#define COLUMN(name_, type_, unit_, member, told_, help_, ...) \
	{ \
		.name = name_, .unit = unit_, .help = help_, .type = type_, .group = GROUP_FAMILY, \
		.want = WANT_DETAIL, .field.from = FROM_DETAIL, FIELD_OF(struct sock_detail, member), \
		.field.told = told_, ##__VA_ARGS__ \
	}
#define FIELD .get = column_get_field
#define NUMBER(name_, unit_, member, told_, help_, ...) \
	COLUMN(name_, COLUMN_NUMBER, unit_, member, told_, help_, FIELD, ##__VA_ARGS__)
#define PACKET_FLAG(name_, bit_, help_) \
	COLUMN(name_, COLUMN_BOOL, NULL, packet.flags, HAS_PACKET_INFO, help_, FIELD, .field.shift = bit_, \
	       .field.bits = 1)
#define SCTP_NUMBER(name_, unit_, member, help_) \
	NUMBER(name_, unit_, sctp.member, HAS_SCTP, help_, .field.rule = FIELD_MAX_ABSENT)
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
	COLUMN("packet_fanout_mode", COLUMN_TEXT, NULL, packet.fanout_type, HAS_FANOUT, "how it shares them", FIELD,
	       .words = WORDS("hash", "lb", "cpu", "rollover", "rnd", "qm", "cbpf", "ebpf"), .unknown_words = true),
	{ .name = "packet_filter",
	  .type = COLUMN_TEXT,
	  .group = GROUP_FILTER,
	  .want = WANT_FILTER | WANT_DETAIL,
	  .need = NEED_NET_ADMIN,
	  .get = get_filter,
	  .help = "the classic BPF program of SO_ATTACH_FILTER, an instruction behind the other" },

	COLUMN("netlink_protocol", COLUMN_TEXT, NULL, netlink.protocol, HAS_NETLINK, "route, audit, generic ...", FIELD,
	       .words = family_netlink_names, .unknown_words = true),
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

	NUMBER("mptcp_subflows", NULL, mptcp.subflows, HAS_MPTCP, "subflows beside the first"),
	NUMBER("mptcp_subflows_max", NULL, mptcp.subflows_max, HAS_MPTCP, "how many there may be"),
	NUMBER("mptcp_info_flags", NULL, mptcp.flags, HAS_MPTCP,
	       "MPTCP_INFO_FLAG_*: 1 fell back to TCP, 2 has the peer's key"),
	NUMBER("mptcp_add_addr_signal", NULL, mptcp.add_addr_signal, HAS_MPTCP, "addresses told to the peer"),
	NUMBER("mptcp_add_addr_accepted", NULL, mptcp.add_addr_accepted, HAS_MPTCP, "addresses taken from the peer"),
	NUMBER("mptcp_bytes_sent", "bytes", mptcp.bytes_sent, HAS_MPTCP_COUNTS, "payload sent over all subflows"),
	NUMBER("mptcp_bytes_received", "bytes", mptcp.bytes_received, HAS_MPTCP_COUNTS, "payload received"),
	NUMBER("mptcp_bytes_acked", "bytes", mptcp.bytes_acked, HAS_MPTCP_COUNTS, "payload acknowledged"),
	NUMBER("mptcp_bytes_retrans", "bytes", mptcp.bytes_retrans, HAS_MPTCP_COUNTS, "payload sent again"),

	COLUMN("vsock_type", COLUMN_TEXT, NULL, type, HAS_VSOCK, "stream, dgram or seqpacket", FIELD,
	       .words = SOCKET_TYPES),
	NUMBER("vsock_local_cid", NULL, vsock.local_cid, HAS_VSOCK, "context id of this end; absent: any",
	       .field.rule = FIELD_MAX_ABSENT),
	NUMBER("vsock_local_port", NULL, vsock.local_port, HAS_VSOCK, "port of this end",
	       .field.rule = FIELD_MAX_ABSENT),
	NUMBER("vsock_remote_cid", NULL, vsock.remote_cid, HAS_VSOCK, "context id of the other end: 2 is the host",
	       .field.rule = FIELD_MAX_ABSENT),
	NUMBER("vsock_remote_port", NULL, vsock.remote_port, HAS_VSOCK, "port of the other end",
	       .field.rule = FIELD_MAX_ABSENT),

	NUMBER("xdp_queue", NULL, xdp.queue, HAS_XDP_QUEUE, "queue of the interface it is bound to"),
	NUMBER("xdp_rx", NULL, xdp.rx, HAS_XDP, "entries of the ring of received frames",
	       .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("xdp_tx", NULL, xdp.tx, HAS_XDP, "entries of the ring of frames to send",
	       .field.rule = FIELD_ZERO_ABSENT),
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

	COLUMN("sctp_state", COLUMN_TEXT, NULL, sctp.state, HAS_SCTP, "of an association: SCTP's own word", FIELD,
	       .words = WORDS("", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_PENDING",
	                      "SHUTDOWN_SENT", "SHUTDOWN_RECEIVED", "SHUTDOWN_ACK_SENT")),
	{ .name = "sctp_locals",
	  .type = COLUMN_TEXT,
	  .group = GROUP_FAMILY,
	  .want = WANT_DETAIL,
	  .get = get_sctp_locals,
	  .help = "all addresses of this end, joined by commas" },
	{ .name = "sctp_peers",
	  .type = COLUMN_TEXT,
	  .group = GROUP_FAMILY,
	  .want = WANT_DETAIL,
	  .get = get_sctp_peers,
	  .help = "all addresses of the other end, joined by commas" },
	SCTP_NUMBER("sctp_in_streams", NULL, in_streams, "streams from the other end"),
	SCTP_NUMBER("sctp_out_streams", NULL, out_streams, "streams to the other end"),
	SCTP_NUMBER("sctp_unacked", NULL, unacked, "chunks sent and not acknowledged"),
	SCTP_NUMBER("sctp_pending", NULL, pending, "chunks that wait to be sent"),
	SCTP_NUMBER("sctp_packets_out", "packets", packets_out, "packets sent"),
	SCTP_NUMBER("sctp_packets_in", "packets", packets_in, "packets received"),
	SCTP_NUMBER("sctp_retransmitted", NULL, retransmitted, "chunks sent again"),

	COLUMN("smc_state", COLUMN_TEXT, NULL, smc.state, HAS_SMC, "SMC's own word", FIELD,
	       .words = WORDS("", "ACTIVE", "INIT", "CLOSED", "LISTEN", "PEERCLOSEWAIT1", "PEERCLOSEWAIT2",
	                      "APPCLOSEWAIT1", "APPCLOSEWAIT2", "APPFINCLOSEWAIT", "PEERFINCLOSEWAIT", "PEERABORTWAIT",
	                      "PROCESSABORT")),
	COLUMN("smc_mode", COLUMN_TEXT, NULL, smc.mode, HAS_SMC, "how it goes: smcr (RDMA), smcd (ISM), tcp (fallback)",
	       FIELD, .words = WORDS("smcr", "tcp", "smcd"), .unknown_words = true),

	COLUMN("tipc_type", COLUMN_TEXT, NULL, type, HAS_TIPC, "stream, dgram, rdm or seqpacket", FIELD,
	       .words = WORDS("", [SOCK_STREAM] = "stream", [SOCK_DGRAM] = "dgram", [SOCK_RAW] = "", [SOCK_RDM] = "rdm",
	                      [SOCK_SEQPACKET] = "seqpacket")),
	NUMBER("tipc_node", NULL, tipc.node, HAS_TIPC, "number of this node", .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("tipc_port", NULL, tipc.port, HAS_TIPC, "port of this end", .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("tipc_peer_node", NULL, tipc.peer_node, HAS_TIPC, "of a connection: the other end's node",
	       .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("tipc_peer_port", NULL, tipc.peer_port, HAS_TIPC, "port of the other end",
	       .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("tipc_drops", "packets", tipc.drops, HAS_TIPC, "messages that were dropped"),

	{ .name = "bpf_maps",
	  .type = COLUMN_TEXT,
	  .group = GROUP_STORAGE,
	  .want = WANT_STORAGE,
	  .need = NEED_STORAGE,
	  .get = get_storage,
	  .help = "what BPF programs keep for a TCP socket: number of the map, bytes, value in hexadecimal" },
};
const size_t columns_family_count = countof(columns_family);
