// SPDX-License-Identifier: MIT
/*
 * Answers of sock_diag for packet, netlink, MPTCP, vsock, XDP, SCTP, DCCP, SMC
 * and TIPC sockets, laid out after the kernel's headers: each member has a value
 * of its own.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/tipc_netlink.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decoding.h"

#ifndef AF_SMC
#define AF_SMC 43
#endif
#ifndef AF_XDP
#define AF_XDP 44
#endif

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
	hostile(PROTO_PACKET, &payload, sizeof(msg));

	struct decoded out;
	assert_true(decode(PROTO_PACKET, &payload, ~0u, &out));
	ASSERT_MEMBERS(&out, ROW(proto, PROTO_PACKET), ROW(family, AF_PACKET), ROW(state, STATE_CLOSE),
	               ROW(inode, 4711), ROW(uid, 1000), ROW(ifindex, 5), ROW(recv_q, 11), ROW(send_q, 13),
	               ROW(cookie, 0x0123456789abcdef), ROW(flags, ROW_HAS_COOKIE | ROW_HAS_UID | ROW_HAS_QUEUES),
	               DETAIL(has, HAS_PACKET | HAS_PACKET_INFO | HAS_FANOUT), DETAIL(type, SOCK_RAW),
	               DETAIL(packet.protocol, ETH_P_ARP), DETAIL(packet.version, 2), DETAIL(packet.reserve, 3),
	               DETAIL(packet.copy_threshold, 4), DETAIL(packet.timestamp, 6), DETAIL(packet.flags, PDI_AUXDATA),
	               DETAIL(packet.rx.block_size, 4096), DETAIL(packet.rx.block_count, 21),
	               DETAIL(packet.rx.frame_size, 2048), DETAIL(packet.rx.frame_count, 42),
	               DETAIL(packet.tx.block_size, 8192), DETAIL(packet.tx.frame_count, 62),
	               DETAIL(packet.fanout_id, 7), DETAIL(packet.fanout_type, 3));
	assert_int_equal(out.sock.blob[BLOB_FILTER].len, sizeof(filter));
	assert_memory_equal(out.sock.blob[BLOB_FILTER].data, filter, sizeof(filter));

	/* The filter and the memory only if they were asked for; the queues are the row's. */
	assert_true(decode(PROTO_PACKET, &payload, 0, &out));
	assert_null(out.sock.blob[BLOB_FILTER].data);
	assert_null(out.sock.skmem);
	ASSERT_MEMBERS(&out, ROW(recv_q, 11));
	/* Nothing but the head: nothing else is known. */
	payload.len = sizeof(msg);
	assert_true(decode(PROTO_PACKET, &payload, ~0u, &out));
	ASSERT_MEMBERS(&out, DETAIL(has, HAS_PACKET), ROW(flags, ROW_HAS_COOKIE));
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
	hostile(PROTO_NETLINK, &payload, sizeof(msg));

	struct decoded out;
	assert_true(decode(PROTO_NETLINK, &payload, ~0u, &out));
	ASSERT_MEMBERS(&out, ROW(proto, PROTO_NETLINK), ROW(family, AF_NETLINK), ROW(state, STATE_ESTABLISHED),
	               ROW(inode, 4712), ROW(recv_q, 11), ROW(send_q, 13), ROW(cookie, 1),
	               ROW(flags, ROW_HAS_COOKIE | ROW_HAS_QUEUES),
	               DETAIL(has, HAS_NETLINK | HAS_NETLINK_FLAGS | HAS_NETLINK_DROPS),
	               DETAIL(netlink.protocol, NETLINK_AUDIT), DETAIL(netlink.port, 812),
	               DETAIL(netlink.peer_port, 813), DETAIL(netlink.peer_groups, 14),
	               DETAIL(netlink.groups, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 5 : 0),
	               DETAIL(netlink.drops, 19), DETAIL(netlink.dumping, true));
	assert_int_equal(out.sock.blob[BLOB_GROUPS].len, sizeof(groups));

	/* An older kernel's memory has no drops: they are not told, rather than none. */
	payload.len = sizeof(msg);
	put_attr(&payload, NETLINK_DIAG_MEMINFO, memory, 8 * sizeof(uint32_t));
	((struct netlink_diag_msg *)payload.bytes)->ndiag_portid = 0;
	((struct netlink_diag_msg *)payload.bytes)->ndiag_state = 0;
	assert_true(decode(PROTO_NETLINK, &payload, 0, &out));
	ASSERT_MEMBERS(&out, DETAIL(has, HAS_NETLINK), ROW(state, STATE_CLOSE));
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
	hostile(PROTO_MPTCP, &payload, sizeof(struct inet_diag_msg));

	struct decoded out;
	assert_true(decode(PROTO_MPTCP, &payload, ~0u, &out));
	ASSERT_MEMBERS(&out, ROW(proto, PROTO_MPTCP), ROW(local_port, 3868), DETAIL(has, HAS_MPTCP | HAS_MPTCP_COUNTS),
	               DETAIL(mptcp.subflows, 1), DETAIL(mptcp.add_addr_signal, 2), DETAIL(mptcp.add_addr_accepted, 3),
	               DETAIL(mptcp.subflows_max, 4), DETAIL(mptcp.flags, 0x12), DETAIL(mptcp.token, 0xabcd),
	               DETAIL(mptcp.bytes_retrans, 31), DETAIL(mptcp.bytes_sent, 32), DETAIL(mptcp.bytes_received, 33),
	               DETAIL(mptcp.bytes_acked, 34));
	assert_null(out.sock.blob[BLOB_TCP_INFO].data);

	/* Of a kernel before 6.5: the token, and no counts. */
	payload = inet_answer(1);
	put_attr(&payload, INET_DIAG_INFO, &info, before_counts);
	assert_true(decode(PROTO_MPTCP, &payload, ~0u, &out));
	ASSERT_MEMBERS(&out, DETAIL(has, HAS_MPTCP), DETAIL(mptcp.token, 0xabcd));
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
	hostile(PROTO_VSOCK, &payload, sizeof(msg));

	struct decoded out;
	assert_true(decode(PROTO_VSOCK, &payload, 0, &out));
	ASSERT_MEMBERS(&out, ROW(proto, PROTO_VSOCK), ROW(family, AF_VSOCK), ROW(state, STATE_ESTABLISHED),
	               ROW(inode, 4714), ROW(cookie, 6ull << 32 | 5), ROW(flags, ROW_HAS_COOKIE),
	               DETAIL(type, SOCK_SEQPACKET), DETAIL(has, HAS_VSOCK), DETAIL(vsock.local_cid, 3),
	               DETAIL(vsock.local_port, 1024), DETAIL(vsock.remote_cid, 2), DETAIL(vsock.remote_port, 1025));
	assert_int_equal(out.sock.extra->shutdown, 2);
	payload.bytes[offsetof(struct vsock_diag_msg, vdiag_state)] = (char)200;
	assert_true(decode(PROTO_VSOCK, &payload, 0, &out));
	ASSERT_MEMBERS(&out, ROW(state, STATE_UNKNOWN));
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
	hostile(PROTO_XDP, &payload, sizeof(msg));

	struct decoded out;
	assert_true(decode(PROTO_XDP, &payload, ~0u, &out));
	ASSERT_MEMBERS(&out, ROW(proto, PROTO_XDP), ROW(family, AF_XDP), ROW(state, STATE_CLOSE), ROW(inode, 4715),
	               ROW(uid, 1000), ROW(ifindex, 5), ROW(recv_q, 11), ROW(send_q, 13),
	               ROW(flags, ROW_HAS_UID | ROW_HAS_QUEUES),
	               DETAIL(has, HAS_XDP | HAS_XDP_QUEUE | HAS_XDP_UMEM | HAS_XDP_STATS), DETAIL(xdp.queue, 3),
	               DETAIL(xdp.rx, 41), DETAIL(xdp.tx, 42), DETAIL(xdp.fill, 43), DETAIL(xdp.completion, 44),
	               DETAIL(xdp.umem_bytes, 1ull << 33), DETAIL(xdp.umem_id, 6), DETAIL(xdp.rx_dropped, 101),
	               DETAIL(xdp.rx_invalid, 102), DETAIL(xdp.rx_full, 103), DETAIL(xdp.fill_empty, 104),
	               DETAIL(xdp.tx_invalid, 105), DETAIL(xdp.tx_empty, 106));
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
	hostile(PROTO_SCTP, &payload, sizeof(struct inet_diag_msg));

	struct decoded out;
	assert_true(decode(PROTO_SCTP, &payload, ~0u, &out));
	/* SCTP_STATE_ESTABLISHED is 3, and 0 is none. */
	ASSERT_MEMBERS(&out, ROW(state, STATE_ESTABLISHED), DETAIL(sctp.state, 4), DETAIL(sctp.unacked, 4),
	               DETAIL(sctp.pending, 5), DETAIL(sctp.in_streams, 6), DETAIL(sctp.out_streams, 7),
	               DETAIL(sctp.packets_out, 20), DETAIL(sctp.packets_in, 21), DETAIL(sctp.retransmitted, 22));
	assert_int_equal(out.sock.timer->kind, TIMER_ON);
	assert_int_equal(out.sock.timer->retransmits, 2);
	assert_int_equal(out.sock.blob[BLOB_LOCALS].len, locals.len);
	assert_int_equal(out.sock.blob[BLOB_PEERS].len, peers.len);

	/* Without peers it is a socket, whose state is TCP's number. */
	payload = inet_answer(10);
	put_attr(&payload, INET_DIAG_LOCALS, locals.bytes, locals.len);
	assert_true(decode(PROTO_SCTP, &payload, ~0u, &out));
	ASSERT_MEMBERS(&out, ROW(state, STATE_LISTEN), DETAIL(sctp.state, 0), DETAIL(sctp.in_streams, UINT16_MAX));
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
		hostile(PROTO_DCCP, &payload, sizeof(struct inet_diag_msg));
		assert_true(decode(PROTO_DCCP, &payload, ~0u, &out));
		ASSERT_MEMBERS(&out, ROW(proto, PROTO_DCCP), ROW(state, cases[i].want), ROW(remote_port, 40000));
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
	hostile(PROTO_SMC, &smc, smc.len);

	struct decoded out;
	assert_true(decode(PROTO_SMC, &smc, ~0u, &out));
	/* State 23 is SMC_APPCLOSEWAIT2. */
	ASSERT_MEMBERS(&out, ROW(family, AF_INET), ROW(state, STATE_CLOSE_WAIT), ROW(local_port, 3868),
	               ROW(remote_port, 40000), ROW(uid, 1000), ROW(inode, 4716), DETAIL(has, HAS_SMC),
	               DETAIL(smc.mode, 2));
	assert_int_equal(out.sock.extra->shutdown, 1);
	assert_int_not_equal(out.sock.detail->smc.state, 0);
	smc.bytes[1] = 99;
	assert_true(decode(PROTO_SMC, &smc, ~0u, &out));
	ASSERT_MEMBERS(&out, ROW(state, STATE_UNKNOWN), DETAIL(smc.state, 0));
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
	every_length(PROTO_TIPC, &payload, payload.len);
	every_byte_spoilt(PROTO_TIPC, &payload);

	struct decoded out;
	assert_true(decode(PROTO_TIPC, &payload, ~0u, &out));
	ASSERT_MEMBERS(&out, ROW(proto, PROTO_TIPC), ROW(family, AF_TIPC), ROW(state, STATE_ESTABLISHED),
	               ROW(inode, 4717), ROW(uid, 1000), ROW(recv_q, 3), ROW(send_q, 4), ROW(cookie, cookie),
	               ROW(flags, ROW_HAS_UID | ROW_HAS_COOKIE | ROW_HAS_QUEUES), DETAIL(type, SOCK_SEQPACKET),
	               DETAIL(tipc.node, 16781313), DETAIL(tipc.port, 1025), DETAIL(tipc.peer_node, 16781314),
	               DETAIL(tipc.peer_port, 2049), DETAIL(tipc.drops, 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_socket), cmocka_unit_test(a_netlink_socket),
		cmocka_unit_test(an_mptcp_socket), cmocka_unit_test(a_vsock_socket),
		cmocka_unit_test(an_xdp_socket),   cmocka_unit_test(an_sctp_association),
		cmocka_unit_test(a_dccp_socket),   cmocka_unit_test(an_smc_socket),
		cmocka_unit_test(a_tipc_socket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
