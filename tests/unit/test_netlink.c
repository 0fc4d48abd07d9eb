// SPDX-License-Identifier: MIT
/* Sockets over netlink and what is asked next: every way an answer can go wrong, by a scripted wire. */
#include <setjmp.h>
#include <fcntl.h>
#include <linux/unix_diag.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockview/collect.h>
#include <sockview/countof.h>
#include <sockview/expr.h>

#include "collect/request.h"

#include "../tests/helpers/netlink_script.h"
#include "payload.h"

struct fixture {
	struct script script;
	struct query query;
	struct table table;
	struct sources sources;
	struct source_request request;
	struct report report;
	struct error error;
};

static size_t mark(const void *table)
{
	return ((const struct table *)table)->count;
}

static void rewind_table(void *table, size_t at)
{
	table_truncate(table, at);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	script_init(&fixture->script);
	fixture->query = (struct query){ .protos = PROTO_BIT(PROTO_TCP), .inet = true };
	fixture->query.states[PROTO_TCP] = STATE_ALL;
	fixture->request = (struct source_request){
		.query = &fixture->query,
		.sink = table_sink,
		.context = &fixture->table,
		.mark = mark,
		.rewind = rewind_table,
	};
	fixture->sources = (struct sources){ .from = SOURCE_AUTO, .wire = &fixture->script.wire, .proc_net_fd = -1 };
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	table_free(&fixture->table);
	free(fixture);
	return 0;
}

static int run(struct fixture *fixture)
{
	return collect_sockets(&fixture->sources, &fixture->request, &fixture->report, &fixture->error);
}

static void assert_ports(const struct fixture *fixture, size_t count, ...)
{
	va_list ports;
	assert_int_equal(fixture->table.count, count);
	va_start(ports, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(fixture->table.row[i].local_port, va_arg(ports, int));
	va_end(ports);
}

static void rows_of_several_datagrams(void **state)
{
	struct fixture *fixture = *state;
	script_put_socket(script_step(&fixture->script), AF_INET, 1, 0);
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET, 2, 0);
	script_put_socket(step, AF_INET, 3, 0);
	script_put_done(script_step(&fixture->script), 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 3, 1, 2, 3);
	assert_int_equal(fixture->script.sent, 1);
	assert_int_equal(fixture->report.received, 3);
}

static void done_may_follow_in_the_same_datagram(void **state)
{
	struct fixture *fixture = *state;
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET, 1, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 1);
}

/* A kernel without the module says ENOENT inside NLMSG_DONE (or as an error): not "no sockets". */
static void an_errno_inside_done_is_a_refusal(void **state)
{
	struct fixture *fixture = *state;
	script_put_done(script_step(&fixture->script), -ENOENT, 0);
	assert_int_equal(run(fixture), 0);
	assert_int_equal(fixture->report.unavailable, PROTO_BIT(PROTO_TCP));
	assert_int_equal(fixture->report.netlink_errno, ENOENT);
}

static void an_error_message_is_a_refusal(void **state)
{
	struct fixture *fixture = *state;
	script_put_error(script_step(&fixture->script), -EPERM);
	assert_int_equal(run(fixture), 0);
	assert_int_equal(fixture->report.unavailable, PROTO_BIT(PROTO_TCP));
	assert_int_equal(fixture->report.netlink_errno, EPERM);
}

static void an_error_too_short_to_say_which_is_malformed(void **state)
{
	struct fixture *fixture = *state;
	script_put(script_step(&fixture->script), NLMSG_ERROR, 0, "", 0);
	assert_int_equal(run(fixture), 0);
	assert_int_equal(fixture->report.malformed, 1);
	assert_int_equal(fixture->report.unavailable, PROTO_BIT(PROTO_TCP));
}

/* Where the old request is refused, each family is asked for by version 2. */
static void the_old_request_refused_is_asked_apart(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.inet6 = true;
	script_put_error(script_step(&fixture->script), -EINVAL);
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET, 4, 0);
	script_put_done(step, 0, 0);
	step = script_step(&fixture->script);
	script_put_socket(step, AF_INET6, 6, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 2, 4, 6);
	assert_int_equal(fixture->script.sent, 3);
	assert_int_equal(fixture->report.unavailable, 0);
}

/* For each question that has no handler the kernel starts a modprobe. */
static void a_module_that_is_not_there_is_asked_for_once(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.inet6 = true;
	script_put_error(script_step(&fixture->script), -ENOENT);
	assert_int_equal(run(fixture), 0);
	assert_int_equal(fixture->script.sent, 1);
	assert_int_equal(fixture->report.unavailable, PROTO_BIT(PROTO_TCP));
	assert_int_equal(fixture->report.netlink_errno, ENOENT);
}

