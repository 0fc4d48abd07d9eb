// SPDX-License-Identifier: MIT
/*
 * Answers of sock_diag for packet, netlink, MPTCP, vsock, XDP, SCTP, DCCP, SMC,
 * TIPC and unix sockets, laid out after the kernel's headers: each member has a
 * value of its own, each buffer ends at a page that must not be touched, and
 * each is tried at every shorter length and with each attribute's length spoilt.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/tipc_netlink.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sockview/countof.h>
#include <sockview/decode.h>

#include "payload.h"

#ifndef AF_SMC
#define AF_SMC 43
#endif
#ifndef AF_XDP
#define AF_XDP 44
#endif

typedef bool decoder(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);

/* Every byte that a blob claims to have: the last one is read. */
static void read_blobs(const struct decoded *out)
{
	for (size_t blob = 0; blob < BLOB_COUNT; blob++) {
		struct bytes bytes = out->sock.blob[blob];
		char copy[sizeof(((struct payload *)NULL)->bytes)];
		assert_true(bytes.len <= sizeof(copy));
		if (bytes.len)
			memcpy(copy, bytes.data, bytes.len);
	}
}

/* True exactly from `least` bytes on, and never a byte behind the end. */
static void every_length(decoder *decode, enum proto proto, const struct payload *payload, size_t least)
{
	for (size_t len = 0; len <= payload->len; len++) {
		struct decoded out;
		assert_int_equal(decode(guarded(payload->bytes, len), len, proto, ~0u, &out), len >= least);
		if (len >= least)
			read_blobs(&out);
	}
}

/* Whatever the bytes are; a later attribute may then be one of an earlier one's length. */
static void every_byte_spoilt(decoder *decode, enum proto proto, const struct payload *payload)
{
	static const uint8_t spoilt[] = { 0, 1, 3, 4, 5, 0x7f, 0x80, 0xff };
	for (size_t at = 0; at < payload->len; at++)
		for (size_t i = 0; i < countof(spoilt); i++) {
			struct decoded out;
			char *bytes = guarded(payload->bytes, payload->len);
			bytes[at] = (char)spoilt[i];
			if (decode(bytes, payload->len, proto, ~0u, &out))
				read_blobs(&out);
		}
}

/* Another family's answer, of whatever length. */
static void another_family(decoder *decode, enum proto proto, const struct payload *payload)
{
	struct decoded out;
	struct payload other = *payload;
	other.bytes[0] = AF_APPLETALK;
	assert_false(decode(guarded(other.bytes, other.len), other.len, proto, ~0u, &out));
}

static void hostile(decoder *decode, enum proto proto, const struct payload *payload, size_t least)
{
	every_length(decode, proto, payload, least);
	every_byte_spoilt(decode, proto, payload);
	another_family(decode, proto, payload);
}

static const uint32_t memory[SKMEM_COUNT] = { 11, 12, 13, 14, 15, 16, 17, 18, 19 };

