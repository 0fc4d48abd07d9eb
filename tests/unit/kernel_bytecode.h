// SPDX-License-Identifier: MIT
/*
 * kernel_bytecode.h - what the kernel makes of INET_DIAG_REQ_BYTECODE: the
 * audit before a dump and the run on each socket, written anew from what
 * net/ipv4/inet_diag.c (Linux 6.18) does.
 */
#ifndef KERNEL_BYTECODE_H
#define KERNEL_BYTECODE_H

#include <stdbool.h>
#include <string.h>

#include <sockview/row.h>

enum {
	K_NOP,
	K_JMP,
	K_S_GE,
	K_S_LE,
	K_D_GE,
	K_D_LE,
	K_AUTO,
	K_S_COND,
	K_D_COND,
	K_DEV,
	K_MARK,
	K_S_EQ,
	K_D_EQ,
	K_CGROUP
};

struct k_op {
	unsigned code, yes, no;
};

static inline struct k_op k_op_at(const uint8_t *code)
{
	uint16_t no;
	memcpy(&no, code + 2, 2);
	return (struct k_op){ code[0], code[1], no };
}

/* Length of the op with its arguments; 0 if it is none. */
static inline size_t k_length(const uint8_t *code, size_t rest)
{
	switch (code[0]) {
	case K_NOP:
	case K_JMP:
	case K_AUTO:
		return 4;
	case K_S_GE:
	case K_S_LE:
	case K_D_GE:
	case K_D_LE:
	case K_S_EQ:
	case K_D_EQ:
	case K_DEV:
		return 8;
	case K_MARK:
	case K_CGROUP:
		return 12;
	case K_S_COND:
	case K_D_COND: {
		if (rest < 12)
			return 0;
		size_t address = code[4] == AF_INET ? 4 : code[4] == AF_INET6 ? 16 : 0;
		if ((code[4] != AF_UNSPEC && !address) || code[5] > 8 * address)
			return 0;
		return 12 + address;
	}
	default:
		return 0;
	}
}

/* Whether an op begins there, found by going from yes to yes. */
static inline bool k_begins(const uint8_t *code, size_t len, size_t at)
{
	size_t i = 0;
	while (i < at && i < len)
		i += code[i + 1];
	return i == at;
}

static inline bool k_audit(const uint8_t *code, size_t len, bool net_admin)
{
	size_t i = 0;
	if (len < 4)
		return false;
	while (i < len) {
		size_t rest = len - i;
		if (rest < 4)
			return false;
		struct k_op op = k_op_at(code + i);
		size_t least = k_length(code + i, rest);
		if (!least || least > rest || (op.code == K_MARK && !net_admin))
			return false;
		if (op.code != K_NOP) {
			if (op.no < least || op.no > rest + 4 || op.no % 4)
				return false;
			if (op.no < rest && !k_begins(code, len, i + op.no))
				return false;
		}
		if (op.yes < least || op.yes > rest + 4 || op.yes % 4)
			return false;
		i += op.yes;
	}
	return i == len;
}

static inline bool k_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static inline bool k_host(const uint8_t *argument, const struct row *row, bool local)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *addr = local ? row->local.byte : row->remote.byte;
	uint16_t own = local ? row->local_port : row->remote_port;
	unsigned family = argument[0], bits = argument[1];
	int32_t port;
	memcpy(&port, argument + 4, 4);
	if (port != -1 && port != own)
		return false;
	if (family != AF_UNSPEC && family != row->family)
		return row->family == AF_INET6 && family == AF_INET && memcmp(addr, mapped, 12) == 0 &&
		       k_bits(addr + 12, argument + 8, bits);
	return k_bits(addr, argument + 8, bits);
}

static inline bool k_test(const uint8_t *code, const struct sock *sock)
{
	const struct row *row = &sock->row;
	struct k_op op = k_op_at(code);
	const uint8_t *argument = code + 4;
	uint16_t port = 0;
	uint32_t word, mask;
	uint64_t id;
	if (op.code >= K_S_GE && op.code <= K_D_EQ && op.code != K_AUTO)
		port = (uint16_t)k_op_at(argument).no;
	switch (op.code) {
	case K_NOP:
		return true;
	case K_JMP:
		return false;
	case K_AUTO:
		return row->flags & ROW_AUTOBOUND;
	case K_S_GE:
		return row->local_port >= port;
	case K_S_LE:
		return row->local_port <= port;
	case K_S_EQ:
		return row->local_port == port;
	case K_D_GE:
		return row->remote_port >= port;
	case K_D_LE:
		return row->remote_port <= port;
	case K_D_EQ:
		return row->remote_port == port;
	case K_S_COND:
		return k_host(argument, row, true);
	case K_D_COND:
		return k_host(argument, row, false);
	case K_DEV:
		memcpy(&word, argument, 4);
		return word == row->ifindex;
	case K_MARK:
		memcpy(&word, argument, 4);
		memcpy(&mask, argument + 4, 4);
		return (sock->extra->mark & mask) == word;
	case K_CGROUP:
		memcpy(&id, argument, 8);
		return id == sock->extra->cgroup_id;
	default:
		return false;
	}
}

static inline bool k_run(const uint8_t *code, size_t len, const struct sock *sock)
{
	size_t i = 0;
	while (i < len) {
		struct k_op op = k_op_at(code + i);
		i += k_test(code + i, sock) ? op.yes : op.no;
	}
	return i == len;
}

#endif