/* Linux 7.2 has no UDP-Lite: neither a handler nor a file, where UDP has one or the other. Nothing is missing then. */
static void where_there_is_no_udplite_nothing_is_missing(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.protos = PROTO_BIT(PROTO_UDP) | PROTO_BIT(PROTO_UDPLITE);
	fixture->query.states[PROTO_UDP] = fixture->query.states[PROTO_UDPLITE] = STATE_ALL;
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET, 4, 0);
	script_put_done(step, 0, 0);
	script_put_error(script_step(&fixture->script), -ENOENT);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 4);
	assert_int_equal(fixture->report.from_netlink, PROTO_BIT(PROTO_UDP));
	assert_int_equal(fixture->report.unavailable, 0);
}

/* Without the module it is not known. */
static void without_udp_diag_udplite_is_not_known(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.protos = PROTO_BIT(PROTO_UDP) | PROTO_BIT(PROTO_UDPLITE);
	fixture->query.states[PROTO_UDP] = fixture->query.states[PROTO_UDPLITE] = STATE_ALL;
	script_put_error(script_step(&fixture->script), -ENOENT);
	script_put_error(script_step(&fixture->script), -ENOENT);
	assert_int_equal(run(fixture), 0);
	assert_int_equal(fixture->report.unavailable, fixture->query.protos);
}

/* --- kernels that know less: tests/README.md has the list --- */

/* What kernels since 4.19 have added to an answer, in that order. */
static const struct {
	uint16_t type;
	uint16_t len;
	unsigned extra; /* of EXTRA_... */
	int blob;       /* -1: none */
} added[] = {
	{ INET_DIAG_SHUTDOWN, 1, EXTRA_SHUTDOWN, -1 },     /* before */
	{ INET_DIAG_ULP_INFO, 8, 0, BLOB_ULP },            /* 5.3 */
	{ INET_DIAG_SK_BPF_STORAGES, 8, 0, BLOB_STORAGE }, /* 5.6 */
	{ INET_DIAG_CGROUP_ID, 8, EXTRA_CGROUP, -1 },      /* 5.8 */
	{ INET_DIAG_SOCKOPT, 2, EXTRA_SOCKOPT, -1 },       /* by 5.10 */
};

struct told {
	unsigned extra, blobs;
	size_t tcp_info;
};

static int told_sink(void *context, const struct sock *sock)
{
	struct told *told = context;
	told->extra = sock->extra ? sock->extra->has : 0;
	told->tcp_info = sock->blob[BLOB_TCP_INFO].len;
	for (int i = 0; i < BLOB_COUNT; i++)
		told->blobs |= sock->blob[i].data ? 1u << i : 0;
	return 0;
}

static void what_an_older_kernel_does_not_send_is_absent(void **state)
{
	struct fixture *fixture = *state;
	/* struct tcp_info up to the last member of 4.19 (tcpi_reord_seen), and of later ones. */
	static const uint16_t tcp_info[countof(added)] = { 224, 232, 232, 232, 240 };
	for (size_t kernel = 0; kernel < countof(added); kernel++) {
		struct inet_diag_msg msg = { .idiag_family = AF_INET, .idiag_state = 1, .idiag_inode = 4 };
		struct payload payload = { 0 };
		struct told told = { 0 }, want = { .blobs = 1u << BLOB_TCP_INFO, .tcp_info = tcp_info[kernel] };
		uint8_t bytes[256] = { 1 };
		put(&payload, &msg, sizeof(msg));
		put_attr(&payload, INET_DIAG_INFO, bytes, tcp_info[kernel]);
		for (size_t i = 0; i <= kernel; i++) {
			put_attr(&payload, added[i].type, bytes, added[i].len);
			want.extra |= added[i].extra;
			want.blobs |= added[i].blob < 0 ? 0 : 1u << added[i].blob;
		}
		script_init(&fixture->script);
		struct script_step *step = script_step(&fixture->script);
		script_put(step, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, payload.bytes, payload.len);
		script_put_done(step, 0, 0);
		fixture->query.want = WANT_EXTRA | WANT_INFO | WANT_TCP_INFO | WANT_STORAGE;
		fixture->request.sink = told_sink;
		fixture->request.context = &told;
		assert_int_equal(run(fixture), 0);
		assert_int_equal(told.extra, want.extra);
		assert_int_equal(told.blobs, want.blobs);
		assert_int_equal(told.tcp_info, want.tcp_info);
		assert_int_equal(fixture->report.malformed, 0);
	}
}