static void a_packet_socket(void **state)
{
	(void)state;
	struct payload payload = { 0 };
	struct packet_diag_msg msg = {
		.pdiag_family = AF_PACKET,
		.pdiag_type = SOCK_RAW,
		.pdiag_num = ETH_P_ARP,
		.pdiag_ino = 4711,
		.pdiag_cookie = { 0x89abcdef, 0x01234567 },
	};
	struct packet_diag_info info = { .pdi_index = 5,
		                         .pdi_version = 2,
		                         .pdi_reserve = 3,
		                         .pdi_copy_thresh = 4,
		                         .pdi_tstamp = 6,
		                         .pdi_flags = PDI_AUXDATA };
	struct packet_diag_ring rx = {
		.pdr_block_size = 4096, .pdr_block_nr = 21, .pdr_frame_size = 2048, .pdr_frame_nr = 42
	};
	struct packet_diag_ring tx = {
		.pdr_block_size = 8192, .pdr_block_nr = 31, .pdr_frame_size = 1024, .pdr_frame_nr = 62
	};
	static const uint8_t filter[16] = { 6, 0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0, 0 };
	put(&payload, &msg, sizeof(msg));
	put_attr(&payload, PACKET_DIAG_INFO, &info, sizeof(info));
	put_attr(&payload, PACKET_DIAG_RX_RING, &rx, sizeof(rx));
	put_attr(&payload, PACKET_DIAG_TX_RING, &tx, sizeof(tx));
	put_u32(&payload, PACKET_DIAG_FANOUT, 7u | 3u << 16);
	put_u32(&payload, PACKET_DIAG_UID, 1000);
	put_attr(&payload, PACKET_DIAG_MEMINFO, memory, sizeof(memory));
	put_attr(&payload, PACKET_DIAG_FILTER, filter, sizeof(filter));
	put_attr(&payload, 300, "what a later kernel says", 24);
	hostile(decode_packet, PROTO_PACKET, &payload, sizeof(msg));

	struct decoded out;
	assert_true(decode_packet(guarded(payload.bytes, payload.len), payload.len, PROTO_PACKET, ~0u, &out));
	const struct row *row = &out.sock.row;
	const struct sock_detail *detail = out.sock.detail;
	assert_int_equal(row->proto, PROTO_PACKET);
	assert_int_equal(row->family, AF_PACKET);
	assert_int_equal(row->state, STATE_CLOSE);
	assert_int_equal(row->inode, 4711);
	assert_int_equal(row->uid, 1000);
	assert_int_equal(row->ifindex, 5);
	assert_int_equal(row->recv_q, 11);
	assert_int_equal(row->send_q, 13);
	assert_true(row->cookie == 0x0123456789abcdef);
	assert_int_equal(row->flags, ROW_HAS_COOKIE | ROW_HAS_UID | ROW_HAS_QUEUES);
	assert_int_equal(detail->has, HAS_PACKET | HAS_PACKET_INFO | HAS_FANOUT);
	assert_int_equal(detail->type, SOCK_RAW);
	assert_int_equal(detail->packet.protocol, ETH_P_ARP);
	assert_int_equal(detail->packet.version, 2);
	assert_int_equal(detail->packet.reserve, 3);
	assert_int_equal(detail->packet.copy_threshold, 4);
	assert_int_equal(detail->packet.timestamp, 6);
	assert_int_equal(detail->packet.flags, PDI_AUXDATA);
	assert_int_equal(detail->packet.rx.block_size, 4096);
	assert_int_equal(detail->packet.rx.block_count, 21);
	assert_int_equal(detail->packet.rx.frame_size, 2048);
	assert_int_equal(detail->packet.rx.frame_count, 42);
	assert_int_equal(detail->packet.tx.block_size, 8192);
	assert_int_equal(detail->packet.tx.frame_count, 62);
	assert_int_equal(detail->packet.fanout_id, 7);
	assert_int_equal(detail->packet.fanout_type, 3);
	assert_int_equal(out.sock.blob[BLOB_FILTER].len, sizeof(filter));
	assert_memory_equal(out.sock.blob[BLOB_FILTER].data, filter, sizeof(filter));

	/* Nothing but the head: nothing else is known. */
	assert_true(decode_packet(guarded(payload.bytes, sizeof(msg)), sizeof(msg), PROTO_PACKET, ~0u, &out));
	assert_int_equal(out.sock.detail->has, HAS_PACKET);
	assert_int_equal(out.sock.row.flags, ROW_HAS_COOKIE);
	/* The filter and the memory only if they were asked for; the queues are the row's. */
	assert_true(decode_packet(guarded(payload.bytes, payload.len), payload.len, PROTO_PACKET, 0, &out));
	assert_null(out.sock.blob[BLOB_FILTER].data);
	assert_null(out.sock.skmem);
	assert_int_equal(out.sock.row.recv_q, 11);
}

