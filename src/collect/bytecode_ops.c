// SPDX-License-Identifier: MIT
/*
 * bytecode_ops.c - one op of INET_DIAG_REQ_BYTECODE at a time.
 *
 * An op goes on at op+yes if its test holds, else at op+no; both only forward.
 * The kernel takes it (net/ipv4/inet_diag.c, inet_diag_bc_audit, Linux 6.18)
 * only if `no` ends at the start of an op, and finds starts by following `yes`:
 * so `yes` is always the op's own length, and a test that goes elsewhere if it
 * holds is followed by a jump (a JMP always takes its `no`). To end exactly at the
 * end is to pass; to end four bytes behind it is to reject.
 *
 *   <------------------------- data -------------------------->
 *   [ free ........ | op | arguments | op | ... | last op ]  PASS  REJECT
 *                   ^ at = distance from here to the end      0     -4
 */
#include "collect/bytecode.h"

#include <linux/inet_diag.h>
#include <string.h>

/* Numbers of newer kernels than some headers know (4.9, 5.9). */
enum { OP_LOCAL_EQ = 11, OP_REMOTE_EQ = 12, OP_CGROUP = 13 };

static void write_bytes(struct bytecode_writer *writer, const void *bytes, unsigned len)
{
	if (writer->full || writer->at > writer->limit || len > writer->limit - writer->at) {
		writer->full = true;
		return;
	}
	writer->at += len;
	memcpy(writer->data + BYTECODE_MAX - writer->at, bytes, len);
}

void bytecode_jump(struct bytecode_writer *writer, int to)
{
	struct inet_diag_bc_op op = { .code = INET_DIAG_BC_JMP, .yes = sizeof(op) };
	if (to == (int)writer->at)
		return;
	op.no = (uint16_t)((int)(writer->at + sizeof(op)) - to);
	write_bytes(writer, &op, sizeof(op));
}

/* The op with its arguments behind it; they are written first. */
static void write_test(struct bytecode_writer *writer, unsigned code, const void *arguments, unsigned len, int yes,
                       int no)
{
	struct inet_diag_bc_op op = { .code = (uint8_t)code, .yes = (uint8_t)(sizeof(op) + len) };
	bytecode_jump(writer, yes);
	op.no = (uint16_t)((int)(writer->at + sizeof(op) + len) - no);
	write_bytes(writer, arguments, len);
	write_bytes(writer, &op, sizeof(op));
}

static void compare_port(struct bytecode_writer *writer, unsigned code, uint32_t port, int yes, int no)
{
	struct inet_diag_bc_op argument = { .no = (uint16_t)port };
	write_test(writer, code, &argument, sizeof(argument), yes, no);
}

void bytecode_port(struct bytecode_writer *writer, enum expr_end end, struct expr_range range, int yes, int no)
{
	bool local = end == EXPR_LOCAL;
	if (range.low == range.high) {
		compare_port(writer, local ? OP_LOCAL_EQ : OP_REMOTE_EQ, range.low, yes, no);
		return;
	}
	if (range.high < 65535) {
		compare_port(writer, local ? INET_DIAG_BC_S_LE : INET_DIAG_BC_D_LE, range.high, yes, no);
		yes = (int)writer->at;
	}
	if (range.low > 0)
		compare_port(writer, local ? INET_DIAG_BC_S_GE : INET_DIAG_BC_D_GE, range.low, yes, no);
	else if (range.high >= 65535)
		bytecode_jump(writer, yes);
}

static void write_hostcond(struct bytecode_writer *writer, enum expr_end end, int family, unsigned bits, int32_t port,
                           const union addr *addr, int yes, int no)
{
	char argument[sizeof(struct inet_diag_hostcond) + sizeof(*addr)];
	struct inet_diag_hostcond cond;
	/* Padding included: it goes to the kernel, and into recordings. */
	memset(&cond, 0, sizeof(cond));
	cond.family = (uint8_t)family;
	cond.prefix_len = (uint8_t)bits;
	cond.port = port;
	memcpy(argument, &cond, sizeof(cond));
	memcpy(argument + sizeof(cond), addr, sizeof(*addr));
	unsigned len = family == AF_INET6 ? 16 : family == AF_INET ? 4 : 0;
	unsigned code = end == EXPR_LOCAL ? INET_DIAG_BC_S_COND : INET_DIAG_BC_D_COND;
	write_test(writer, code, argument, (unsigned)sizeof(cond) + len, yes, no);
}

void bytecode_host(struct bytecode_writer *writer, const struct expr_node *node, enum expr_end end, int32_t port,
                   int yes, int no)
{
	write_hostcond(writer, end, node->family, node->prefix_len, port, &node->addr, yes, no);
}

/* A condition on no bit of an IPv6 address is true for IPv6 sockets alone; one of IPv4 also for mapped ones. */
void bytecode_is_ipv6(struct bytecode_writer *writer, int yes, int no)
{
	static const union addr any;
	write_hostcond(writer, EXPR_LOCAL, AF_INET6, 0, -1, &any, yes, no);
}

void bytecode_device(struct bytecode_writer *writer, uint32_t ifindex, int yes, int no)
{
	write_test(writer, INET_DIAG_BC_DEV_COND, &ifindex, sizeof(ifindex), yes, no);
}

void bytecode_mark(struct bytecode_writer *writer, uint32_t mark, uint32_t mask, int yes, int no)
{
	struct inet_diag_markcond argument = { .mark = mark, .mask = mask };
	write_test(writer, INET_DIAG_BC_MARK_COND, &argument, sizeof(argument), yes, no);
}

void bytecode_autobound(struct bytecode_writer *writer, int yes, int no)
{
	write_test(writer, INET_DIAG_BC_AUTO, "", 0, yes, no);
}

void bytecode_cgroup(struct bytecode_writer *writer, uint64_t id, int yes, int no)
{
	write_test(writer, OP_CGROUP, &id, sizeof(id), yes, no);
}