/* UDIAG_SHOW_UID is passed over before Linux 5.3. */
static void unix_sockets_of_an_older_kernel_have_no_user(void **state)
{
	struct fixture *fixture = *state;
	struct unix_diag_msg msg = {
		.udiag_family = AF_UNIX, .udiag_type = SOCK_STREAM, .udiag_state = 1, .udiag_ino = 4
	};
	fixture->query.protos = PROTO_BIT(PROTO_UNIX);
	fixture->query.states[PROTO_UNIX] = STATE_ALL;
	struct script_step *step = script_step(&fixture->script);
	script_put(step, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, &msg, sizeof(msg));
	script_put_done(step, 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_int_equal(fixture->table.count, 1);
	assert_int_equal(fixture->table.row[0].flags & ROW_HAS_UID, 0);
	assert_int_equal(fixture->table.row[0].inode, 4);
}

/* INET_DIAG_REQ_PROTOCOL is passed over before Linux 5.10, and the byte beside it is no protocol's number. */
static void mptcp_of_an_older_kernel_is_refused_alone(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.protos |= PROTO_BIT(PROTO_MPTCP);
	fixture->query.states[PROTO_MPTCP] = STATE_ALL;
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET, 4, 0);
	script_put_done(step, 0, 0);
	script_put_error(script_step(&fixture->script), -ENOENT);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 4);
	assert_int_equal(fixture->report.unavailable, PROTO_BIT(PROTO_MPTCP));
	assert_int_equal(fixture->report.from_netlink, PROTO_BIT(PROTO_TCP));
}

/* expr_free() after it. */
static void ask_for_port_4(struct fixture *fixture, struct expr *expr)
{
	struct expr_range range = { 4, 4 };
	struct expr_node node = { .kind = EXPR_HOST, .end = EXPR_LOCAL, .family = AF_UNSPEC };
	assert_int_equal(expr_init(expr), 0);
	assert_int_equal(expr_keep_ranges(expr, &range, 1, &node.ranges), 0);
	expr->root = expr_add(expr, &node);
	fixture->query.expr = expr;
}

/* An op of a condition that the kernel does not know (INET_DIAG_BC_CGROUP_COND, 5.9) refuses the dump: all rows come, to be judged by the filter. */
static void what_an_older_kernel_cannot_judge_is_not_asked_of_it(void **state)
{
	struct fixture *fixture = *state;
	struct expr expr;
	ask_for_port_4(fixture, &expr);
	/* Without a mark's condition first, which takes a right, and then without any. */
	script_put_error(script_step(&fixture->script), -EINVAL);
	script_put_error(script_step(&fixture->script), -EINVAL);
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET, 4, 0);
	script_put_socket(step, AF_INET, 5, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 2, 4, 5);
	assert_int_equal(fixture->script.sent, 3);
	assert_int_equal(fixture->report.unavailable | fixture->report.lost, 0);
	expr_free(&expr);
}

/* --- what is asked next --- */

static void both_families_come_in_one_walk(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.inet6 = true;
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET6, 6, 0);
	script_put_socket(step, AF_INET, 4, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_int_equal(fixture->script.sent, 1);
	assert_ports(fixture, 2, 6, 4);
}

static void tcp6_waits_for_tcp_where_order_matters(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.inet6 = true;
	fixture->request.ordered = true;
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET6, 6, 0);
	script_put_socket(step, AF_INET, 4, 0);
	script_put_socket(step, AF_INET6, 7, 0);
	script_put_socket(step, AF_INET, 5, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 4, 4, 5, 6, 7);
}

/* Pauses are seen as rows in between: of a port that no socket has. */
static void note_pause(void *table)
{
	struct sock sock = { .row.local_port = 9 };
	assert_int_equal(table_add(table, &sock), 0);
}

static void put_ends(struct fixture *fixture, uint16_t port4, uint16_t port6)
{
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET6, port6, 0);
	script_put_socket(step, AF_INET, port4, 0);
	script_put_done(step, 0, 0);
}

/* The listeners' tcp6 rows wait for the tcp rows of the rest. */
static void listeners_are_asked_for_first(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.inet6 = true;
	fixture->request.ordered = true;
	fixture->request.pause = note_pause;
	put_ends(fixture, 4, 6);
	put_ends(fixture, 5, 7);
	assert_int_equal(run(fixture), 0);
	assert_int_equal(fixture->script.sent, 2);
	assert_ports(fixture, 5, 4, 9, 5, 6, 7);
	struct request request = { .proto = PROTO_TCP, .left_out = ~STATE_BIT(STATE_LISTEN) };
	assert_int_equal(request_states(&request, &fixture->query), STATE_BIT(STATE_LISTEN));
	request.left_out = ~request.left_out;
	uint32_t rest = request_states(&request, &fixture->query);
	request.left_out = 0;
	assert_int_equal(rest | STATE_BIT(STATE_LISTEN), request_states(&request, &fixture->query));
	assert_false(rest & STATE_BIT(STATE_LISTEN));
}

static void where_listeners_are_all_or_none_it_is_one_dump(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t states[] = { STATE_BIT(STATE_LISTEN), STATE_ALL & ~STATE_BIT(STATE_LISTEN) };
	fixture->request.pause = note_pause;
	for (size_t i = 0; i < countof(states); i++) {
		fixture->query.states[PROTO_TCP] = states[i];
		struct script_step *step = script_step(&fixture->script);
		script_put_done(step, 0, 0);
		assert_int_equal(run(fixture), 0);
		assert_int_equal(fixture->script.sent, i + 1);
	}
	assert_int_equal(fixture->table.count, 0);
}