static void a_netlink_socket(void **state)
{
	(void)state;
	struct payload payload = { 0 };
	struct netlink_diag_msg msg = {
		.ndiag_family = AF_NETLINK,
		.ndiag_type = SOCK_RAW,
		.ndiag_protocol = NETLINK_AUDIT,
		.ndiag_state = 1,
		.ndiag_portid = 812,
		.ndiag_dst_portid = 813,
		.ndiag_dst_group = 14,
		.ndiag_ino = 4712,
		.ndiag_cookie = { 1, 0 },
	};
	uint64_t groups[2] = { 5, 1 };
	put(&payload, &msg, sizeof(msg));
	put_attr(&payload, NETLINK_DIAG_MEMINFO, memory, sizeof(memory));
	put_attr(&payload, NETLINK_DIAG_GROUPS, groups, sizeof(groups));
	put_u32(&payload, NETLINK_DIAG_FLAGS, NDIAG_FLAG_CB_RUNNING);
	hostile(decode_netlink, PROTO_NETLINK, &payload, sizeof(msg));

	struct decoded out;
	assert_true(decode_netlink(guarded(payload.bytes, payload.len), payload.len, PROTO_NETLINK, ~0u, &out));
	const struct sock_netlink *netlink = &out.sock.detail->netlink;
	assert_int_equal(out.sock.row.state, STATE_ESTABLISHED);
	assert_int_equal(out.sock.row.inode, 4712);
	assert_int_equal(out.sock.row.recv_q, 11);
	assert_int_equal(out.sock.row.flags & ROW_KERNEL, 0);
	assert_int_equal(out.sock.detail->has, HAS_NETLINK | HAS_NETLINK_FLAGS | HAS_NETLINK_DROPS);
	assert_int_equal(netlink->protocol, NETLINK_AUDIT);
	assert_int_equal(netlink->port, 812);
	assert_int_equal(netlink->peer_port, 813);
	assert_int_equal(netlink->peer_groups, 14);
	assert_int_equal(netlink->groups, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 5 : 0);
	assert_int_equal(netlink->drops, 19);
	assert_true(netlink->dumping);
	assert_int_equal(out.sock.blob[BLOB_GROUPS].len, sizeof(groups));

	/* An older kernel's memory has no drops: they are not told, rather than none. */
	payload.len = sizeof(msg);
	put_attr(&payload, NETLINK_DIAG_MEMINFO, memory, 8 * sizeof(uint32_t));
	((struct netlink_diag_msg *)payload.bytes)->ndiag_portid = 0;
	((struct netlink_diag_msg *)payload.bytes)->ndiag_state = 0;
	assert_true(decode_netlink(guarded(payload.bytes, payload.len), payload.len, PROTO_NETLINK, 0, &out));
	assert_int_equal(out.sock.detail->has, HAS_NETLINK);
	assert_int_equal(out.sock.row.state, STATE_CLOSE);
	assert_int_equal(out.sock.row.flags & ROW_KERNEL, ROW_KERNEL);
}

/* The head that several families have. */
static struct payload inet_answer(uint8_t state)
{
	struct payload payload = { 0 };
	struct inet_diag_msg msg = {
		.idiag_family = AF_INET,
		.idiag_state = state,
		.idiag_timer = 4,
		.idiag_retrans = 2,
		.idiag_expires = 1500,
		.idiag_rqueue = 7,
		.idiag_wqueue = 8,
		.idiag_uid = 1000,
		.idiag_inode = 4713,
	};
	msg.id.idiag_sport = htons(3868);
	msg.id.idiag_dport = htons(40000);
	inet_pton(AF_INET, "192.0.2.1", msg.id.idiag_src);
	inet_pton(AF_INET, "198.51.100.7", msg.id.idiag_dst);
	put(&payload, &msg, sizeof(msg));
	return payload;
}

/* struct mptcp_info of linux/mptcp.h, 6.18, byte by byte. */
static void an_mptcp_socket(void **state)
{
	(void)state;
	struct payload payload = inet_answer(1);
	struct {
		uint8_t subflows, add_addr_signal, add_addr_accepted, subflows_max, add_addr_signal_max,
			add_addr_accepted_max;
		uint8_t pad[2];
		uint32_t flags, token;
		uint64_t write_seq, snd_una, rcv_nxt;
		uint8_t local_addr_used, local_addr_max, csum_enabled, pad_1;
		uint32_t retransmits;
		uint64_t bytes_retrans, bytes_sent, bytes_received, bytes_acked;
	} info = { 1, 2, 3, 4, 5, 6, { 0 }, 0x12, 0xabcd, 21, 22, 23, 7, 8, 1, 0, 9, 31, 32, 33, 34 };
	size_t before_counts = offsetof(typeof(info), bytes_retrans) - 4;
	put_attr(&payload, INET_DIAG_INFO, &info, sizeof(info));
	hostile(decode_mptcp, PROTO_MPTCP, &payload, sizeof(struct inet_diag_msg));

	struct decoded out;
	assert_true(decode_mptcp(guarded(payload.bytes, payload.len), payload.len, PROTO_MPTCP, ~0u, &out));
	const struct sock_mptcp *mptcp = &out.sock.detail->mptcp;
	assert_int_equal(out.sock.row.proto, PROTO_MPTCP);
	assert_int_equal(out.sock.row.local_port, 3868);
	assert_int_equal(out.sock.detail->has, HAS_MPTCP | HAS_MPTCP_COUNTS);
	assert_int_equal(mptcp->subflows, 1);
	assert_int_equal(mptcp->add_addr_signal, 2);
	assert_int_equal(mptcp->add_addr_accepted, 3);
	assert_int_equal(mptcp->subflows_max, 4);
	assert_int_equal(mptcp->flags, 0x12);
	assert_int_equal(mptcp->token, 0xabcd);
	assert_true(mptcp->bytes_retrans == 31 && mptcp->bytes_sent == 32);
	assert_true(mptcp->bytes_received == 33 && mptcp->bytes_acked == 34);
	assert_null(out.sock.blob[BLOB_TCP_INFO].data);

	/* Of a kernel before 6.5: the token, and no counts. */
	payload = inet_answer(1);
	put_attr(&payload, INET_DIAG_INFO, &info, before_counts);
	assert_true(decode_mptcp(guarded(payload.bytes, payload.len), payload.len, PROTO_MPTCP, ~0u, &out));
	assert_int_equal(out.sock.detail->has, HAS_MPTCP);
	assert_int_equal(out.sock.detail->mptcp.token, 0xabcd);
}

