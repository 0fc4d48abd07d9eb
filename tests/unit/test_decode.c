// SPDX-License-Identifier: MIT
/*
 * Answers of sock_diag for internet and unix sockets, byte by byte.
 */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/unix_diag.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decoding.h"

static struct payload tcp_listener(void)
{
	struct payload payload = { 0 };
	struct inet_diag_msg msg = {
		.idiag_family = AF_INET6,
		.idiag_state = 10,
		.idiag_timer = 1,
		.idiag_retrans = 3,
		.idiag_expires = 1500,
		.idiag_rqueue = 2,
		.idiag_wqueue = 128,
		.idiag_uid = 33,
		.idiag_inode = 4711,
	};
	msg.id.idiag_sport = htons(443);
	msg.id.idiag_if = 5;
	msg.id.idiag_cookie[0] = 0x89abcdef;
	msg.id.idiag_cookie[1] = 0x01234567;
	put(&payload, &msg, sizeof(msg));
	uint32_t skmem[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	uint64_t cgroup = 77;
	put_attr(&payload, INET_DIAG_SHUTDOWN, "\3", 1);
	put_attr(&payload, INET_DIAG_SKMEMINFO, skmem, sizeof(skmem));
	put_attr(&payload, INET_DIAG_CONG, "cubic", 6);
	put_attr(&payload, INET_DIAG_INFO, "0123456789", 10);
	put_attr(&payload, INET_DIAG_SKV6ONLY, "\1", 1);
	put_attr(&payload, INET_DIAG_CGROUP_ID, &cgroup, sizeof(cgroup));
	put_attr(&payload, 200, "what a later kernel says", 24);
	put_attr(&payload, INET_DIAG_SOCKOPT, "\1\2", 2);
	return payload;
}

static void a_listener_with_all_details(void **state)
{
	(void)state;
	struct payload payload = tcp_listener();
	struct decoded out;
	assert_true(decode(PROTO_TCP, &payload, ~0u, &out));
	ASSERT_MEMBERS(
		&out, ROW(proto, PROTO_TCP), ROW(family, AF_INET6), ROW(state, STATE_LISTEN), ROW(local_port, 443),
		ROW(inode, 4711), ROW(uid, 33), ROW(ifindex, 5), ROW(recv_q, 2), ROW(send_q, 128),
		ROW(cookie, 0x0123456789abcdef),
		ROW(flags, ROW_HAS_COOKIE | ROW_BACKLOG | ROW_HAS_V6ONLY | ROW_V6ONLY | ROW_HAS_QUEUES | ROW_HAS_UID));
	assert_int_equal(out.sock.timer->kind, TIMER_ON);
	assert_int_equal(out.sock.timer->retransmits, 3);
	assert_int_equal(out.sock.timer->expires_ms, 1500);
	assert_int_equal(out.sock.skmem->count, 9);
	assert_int_equal(out.sock.skmem->value[SKMEM_DROPS], 9);
	assert_int_equal(out.sock.extra->has, EXTRA_SHUTDOWN | EXTRA_CGROUP | EXTRA_SOCKOPT);
	assert_int_equal(out.sock.extra->shutdown, 3);
	assert_int_equal(out.sock.extra->sockopt, 0x0201);
	assert_true(out.sock.extra->cgroup_id == 77);
	assert_int_equal(out.sock.blob[BLOB_CONG].len, 5);
	assert_memory_equal(out.sock.blob[BLOB_CONG].data, "cubic", 5);
	assert_int_equal(out.sock.blob[BLOB_TCP_INFO].len, 10);
}

static void details_come_only_when_asked_for(void **state)
{
	(void)state;
	struct payload payload = tcp_listener();
	struct decoded out;
	assert_true(decode(PROTO_TCP, &payload, 0, &out));
	assert_null(out.sock.timer);
	assert_null(out.sock.skmem);
	assert_null(out.sock.extra);
	assert_null(out.sock.blob[BLOB_CONG].data);
	ASSERT_MEMBERS(&out, ROW(inode, 4711));
}

static void a_spoilt_listener_stays_inside(void **state)
{
	(void)state;
	struct payload payload = tcp_listener();
	hostile(PROTO_TCP, &payload, sizeof(struct inet_diag_msg));
}

static void hostile_attribute_lengths_end_the_attributes(void **state)
{
	(void)state;
	static const uint16_t lengths[] = { 0, 1, 3, 4, 5, 1000, 0xffff };
	for (size_t i = 0; i < countof(lengths); i++) {
		struct payload payload = tcp_listener();
		struct decoded out;
		struct nlattr *first = (struct nlattr *)(payload.bytes + sizeof(struct inet_diag_msg));
		first->nla_len = lengths[i];
		assert_true(decode(PROTO_TCP, &payload, ~0u, &out));
		assert_int_equal(out.sock.row.local_port, 443);
	}
}

static void states_of_the_kernel(void **state)
{
	(void)state;
	static const struct {
		enum proto proto;
		uint8_t kernel;
		enum state want;
	} cases[] = {
		{ PROTO_TCP, 1, STATE_ESTABLISHED }, { PROTO_TCP, 12, STATE_SYN_RECV },
		{ PROTO_TCP, 7, STATE_BOUND }, /* only the walk of bound ports sends a closed one */
		{ PROTO_UDP, 7, STATE_CLOSE },       { PROTO_UDP, 1, STATE_ESTABLISHED },
		{ PROTO_TCP, 200, STATE_UNKNOWN },
	};
	for (size_t i = 0; i < countof(cases); i++) {
		struct inet_diag_msg msg = { .idiag_family = AF_INET, .idiag_state = cases[i].kernel };
		struct decoded out;
		assert_true(decode_inet(&msg, sizeof(msg), cases[i].proto, 0, &out));
		assert_int_equal(out.sock.row.state, cases[i].want);
	}
}

static void mapped_addresses_are_marked_each_by_itself(void **state)
{
	(void)state;
	struct inet_diag_msg msg = { .idiag_family = AF_INET6, .idiag_state = 7 };
	struct decoded out;
	inet_pton(AF_INET6, "::ffff:127.0.0.1", msg.id.idiag_src);
	assert_true(decode_inet(&msg, sizeof(msg), PROTO_UDP, 0, &out));
	assert_int_equal(out.sock.row.flags & (ROW_LOCAL_MAPPED | ROW_REMOTE_MAPPED), ROW_LOCAL_MAPPED);
	inet_pton(AF_INET6, "::ffff:10.0.0.1", msg.id.idiag_dst);
	assert_true(decode_inet(&msg, sizeof(msg), PROTO_UDP, 0, &out));
	assert_int_equal(out.sock.row.flags & (ROW_LOCAL_MAPPED | ROW_REMOTE_MAPPED),
	                 ROW_LOCAL_MAPPED | ROW_REMOTE_MAPPED);
	/* An IPv4 row uses the first four bytes and nothing behind them. */
	msg.idiag_family = AF_INET;
	memset(msg.id.idiag_src, 0xff, sizeof(msg.id.idiag_src));
	assert_true(decode_inet(&msg, sizeof(msg), PROTO_UDP, 0, &out));
	assert_int_equal(out.sock.row.local.word[0], 0xffffffff);
	assert_int_equal(out.sock.row.local.word[1], 0);
}

static void a_unix_socket(void **state)
{
	(void)state;
	struct payload payload = { 0 };
	struct unix_diag_msg msg = {
		.udiag_family = AF_UNIX,
		.udiag_type = SOCK_STREAM,
		.udiag_state = 10,
		.udiag_ino = 99,
	};
	struct unix_diag_rqlen queues = { 1, 128 };
	struct unix_diag_vfs vfs = { 1234, 5 };
	uint32_t peer = 98, uid = 1000;
	put(&payload, &msg, sizeof(msg));
	put_attr(&payload, UNIX_DIAG_NAME, "\0abs\nname", 9);
	put_attr(&payload, UNIX_DIAG_VFS, &vfs, sizeof(vfs));
	put_attr(&payload, UNIX_DIAG_PEER, &peer, sizeof(peer));
	put_attr(&payload, UNIX_DIAG_RQLEN, &queues, sizeof(queues));
	put_attr(&payload, 7, &uid, sizeof(uid));
	hostile(PROTO_UNIX, &payload, sizeof(msg));

	struct decoded out;
	assert_true(decode(PROTO_UNIX, &payload, 0, &out));
	ASSERT_MEMBERS(&out, ROW(proto, PROTO_UNIX), ROW(family, AF_UNIX), ROW(state, STATE_LISTEN), ROW(inode, 99),
	               ROW(uid, 1000), ROW(recv_q, 1), ROW(send_q, 128),
	               ROW(flags, ROW_HAS_COOKIE | ROW_BACKLOG | ROW_HAS_UID | ROW_HAS_QUEUES));
	assert_int_equal(out.sock.unix_->peer, 98);
	assert_int_equal(out.sock.unix_->vfs_inode, 1234);
	assert_int_equal(out.sock.unix_->type, SOCK_STREAM);
	assert_int_equal(out.sock.blob[BLOB_PATH].len, 9);
	assert_memory_equal(out.sock.blob[BLOB_PATH].data, "\0abs\nname", 9);
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
	hostile(PROTO_UNIX, &payload, sizeof(msg));

	struct decoded out;
	assert_true(decode(PROTO_UNIX, &payload, ~0u, &out));
	assert_int_equal(out.sock.unix_->has, UNIX_HAS_PEER);
	assert_int_equal(out.sock.unix_->peer, 4719);
	assert_int_equal(out.sock.unix_->type, SOCK_SEQPACKET);
	/* Three bytes of a number are none: that there is another end is not known then. */
	payload.len = sizeof(msg);
	put_attr(&payload, UNIX_DIAG_PEER, "\1\2\3", 3);
	assert_true(decode(PROTO_UNIX, &payload, ~0u, &out));
	assert_int_equal(out.sock.unix_->has, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_with_all_details),
		cmocka_unit_test(details_come_only_when_asked_for),
		cmocka_unit_test(a_spoilt_listener_stays_inside),
		cmocka_unit_test(hostile_attribute_lengths_end_the_attributes),
		cmocka_unit_test(states_of_the_kernel),
		cmocka_unit_test(mapped_addresses_are_marked_each_by_itself),
		cmocka_unit_test(a_unix_socket),
		cmocka_unit_test(the_other_end_of_a_unix_socket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