/* Refused behind the listeners: as a dump that ends behind a part of its rows. */
static void the_rest_may_be_refused(void **state)
{
	struct fixture *fixture = *state;
	fixture->request.pause = note_pause;
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET, 4, 0);
	script_put_done(step, 0, 0);
	script_put_error(script_step(&fixture->script), -EINVAL);
	fixture->request.mark = NULL;
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 2, 4, 9);
	assert_int_equal(fixture->report.lost, 1);
	assert_int_equal(fixture->report.cut_errno, EINVAL);
}

/*
 * More tcp6 than are held back: they are asked for again by themselves, none
 * twice, none missed, and tcp still comes first.
 */
static void too_many_tcp6_are_asked_for_again(void **state)
{
	struct fixture *fixture = *state;
	enum { EACH = 180, DATAGRAMS = 100, TCP6 = EACH * DATAGRAMS };
	fixture->query.inet6 = true;
	fixture->request.ordered = true;
	for (int dump = 0; dump < 2; dump++) {
		for (int i = 0; i < DATAGRAMS; i++) {
			struct script_step *step = script_step(&fixture->script);
			for (int j = 0; j < EACH; j++)
				script_put_socket(step, AF_INET6, (uint16_t)(1 + i * EACH + j), 0);
		}
		struct script_step *step = script_step(&fixture->script);
		if (dump == 0)
			script_put_socket(step, AF_INET, 65535, 0);
		script_put_done(step, 0, 0);
	}
	assert_int_equal(run(fixture), 0);
	assert_int_equal(fixture->report.requests, 2);
	assert_int_equal(fixture->table.count, TCP6 + 1);
	assert_int_equal(fixture->table.row[0].local_port, 65535);
	for (int i = 1; i <= TCP6; i++)
		assert_int_equal(fixture->table.row[i].local_port, i);
}

static void an_interrupted_dump_is_tried_again(void **state)
{
	struct fixture *fixture = *state;
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET, 1, NLM_F_DUMP_INTR);
	script_put_done(step, 0, 0);
	step = script_step(&fixture->script);
	script_put_socket(step, AF_INET, 1, 0);
	script_put_socket(step, AF_INET, 2, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 2, 1, 2);
	assert_int_equal(fixture->script.sent, 2);
	assert_int_equal(fixture->report.interrupted, 0);
}

static void the_mark_may_stand_on_done_alone(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 2; i++) {
		struct script_step *step = script_step(&fixture->script);
		script_put_socket(step, AF_INET, 1, 0);
		script_put_done(step, 0, i == 0 ? NLM_F_DUMP_INTR : 0);
	}
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 1);
	assert_int_equal(fixture->script.sent, 2);
}

static void interrupted_for_ever_keeps_the_last_answer(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 10; i++) {
		struct script_step *step = script_step(&fixture->script);
		script_put_socket(step, AF_INET, (uint16_t)(i + 1), NLM_F_DUMP_INTR);
		script_put_done(step, 0, NLM_F_DUMP_INTR);
	}
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 3);
	assert_int_equal(fixture->script.sent, 3);
	assert_int_equal(fixture->report.interrupted, 1);
}

/* Rows that are gone once given can't be taken back: one try, all of its rows, and a word. */
static void interrupted_while_streaming_keeps_every_row(void **state)
{
	struct fixture *fixture = *state;
	fixture->request.mark = NULL;
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET, 1, NLM_F_DUMP_INTR);
	script_put_socket(step, AF_INET, 2, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 2, 1, 2);
	assert_int_equal(fixture->report.interrupted, 1);
}

static void lost_messages_are_asked_for_again(void **state)
{
	static const int losses[] = { ENOBUFS, ENOSPC };
	for (size_t i = 0; i < 2; i++) {
		struct fixture *fixture = *state;
		script_init(&fixture->script);
		table_clear(&fixture->table);
		script_put_socket(script_step(&fixture->script), AF_INET, 1, 0);
		script_errno(&fixture->script, losses[i]);
		struct script_step *step = script_step(&fixture->script);
		script_put_socket(step, AF_INET, 2, 0);
		script_put_done(step, 0, 0);
		step = script_step(&fixture->script);
		script_put_socket(step, AF_INET, 1, 0);
		script_put_socket(step, AF_INET, 2, 0);
		script_put_socket(step, AF_INET, 3, 0);
		script_put_done(step, 0, 0);
		assert_int_equal(run(fixture), 0);
		assert_ports(fixture, 3, 1, 2, 3);
		assert_int_equal(fixture->report.lost, 0);
	}
}

static void a_wire_that_only_loses_ends(void **state)
{
	struct fixture *fixture = *state;
	fixture->request.mark = NULL;
	for (int i = 0; i < SCRIPT_STEPS; i++)
		script_errno(&fixture->script, ENOBUFS);
	/* The script runs out with EAGAIN: the kernel has forgotten the dump. */
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 0);
	assert_int_equal(fixture->report.lost, 1);
}