static void a_vsock_socket(void **state)
{
	(void)state;
	struct payload payload = { 0 };
	struct vsock_diag_msg msg = {
		.vdiag_family = AF_VSOCK,
		.vdiag_type = SOCK_SEQPACKET,
		.vdiag_state = 1,
		.vdiag_shutdown = 2,
		.vdiag_src_cid = 3,
		.vdiag_src_port = 1024,
		.vdiag_dst_cid = 2,
		.vdiag_dst_port = 1025,
		.vdiag_ino = 4714,
		.vdiag_cookie = { 5, 6 },
	};
	put(&payload, &msg, sizeof(msg));
	hostile(decode_vsock, PROTO_VSOCK, &payload, sizeof(msg));

	struct decoded out;
	assert_true(decode_vsock(guarded(payload.bytes, payload.len), payload.len, PROTO_VSOCK, 0, &out));
	const struct sock_detail *detail = out.sock.detail;
	assert_int_equal(out.sock.row.family, AF_VSOCK);
	assert_int_equal(out.sock.row.state, STATE_ESTABLISHED);
	assert_int_equal(out.sock.row.inode, 4714);
	assert_true(out.sock.row.cookie == (6ull << 32 | 5));
	assert_int_equal(out.sock.row.flags, ROW_HAS_COOKIE);
	assert_int_equal(out.sock.extra->shutdown, 2);
	assert_int_equal(detail->type, SOCK_SEQPACKET);
	assert_int_equal(detail->has, HAS_VSOCK);
	assert_int_equal(detail->vsock.local_cid, 3);
	assert_int_equal(detail->vsock.local_port, 1024);
	assert_int_equal(detail->vsock.remote_cid, 2);
	assert_int_equal(detail->vsock.remote_port, 1025);
	payload.bytes[offsetof(struct vsock_diag_msg, vdiag_state)] = (char)200;
	assert_true(decode_vsock(payload.bytes, payload.len, PROTO_VSOCK, 0, &out));
	assert_int_equal(out.sock.row.state, STATE_UNKNOWN);
}

