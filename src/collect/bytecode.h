/*
 * bytecode.h - what of a filter the kernel can judge, in its own language.
 *
 * The code lets through every socket that fits, and may let through more:
 * rows are judged again by whoever asked.
 */
#ifndef SOCKVIEW_COLLECT_BYTECODE_H
#define SOCKVIEW_COLLECT_BYTECODE_H

#include <sockview/expr.h>

/*
 * A dump runs the code on every socket it passes, op by op: what is longer
 * than this costs more there than it saves here, and is left out.
 */
enum { BYTECODE_MAX = 4096 };

struct bytecode {
	uint8_t data[BYTECODE_MAX]; /* of INET_DIAG_REQ_BYTECODE */
	size_t len;                 /* 0: let all through */
	uint16_t sport, dport;      /* host byte order: the one port that can fit, 0: any */
	bool impossible;            /* no socket of this dump can fit: don't ask */
};

/*
 * The kernel can tell sockets whose port bind() named from others, but says so
 * of no row. A filter that asks for it is answered in two dumps: then each row
 * is known to be of the one half or of the other.
 */
enum bytecode_half { HALF_BOTH, HALF_CHOSEN, HALF_NAMED };

/* True if the filter is to be asked in halves. */
bool bytecode_has_halves(const struct expr *expr);

/* What the dump is of. */
struct bytecode_dump {
	enum bytecode_half half;
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

/* Each continues at `yes` or at `no`. */
void bytecode_jump(struct bytecode_writer *writer, int to);
void bytecode_port(struct bytecode_writer *writer, enum expr_end end, struct expr_range range, int yes, int no);
/* port -1: any. */
void bytecode_host(struct bytecode_writer *writer, const struct expr_node *node, enum expr_end end, int32_t port,
                   int yes, int no);
void bytecode_is_ipv6(struct bytecode_writer *writer, int yes, int no);
void bytecode_device(struct bytecode_writer *writer, uint32_t ifindex, int yes, int no);
void bytecode_mark(struct bytecode_writer *writer, uint32_t mark, uint32_t mask, int yes, int no);
/* bind() did not name the port. */
void bytecode_chosen(struct bytecode_writer *writer, int yes, int no);
void bytecode_cgroup(struct bytecode_writer *writer, uint64_t id, int yes, int no);

#endif