static void put_whole(struct fixture *fixture, uint8_t family, uint16_t first, uint16_t last)
{
	struct script_step *step = script_step(&fixture->script);
	for (uint16_t port = first; port <= last; port++)
		script_put_socket(step, family, port, 0);
	script_put_done(step, 0, 0);
}

/* Each try would wait as long again, and a person with it. */
static void a_wire_that_stalls_is_waited_for_once(void **state)
{
	struct fixture *fixture = *state;
	script_put_socket(script_step(&fixture->script), AF_INET, 1, 0);
	script_errno(&fixture->script, ENOBUFS);
	script_errno(&fixture->script, EAGAIN);
	put_whole(fixture, AF_INET, 1, 3);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 1);
	assert_int_equal(fixture->script.sent, 1);
	assert_int_equal(fixture->report.lost, 1);
}

static void a_wire_that_is_silent_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	script_put_socket(script_step(&fixture->script), AF_INET, 1, 0);
	assert_int_equal(run(fixture), -1);
	assert_int_equal(fixture->error.number, EAGAIN);
	assert_true(fixture->report.failed);
}

/* --- an errno behind a part of the rows --- */

static void put_cut(struct fixture *fixture, uint16_t port, uint8_t family, int number)
{
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, family, port, 0);
	script_put_done(step, -number, 0);
}

/* The other request tells them again: none is there twice. */
static void rows_of_a_dump_that_failed_are_taken_back(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.inet6 = true;
	put_cut(fixture, 4, AF_INET, EIO);
	put_whole(fixture, AF_INET, 4, 5);
	put_whole(fixture, AF_INET6, 6, 6);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 3, 4, 5, 6);
	assert_int_equal(fixture->script.sent, 3);
	assert_int_equal(fixture->report.lost, 0);
	assert_int_equal(fixture->report.from_netlink, PROTO_BIT(PROTO_TCP));
}

/* A file for /proc/net: the same socket, and another. */
static int proc_net(void)
{
	static const char tcp[] =
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
		"   0: 0100007F:0004 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 4 1 0 20 4 30 10 -1\n"
		"   1: 0100007F:0007 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 7 1 0 20 4 30 10 -1\n";
	char path[] = "/tmp/test_netlink.XXXXXX";
	assert_non_null(mkdtemp(path));
	int folder = open(path, O_RDONLY | O_DIRECTORY);
	int file = openat(folder, "tcp", O_WRONLY | O_CREAT, 0600);
	assert_true(folder >= 0 && write(file, tcp, sizeof(tcp) - 1) == sizeof(tcp) - 1);
	close(file);
	return folder;
}

static void proc_net_remove(int folder)
{
	char link[64], path[256] = "";
	unlinkat(folder, "tcp", 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
	assert_true(readlink(link, path, sizeof(path) - 1) > 0);
	close(folder);
	assert_int_equal(rmdir(path), 0);
}

static void nor_are_those_that_proc_net_tells_again(void **state)
{
	struct fixture *fixture = *state;
	fixture->sources.proc_net_fd = proc_net();
	put_cut(fixture, 4, AF_INET, EIO);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 2, 4, 7);
	assert_int_equal(fixture->report.from_proc, PROTO_BIT(PROTO_TCP));
	assert_int_equal(fixture->report.from_netlink | fixture->report.lost | fixture->report.unavailable, 0);
	assert_int_equal(fixture->report.netlink_errno, EIO);
	proc_net_remove(fixture->sources.proc_net_fd);
}

/* tcp came whole over netlink, tcp6 does not come at all: the file of tcp is not read. */
static void only_the_family_that_failed_is_asked_elsewhere(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.inet6 = true;
	fixture->sources.proc_net_fd = proc_net();
	script_put_error(script_step(&fixture->script), -EINVAL);
	put_whole(fixture, AF_INET, 4, 4);
	script_put_error(script_step(&fixture->script), -ENOENT);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 4);
	assert_int_equal(fixture->report.from_netlink, PROTO_BIT(PROTO_TCP));
	proc_net_remove(fixture->sources.proc_net_fd);
}

static void rows_that_are_shown_already_are_a_partial_answer(void **state)
{
	struct fixture *fixture = *state;
	fixture->request.mark = NULL;
	fixture->query.inet6 = true;
	fixture->sources.proc_net_fd = proc_net();
	put_cut(fixture, 4, AF_INET, EIO);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 4);
	assert_int_equal(fixture->script.sent, 1);
	assert_int_equal(fixture->report.lost, 1);
	assert_int_equal(fixture->report.cut_errno, EIO);
	assert_int_equal(fixture->report.from_proc | fixture->report.unavailable, 0);
	proc_net_remove(fixture->sources.proc_net_fd);
}