static void an_xdp_socket(void **state)
{
	(void)state;
	struct payload payload = { 0 };
	struct xdp_diag_msg msg = {
		.xdiag_family = AF_XDP,
		.xdiag_type = SOCK_RAW,
		.xdiag_ino = 4715,
		.xdiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
	};
	struct xdp_diag_info info = { .ifindex = 5, .queue_id = 3 };
	struct xdp_diag_umem umem = { .size = 1ull << 33, .id = 6, .num_pages = 7 };
	uint64_t stats[6] = { 101, 102, 103, 104, 105, 106 };
	put(&payload, &msg, sizeof(msg));
	put_attr(&payload, XDP_DIAG_INFO, &info, sizeof(info));
	put_u32(&payload, XDP_DIAG_UID, 1000);
	put_u32(&payload, XDP_DIAG_RX_RING, 41);
	put_u32(&payload, XDP_DIAG_TX_RING, 42);
	put_attr(&payload, XDP_DIAG_UMEM, &umem, sizeof(umem));
	put_u32(&payload, XDP_DIAG_UMEM_FILL_RING, 43);
	put_u32(&payload, XDP_DIAG_UMEM_COMPLETION_RING, 44);
	put_attr(&payload, XDP_DIAG_MEMINFO, memory, sizeof(memory));
	put_attr(&payload, 9, stats, sizeof(stats)); /* XDP_DIAG_STATS */
	hostile(decode_xdp, PROTO_XDP, &payload, sizeof(msg));

	struct decoded out;
	assert_true(decode_xdp(guarded(payload.bytes, payload.len), payload.len, PROTO_XDP, ~0u, &out));
	const struct sock_xdp *xdp = &out.sock.detail->xdp;
	assert_int_equal(out.sock.row.inode, 4715);
	assert_int_equal(out.sock.row.uid, 1000);
	assert_int_equal(out.sock.row.ifindex, 5);
	assert_int_equal(out.sock.row.send_q, 13);
	assert_int_equal(out.sock.row.flags, ROW_HAS_UID | ROW_HAS_QUEUES);
	assert_int_equal(out.sock.detail->has, HAS_XDP | HAS_XDP_QUEUE | HAS_XDP_UMEM | HAS_XDP_STATS);
	assert_int_equal(xdp->queue, 3);
	assert_int_equal(xdp->rx, 41);
	assert_int_equal(xdp->tx, 42);
	assert_int_equal(xdp->fill, 43);
	assert_int_equal(xdp->completion, 44);
	assert_true(xdp->umem_bytes == 1ull << 33);
	assert_int_equal(xdp->umem_id, 6);
	assert_true(xdp->rx_dropped == 101 && xdp->rx_invalid == 102 && xdp->rx_full == 103);
	assert_true(xdp->fill_empty == 104 && xdp->tx_invalid == 105 && xdp->tx_empty == 106);
}

static void put_storage(struct payload *payload, const char *address)
{
	struct sockaddr_storage storage = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&storage;
	in->sin_family = AF_INET;
	assert_int_equal(inet_pton(AF_INET, address, &in->sin_addr), 1);
	put(payload, &storage, sizeof(storage));
}

static void an_sctp_association(void **state)
{
	(void)state;
	struct payload payload = inet_answer(3), locals = { 0 }, peers = { 0 };
	/* struct sctp_info of linux/sctp.h up to sctpi_rtxchunks: all 32 bits but where it says 16 or 8. */
	struct {
		uint32_t tag, state, rwnd;
		uint16_t unackdata, penddata, instrms, outstrms;
		uint32_t fragmentation_point, inqueue, outqueue, overall_error, max_burst, maxseg, peer_rwnd, peer_tag;
		uint8_t peer_capable, peer_sack;
		uint16_t reserved1;
		uint64_t isacks, osacks, opackets, ipackets, rtxchunks;
	} info = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 0, 18, 19, 20, 21, 22 };
	put_storage(&locals, "192.0.2.1");
	put_storage(&peers, "198.51.100.7");
	put_storage(&peers, "198.51.100.8");
	put_attr(&payload, INET_DIAG_LOCALS, locals.bytes, locals.len);
	put_attr(&payload, INET_DIAG_PEERS, peers.bytes, peers.len);
	put_attr(&payload, INET_DIAG_INFO, &info, sizeof(info));
	hostile(decode_sctp, PROTO_SCTP, &payload, sizeof(struct inet_diag_msg));

	struct decoded out;
	assert_true(decode_sctp(guarded(payload.bytes, payload.len), payload.len, PROTO_SCTP, ~0u, &out));
	const struct sock_sctp *sctp = &out.sock.detail->sctp;
	assert_int_equal(out.sock.row.state, STATE_ESTABLISHED);
	assert_int_equal(sctp->state, 4); /* SCTP_STATE_ESTABLISHED is 3, and 0 is none */
	assert_int_equal(sctp->unacked, 4);
	assert_int_equal(sctp->pending, 5);
	assert_int_equal(sctp->in_streams, 6);
	assert_int_equal(sctp->out_streams, 7);
	assert_true(sctp->packets_out == 20 && sctp->packets_in == 21 && sctp->retransmitted == 22);
	assert_int_equal(out.sock.timer->kind, TIMER_ON);
	assert_int_equal(out.sock.timer->retransmits, 2);
	assert_int_equal(out.sock.blob[BLOB_LOCALS].len, locals.len);
	assert_int_equal(out.sock.blob[BLOB_PEERS].len, peers.len);

	/* Without peers it is a socket, whose state is TCP's number. */
	payload = inet_answer(10);
	put_attr(&payload, INET_DIAG_LOCALS, locals.bytes, locals.len);
	assert_true(decode_sctp(guarded(payload.bytes, payload.len), payload.len, PROTO_SCTP, ~0u, &out));
	assert_int_equal(out.sock.row.state, STATE_LISTEN);
	assert_int_equal(out.sock.detail->sctp.state, 0);
	assert_int_equal(out.sock.detail->sctp.in_streams, UINT16_MAX);
}

