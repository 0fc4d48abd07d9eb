// SPDX-License-Identifier: MIT
/*
 * bytecode.h - what of a filter the kernel can judge, as INET_DIAG_REQ_BYTECODE.
 *
 * The code lets through every socket that fits, and may let through more: the
 * caller judges each row again. linux/inet_diag.h; inet_diag_bc_run(),
 * net/ipv4/inet_diag.c, Linux 6.18.
 */
#ifndef SOCKVIEW_COLLECT_BYTECODE_H
#define SOCKVIEW_COLLECT_BYTECODE_H

#include <sockview/expr.h>

/*
 * A dump runs the code on every socket it passes, op by op: longer code costs
 * the kernel more than the answers it saves, so conditions beyond this are left out.
 */
enum { BYTECODE_MAX = 4096 };

struct bytecode {
	uint8_t data[BYTECODE_MAX]; /* of INET_DIAG_REQ_BYTECODE */
	size_t len;                 /* 0: let all through */
	uint16_t sport, dport;      /* host byte order: the one port that can fit, 0: any */
	bool impossible;            /* no socket of this dump can fit: don't ask */
};

/*
 * The kernel can test whether bind() named a socket's port (INET_DIAG_BC_AUTO),
 * but no answer carries it. A filter with `autobound` is asked in two dumps:
 * the sockets where the port was chosen (YES), then those where it was named (NO).
 */
enum bytecode_autobound { AUTOBOUND_ANY, AUTOBOUND_YES, AUTOBOUND_NO };

/* True if the filter is to be asked in two dumps. */
bool bytecode_asks_autobound(const struct expr *expr);

/* What the dump is of. */
struct bytecode_dump {
	enum bytecode_autobound autobound;
	enum proto proto;
	int family;      /* AF_UNSPEC: both */
	uint32_t states; /* STATE_BIT()s asked for */
	bool mark;       /* the kernel may judge marks: it refuses to without CAP_NET_ADMIN */
	bool plain;      /* ports only in the request itself: for a kernel that refused the code */
};

/* `expr` NULL: everything. Not for unix sockets. */
void bytecode_compile(const struct expr *expr, const struct bytecode_dump *dump, struct bytecode *code);

/* Ops and their arguments, written from the last to the first: see bytecode_ops.c. */
struct bytecode_writer {
	uint8_t *data;  /* BYTECODE_MAX bytes; what is written stands at the end */
	unsigned limit; /* how many bytes may be written */
	unsigned at;    /* bytes written: the distance of the next op's end from the end of the code */
	bool full;
};

/* Places are distances from the end of the code; the two that every code has: */
enum { BYTECODE_PASS = 0, BYTECODE_REJECT = -4 };

/* Each test goes on at `yes` if it holds, else at `no`. */
void bytecode_jump(struct bytecode_writer *writer, int to);
void bytecode_port(struct bytecode_writer *writer, enum expr_end end, struct expr_range range, int yes, int no);
/* port -1: any. */
void bytecode_host(struct bytecode_writer *writer, const struct expr_node *node, enum expr_end end, int32_t port,
                   int yes, int no);
void bytecode_is_ipv6(struct bytecode_writer *writer, int yes, int no);
void bytecode_device(struct bytecode_writer *writer, uint32_t ifindex, int yes, int no);
void bytecode_mark(struct bytecode_writer *writer, uint32_t mark, uint32_t mask, int yes, int no);
/* bind() did not name the port. */
void bytecode_autobound(struct bytecode_writer *writer, int yes, int no);
void bytecode_cgroup(struct bytecode_writer *writer, uint64_t id, int yes, int no);

#endif