/* Held back behind tcp, they are given with it: nothing asks for them again. */
static void tcp6_held_back_is_part_of_it(void **state)
{
	struct fixture *fixture = *state;
	fixture->request.mark = NULL;
	fixture->request.ordered = true;
	fixture->query.inet6 = true;
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET6, 6, 0);
	script_put_socket(step, AF_INET, 4, 0);
	script_put_done(step, -EIO, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 2, 4, 6);
	assert_int_equal(fixture->report.cut_errno, EIO);
}

/* No row is shown yet, those held back are forgotten: they come again. */
static void tcp6_alone_held_back_is_asked_for_again(void **state)
{
	struct fixture *fixture = *state;
	fixture->request.mark = NULL;
	fixture->request.ordered = true;
	fixture->query.inet6 = true;
	put_cut(fixture, 6, AF_INET6, EIO);
	put_whole(fixture, AF_INET, 4, 4);
	put_whole(fixture, AF_INET6, 6, 7);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 3, 4, 6, 7);
	assert_int_equal(fixture->report.lost, 0);
}

static void where_nothing_else_can_be_asked_the_part_is_kept(void **state)
{
	struct fixture *fixture = *state;
	put_cut(fixture, 4, AF_INET, EIO);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 4);
	assert_int_equal(fixture->report.cut_errno, EIO);
	assert_int_equal(fixture->report.unavailable, 0);
}

/* EPERM in the middle is no refusal of what the kernel was asked to judge. */
static void a_filter_is_not_asked_again_behind_rows(void **state)
{
	struct fixture *fixture = *state;
	struct expr expr;
	ask_for_port_4(fixture, &expr);
	put_cut(fixture, 4, AF_INET, EPERM);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 4);
	assert_int_equal(fixture->script.sent, 1);
	expr_free(&expr);
}

static void another_failure_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	script_put_socket(script_step(&fixture->script), AF_INET, 1, 0);
	script_errno(&fixture->script, ENETDOWN);
	assert_int_equal(run(fixture), -1);
	assert_int_equal(fixture->error.number, ENETDOWN);
	assert_ports(fixture, 1, 1);
}

static void answers_to_somebody_else_are_passed_over(void **state)
{
	struct fixture *fixture = *state;
	struct script_step *step = script_step(&fixture->script);
	script_put_socket(step, AF_INET, 9, 0);
	((struct nlmsghdr *)step->bytes)->nlmsg_seq = 4711;
	step = script_step(&fixture->script);
	script_put_socket(step, AF_INET, 1, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 1);
}

static void hostile_lengths_are_counted_and_end(void **state)
{
	struct fixture *fixture = *state;
	static const uint32_t lengths[] = { 0, 1, 15, 17, 200, 0x7fffffff, 0xffffffff };
	for (size_t i = 0; i < countof(lengths); i++) {
		struct script_step *step = script_step(&fixture->script);
		script_put_socket(step, AF_INET, 1, 0);
		((struct nlmsghdr *)step->bytes)->nlmsg_len = lengths[i];
	}
	script_put_done(script_step(&fixture->script), 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 0);
	assert_true(fixture->report.malformed > 0);
}

static void an_answer_too_short_is_left_out(void **state)
{
	struct fixture *fixture = *state;
	struct script_step *step = script_step(&fixture->script);
	script_put(step, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, "\2\1\0", 3);
	script_put_socket(step, AF_INET, 1, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 1);
	assert_int_equal(fixture->report.malformed, 1);
}

static void what_was_not_asked_for_is_left_out(void **state)
{
	struct fixture *fixture = *state;
	struct script_step *step = script_step(&fixture->script);
	fixture->query.states[PROTO_TCP] = STATE_BIT(STATE_ESTABLISHED);
	script_put_socket(step, AF_INET6, 6, 0);
	script_put_socket(step, AF_INET, 1, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 1, 1);
	assert_int_equal(fixture->report.received, 2);
}

static int stop_at_two(void *context, const struct sock *sock)
{
	struct table *table = context;
	table_add(table, sock);
	return table->count == 2 ? 7 : 0;
}

static void the_sink_may_stop_it(void **state)
{
	struct fixture *fixture = *state;
	fixture->request.sink = stop_at_two;
	struct script_step *step = script_step(&fixture->script);
	for (int i = 1; i < 5; i++)
		script_put_socket(step, AF_INET, (uint16_t)i, 0);
	assert_int_equal(run(fixture), 7);
	assert_ports(fixture, 2, 1, 2);
}

static void put_udp(struct script_step *step, uint16_t port, uint32_t cookie)
{
	struct inet_diag_msg msg = { .idiag_family = AF_INET, .idiag_state = STATE_CLOSE };
	msg.id.idiag_sport = htons(port);
	msg.id.idiag_cookie[0] = cookie;
	script_put(step, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, &msg, sizeof(msg));
}