static void a_dccp_socket(void **state)
{
	(void)state;
	/* include/linux/dccp.h, Linux 6.15: DCCP_PARTOPEN is TCP_MAX_STATES, 14 then. */
	static const struct {
		uint8_t kernel;
		enum state want;
	} cases[] = { { 1, STATE_ESTABLISHED },
		      { 7, STATE_CLOSE },
		      { 10, STATE_LISTEN },
		      { 14, STATE_ESTABLISHED },
		      { 77, STATE_UNKNOWN } };
	struct decoded out;
	for (size_t i = 0; i < countof(cases); i++) {
		struct payload payload = inet_answer(cases[i].kernel);
		hostile(decode_dccp, PROTO_DCCP, &payload, sizeof(struct inet_diag_msg));
		assert_true(decode_dccp(guarded(payload.bytes, payload.len), payload.len, PROTO_DCCP, ~0u, &out));
		assert_int_equal(out.sock.row.proto, PROTO_DCCP);
		assert_int_equal(out.sock.row.state, cases[i].want);
		assert_int_equal(out.sock.row.remote_port, 40000);
	}
}

/* struct smc_diag_msg of linux/smc_diag.h: the inode, of 64 bits, at 56 or 60 bytes, as the machine aligns. */
static void an_smc_socket(void **state)
{
	(void)state;
	struct payload payload = inet_answer(0), smc = { 0 };
	static const uint8_t head[4] = { AF_SMC, 23, 2, 1 };
	uint32_t uid = 1000;
	uint64_t inode = 4716;
	put(&smc, head, sizeof(head));
	put(&smc, payload.bytes + offsetof(struct inet_diag_msg, id), sizeof(struct inet_diag_sockid));
	put(&smc, &uid, sizeof(uid));
	assert_int_equal(smc.len, 56);
	put(&smc, &inode, sizeof(inode));
	hostile(decode_smc, PROTO_SMC, &smc, smc.len);

	struct decoded out;
	assert_true(decode_smc(guarded(smc.bytes, smc.len), smc.len, PROTO_SMC, ~0u, &out));
	assert_int_equal(out.sock.row.family, AF_INET);
	assert_int_equal(out.sock.row.state, STATE_CLOSE_WAIT); /* SMC_APPCLOSEWAIT2 */
	assert_int_equal(out.sock.row.local_port, 3868);
	assert_int_equal(out.sock.row.remote_port, 40000);
	assert_int_equal(out.sock.row.uid, 1000);
	assert_int_equal(out.sock.row.inode, 4716);
	assert_int_equal(out.sock.extra->shutdown, 1);
	assert_int_equal(out.sock.detail->has, HAS_SMC);
	assert_int_equal(out.sock.detail->smc.mode, 2);
	assert_int_not_equal(out.sock.detail->smc.state, 0);
	smc.bytes[1] = 99;
	assert_true(decode_smc(guarded(smc.bytes, smc.len), smc.len, PROTO_SMC, ~0u, &out));
	assert_int_equal(out.sock.row.state, STATE_UNKNOWN);
	assert_int_equal(out.sock.detail->smc.state, 0);
}