/* Two sockets were opened in the hash slot that the datagrams' border lies in. */
static void what_udp_diag_tells_twice_is_one_row(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.protos = PROTO_BIT(PROTO_UDP);
	fixture->query.states[PROTO_UDP] = STATE_ALL;
	struct script_step *step = script_step(&fixture->script);
	put_udp(step, 1, 11);
	put_udp(step, 2, 12);
	put_udp(step, 3, 13);
	step = script_step(&fixture->script);
	put_udp(step, 2, 12);
	put_udp(step, 3, 13);
	put_udp(step, 4, 14);
	put_udp(step, 4, 15); /* SO_REUSEPORT: another socket */
	script_put_done(script_step(&fixture->script), 0, 0);
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 5, 1, 2, 3, 4, 4);
}

/* Rows taken back do not count as told. */
static void udp_asked_for_again_has_all_its_rows(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.protos = PROTO_BIT(PROTO_UDP);
	fixture->query.states[PROTO_UDP] = STATE_ALL;
	for (int attempt = 0; attempt < 2; attempt++) {
		struct script_step *step = script_step(&fixture->script);
		put_udp(step, 1, 11);
		put_udp(step, 2, 12);
		script_put_done(step, 0, attempt ? 0 : NLM_F_DUMP_INTR);
	}
	assert_int_equal(run(fixture), 0);
	assert_ports(fixture, 2, 1, 2);
}

static char recorded[65536];

/* The script's answers through a recording into `recorded`; its length. */
static size_t record(struct fixture *fixture)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	struct wire *wire = wire_record(&fixture->script.wire, ends[1], "here");
	assert_non_null(wire);
	fixture->sources.wire = wire;
	assert_int_equal(run(fixture), 0);
	wire_close(wire);
	ssize_t len = read(ends[0], recorded, sizeof(recorded));
	close(ends[0]);
	assert_true(len > 0 && (size_t)len < sizeof(recorded));
	return (size_t)len;
}

static unsigned answers(size_t len)
{
	unsigned count = 0;
	for (size_t at = 0; at < len;) {
		const struct nlmsghdr *head = (const struct nlmsghdr *)(recorded + at);
		count += head->nlmsg_type == SOCK_DIAG_BY_FAMILY && !(head->nlmsg_flags & NLM_F_REQUEST);
		at += NLMSG_ALIGN(head->nlmsg_len);
	}
	return count;
}

static void a_recording_is_not_asked_for_again(void **state)
{
	struct fixture *fixture = *state;
	for (uint16_t port = 1; port < 4; port++) {
		struct script_step *step = script_step(&fixture->script);
		script_put_socket(step, AF_INET, port, 0);
		script_put_done(step, 0, NLM_F_DUMP_INTR);
	}
	assert_int_equal(answers(record(fixture)), 1);
	assert_ports(fixture, 1, 1);
	assert_int_equal(fixture->report.interrupted, 1);
}

/* Rows that are asked for twice are twice in the file. */
static void a_recording_keeps_the_part_too(void **state)
{
	struct fixture *fixture = *state;
	fixture->sources.proc_net_fd = proc_net();
	put_cut(fixture, 4, AF_INET, EIO);
	assert_int_equal(answers(record(fixture)), 1);
	assert_ports(fixture, 1, 4);
	assert_int_equal(fixture->report.cut_errno, EIO);
	proc_net_remove(fixture->sources.proc_net_fd);
}

/* Reads what record() wrote. */
static int replay(struct fixture *fixture, size_t len)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], recorded, len), len);
	close(ends[1]);
	table_clear(&fixture->table);
	fixture->report = (struct report){ 0 };
	fixture->sources.wire = wire_replay(ends[0]);
	assert_non_null(fixture->sources.wire);
	int answer = run(fixture);
	wire_close(fixture->sources.wire);
	return answer;
}

static void a_replay_tells_of_it(void **state)
{
	struct fixture *fixture = *state;
	put_cut(fixture, 4, AF_INET, EIO);
	size_t len = record(fixture);
	assert_int_equal(replay(fixture, len), 0);
	assert_ports(fixture, 1, 4);
	assert_int_equal(fixture->report.lost, 1);
	assert_int_equal(fixture->report.cut_errno, EIO);
}

static void a_replay_tells_of_a_refusal(void **state)
{
	struct fixture *fixture = *state;
	script_put_error(script_step(&fixture->script), -ENOENT);
	size_t len = record(fixture);
	assert_int_equal(replay(fixture, len), 0);
	assert_int_equal(fixture->report.unavailable, PROTO_BIT(PROTO_TCP));
	assert_int_equal(fixture->report.lost, 0);
}

static void a_recording_asks_for_the_families_apart(void **state)
{
	struct fixture *fixture = *state;
	fixture->query.inet6 = true;
	fixture->request.ordered = true;
	script_put_socket(script_step(&fixture->script), AF_INET, 1, 0);
	script_put_done(script_step(&fixture->script), 0, 0);
	script_put_socket(script_step(&fixture->script), AF_INET6, 2, 0);
	script_put_done(script_step(&fixture->script), 0, 0);
	script_put_done(script_step(&fixture->script), 0, 0);
	script_put_done(script_step(&fixture->script), 0, 0);
	assert_int_equal(answers(record(fixture)), 2);
	assert_true(fixture->script.sent >= 2);
	assert_ports(fixture, 2, 1, 2);
}

static int recording; /* the fd of the file */

/* The disk is full from now on. */
static void fill_disk(void)
{
	int full = open("/dev/full", O_WRONLY);
	assert_int_equal(dup2(full, recording), recording);
	close(full);
}

static ssize_t receive_and_fill(struct wire *wire, void *buffer, size_t len)
{
	fill_disk();
	return script_receive(wire, buffer, len);
}

static void assert_recording_fails(struct fixture *fixture, bool at_once)
{
	struct wire *script = &fixture->script.wire;
	script->receive = at_once ? script->receive : receive_and_fill;
	script_put_socket(script_step(&fixture->script), AF_INET, 1, 0);
	script_put_done(script_step(&fixture->script), 0, 0);
	recording = open("/dev/null", O_WRONLY);
	struct wire *wire = wire_record(script, recording, "here");
	assert_non_null(wire);
	assert_false(wire_record_failed(wire));
	if (at_once)
		fill_disk();
	fixture->sources.wire = wire;
	assert_int_equal(run(fixture), -1);
	assert_true(wire_record_failed(wire));
	assert_int_equal(fixture->error.number, ENOSPC);
	assert_string_equal(fixture->error.what, "write the recording");
	assert_int_equal(fixture->report.lost, 0);
	wire_close(wire);
}

/* ENOSPC is also the word for a datagram that was cut, behind which the kernel goes on. */
static void a_disk_full_of_answers_is_an_error(void **state)
{
	assert_recording_fails(*state, false);
}

static void a_disk_full_before_the_request_is_an_error(void **state)
{
	assert_recording_fails(*state, true);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(rows_of_several_datagrams),
		CASE(done_may_follow_in_the_same_datagram),
		CASE(an_errno_inside_done_is_a_refusal),
		CASE(an_error_message_is_a_refusal),
		CASE(an_error_too_short_to_say_which_is_malformed),
		CASE(the_old_request_refused_is_asked_apart),
		CASE(a_module_that_is_not_there_is_asked_for_once),
		CASE(where_there_is_no_udplite_nothing_is_missing),
		CASE(without_udp_diag_udplite_is_not_known),
		CASE(what_an_older_kernel_does_not_send_is_absent),
		CASE(unix_sockets_of_an_older_kernel_have_no_user),
		CASE(mptcp_of_an_older_kernel_is_refused_alone),
		CASE(what_an_older_kernel_cannot_judge_is_not_asked_of_it),
		CASE(both_families_come_in_one_walk),
		CASE(tcp6_waits_for_tcp_where_order_matters),
		CASE(listeners_are_asked_for_first),
		CASE(where_listeners_are_all_or_none_it_is_one_dump),
		CASE(the_rest_may_be_refused),
		CASE(too_many_tcp6_are_asked_for_again),
		CASE(an_interrupted_dump_is_tried_again),
		CASE(the_mark_may_stand_on_done_alone),
		CASE(interrupted_for_ever_keeps_the_last_answer),
		CASE(interrupted_while_streaming_keeps_every_row),
		CASE(lost_messages_are_asked_for_again),
		CASE(a_wire_that_only_loses_ends),
		CASE(a_wire_that_stalls_is_waited_for_once),
		CASE(a_wire_that_is_silent_is_an_error),
		CASE(rows_of_a_dump_that_failed_are_taken_back),
		CASE(nor_are_those_that_proc_net_tells_again),
		CASE(only_the_family_that_failed_is_asked_elsewhere),
		CASE(rows_that_are_shown_already_are_a_partial_answer),
		CASE(tcp6_held_back_is_part_of_it),
		CASE(tcp6_alone_held_back_is_asked_for_again),
		CASE(where_nothing_else_can_be_asked_the_part_is_kept),
		CASE(a_filter_is_not_asked_again_behind_rows),
		CASE(a_recording_keeps_the_part_too),
		CASE(a_replay_tells_of_it),
		CASE(a_replay_tells_of_a_refusal),
		CASE(another_failure_is_an_error),
		CASE(answers_to_somebody_else_are_passed_over),
		CASE(hostile_lengths_are_counted_and_end),
		CASE(an_answer_too_short_is_left_out),
		CASE(what_was_not_asked_for_is_left_out),
		CASE(the_sink_may_stop_it),
		CASE(what_udp_diag_tells_twice_is_one_row),
		CASE(udp_asked_for_again_has_all_its_rows),
		CASE(a_recording_is_not_asked_for_again),
		CASE(a_recording_asks_for_the_families_apart),
		CASE(a_disk_full_of_answers_is_an_error),
		CASE(a_disk_full_before_the_request_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