static void a_tipc_socket(void **state)
{
	(void)state;
	struct payload payload = { 0 }, inside = { 0 }, stat = { 0 }, peer = { 0 };
	uint64_t cookie = 0x0123456789abcdef;
	put_u32(&inside, TIPC_NLA_SOCK_TYPE, SOCK_SEQPACKET);
	put_u32(&inside, TIPC_NLA_SOCK_TIPC_STATE, 1);
	put_u32(&inside, TIPC_NLA_SOCK_INO, 4717);
	put_u32(&inside, TIPC_NLA_SOCK_UID, 1000);
	put_attr(&inside, TIPC_NLA_SOCK_COOKIE, &cookie, sizeof(cookie));
	put_u32(&stat, TIPC_NLA_SOCK_STAT_RCVQ, 3);
	put_u32(&stat, TIPC_NLA_SOCK_STAT_SENDQ, 4);
	put_u32(&stat, TIPC_NLA_SOCK_STAT_DROP, 6);
	put_attr(&inside, TIPC_NLA_SOCK_STAT | NLA_F_NESTED, stat.bytes, stat.len);
	put_u32(&inside, TIPC_NLA_SOCK_ADDR, 16781313);
	put_u32(&inside, TIPC_NLA_SOCK_REF, 1025);
	put_u32(&peer, TIPC_NLA_CON_NODE, 16781314);
	put_u32(&peer, TIPC_NLA_CON_SOCK, 2049);
	put_attr(&inside, TIPC_NLA_SOCK_CON | NLA_F_NESTED, peer.bytes, peer.len);
	put_attr(&payload, TIPC_NLA_SOCK | NLA_F_NESTED, inside.bytes, inside.len);
	/* One attribute is all of it: a part of it is none. */
	every_length(decode_tipc, PROTO_TIPC, &payload, payload.len);
	every_byte_spoilt(decode_tipc, PROTO_TIPC, &payload);

	struct decoded out;
	assert_true(decode_tipc(guarded(payload.bytes, payload.len), payload.len, PROTO_TIPC, ~0u, &out));
	const struct sock_tipc *tipc = &out.sock.detail->tipc;
	assert_int_equal(out.sock.row.state, STATE_ESTABLISHED);
	assert_int_equal(out.sock.row.inode, 4717);
	assert_int_equal(out.sock.row.uid, 1000);
	assert_true(out.sock.row.cookie == cookie);
	assert_int_equal(out.sock.row.recv_q, 3);
	assert_int_equal(out.sock.row.send_q, 4);
	assert_int_equal(out.sock.row.flags, ROW_HAS_UID | ROW_HAS_COOKIE | ROW_HAS_QUEUES);
	assert_int_equal(out.sock.detail->type, SOCK_SEQPACKET);
	assert_int_equal(tipc->node, 16781313);
	assert_int_equal(tipc->port, 1025);
	assert_int_equal(tipc->peer_node, 16781314);
	assert_int_equal(tipc->peer_port, 2049);
	assert_int_equal(tipc->drops, 6);
}

static void the_other_end_of_a_unix_socket(void **state)
{
	(void)state;
	struct payload payload = { 0 };
	struct unix_diag_msg msg = {
		.udiag_family = AF_UNIX, .udiag_type = SOCK_SEQPACKET, .udiag_state = 1, .udiag_ino = 4718
	};
	put(&payload, &msg, sizeof(msg));
	put_u32(&payload, UNIX_DIAG_PEER, 4719);
	hostile(decode_unix, PROTO_UNIX, &payload, sizeof(msg));

	struct decoded out;
	assert_true(decode_unix(guarded(payload.bytes, payload.len), payload.len, PROTO_UNIX, ~0u, &out));
	assert_int_equal(out.sock.unix_->has, UNIX_HAS_PEER);
	assert_int_equal(out.sock.unix_->peer, 4719);
	assert_int_equal(out.sock.unix_->type, SOCK_SEQPACKET);
	/* Three bytes of a number are none: that there is another end is not known then. */
	payload.len = sizeof(msg);
	put_attr(&payload, UNIX_DIAG_PEER, "\1\2\3", 3);
	assert_true(decode_unix(guarded(payload.bytes, payload.len), payload.len, PROTO_UNIX, ~0u, &out));
	assert_int_equal(out.sock.unix_->has, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_socket), cmocka_unit_test(a_netlink_socket),
		cmocka_unit_test(an_mptcp_socket), cmocka_unit_test(a_vsock_socket),
		cmocka_unit_test(an_xdp_socket),   cmocka_unit_test(an_sctp_association),
		cmocka_unit_test(a_dccp_socket),   cmocka_unit_test(an_smc_socket),
		cmocka_unit_test(a_tipc_socket),   cmocka_unit_test(the_other_end_of_a_unix_socket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
