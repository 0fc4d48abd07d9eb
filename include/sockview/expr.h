// SPDX-License-Identifier: MIT
/*
 * expr.h - a filter as a tree. select/ builds and judges it; collect/ turns what
 * the kernel can judge into bytecode.
 *
 *   node[root] AND --child--> NOT --next--> HOST --next--> OR
 *                              |             |              |
 *                            child       ports: span      child ...
 *                              v             v
 *                            PROTO       range[first .. first+count)
 *
 * Nodes, ranges, numbers and text are growable arrays with indexes. A node of
 * AND or OR has two children or more, none of its own kind; NOT has one, which
 * is no NOT. So the depth is bounded by what the parser lets through.
 */
#ifndef SOCKVIEW_EXPR_H
#define SOCKVIEW_EXPR_H

#include <sockview/row.h>

enum expr_kind {
	EXPR_ALL,  /* every socket */
	EXPR_NONE, /* no socket */
	EXPR_AND,
	EXPR_OR,
	EXPR_NOT,
	EXPR_HOST,      /* an internet address, ports, or both, at the same end: see below */
	EXPR_UNIX,      /* unix: the name of an end fits the glob in `text`, in any case of letters */
	EXPR_FAMILY,    /* the row's family is `family` */
	EXPR_PROTO,     /* PROTO_BIT()s in `mask` */
	EXPR_STATE,     /* STATE_BIT()s in `mask` */
	EXPR_DEV,       /* bound to the interface of index `value` */
	EXPR_MARK,      /* (mark of the socket & mask) == value; false where the kernel did not tell */
	EXPR_CGROUP,    /* the socket's cgroup v2 is one of `numbers`; where the kernel did not tell:
	                   the cgroup path of an owner fits the glob in `text` */
	EXPR_AUTOBOUND, /* the local port (or unix name) was chosen by the kernel: it is in `ranges`
	                   (net.ipv4.ip_local_port_range), and bind() did not name it, if that is told */
	EXPR_INODE,     /* in `ranges` */
	EXPR_PID,       /* an owner's pid is in `ranges` */
	EXPR_PROGRAM,   /* an owner's program or comm fits the glob in `text` */
	EXPR_USER, /* the user that made the socket, or one that runs an owner, is in `ranges`; `value` 1: the latter */
	EXPR_COMMAND, /* an owner's comm begins with `text`, or fits regular expression `value` - 1 of the filter */
	EXPR_GROUP,   /* an owner's process group is in `ranges` */
	EXPR_EVENT,   /* what happened to it is in `mask`, a bit an enum event_kind */
	EXPR_COLUMN,  /* a column compared: select/column_term.h says what its fields are */
};

/*
 * EXPR_HOST: family AF_UNSPEC asks nothing of the address. AF_INET is true
 * for IPv4 rows and for the v4-mapped addresses of IPv6 rows, AF_INET6 for
 * IPv6 rows alone; both compare prefix_len bits. `ranges`, if it has any, are
 * ports. `value`, if not 0, is the interface the row must be bound to (the
 * zone of a link-local address). With EXPR_EITHER all of it holds at one end.
 */
enum expr_end { EXPR_LOCAL = 1, EXPR_REMOTE = 2, EXPR_EITHER = 3 };

enum expr_host {
	EXPR_HOST_ORDER = 1 << 0,  /* the ports came of < <= > >=: they name none */
	EXPR_HOST_SERVED = 1 << 1, /* a listener on every address that serves this one fits, too; `value` 0 */
	EXPR_HOST_UNSURE = 1 << 2, /* SERVED, if a row has the address as its local one ... */
	EXPR_HOST_SEEN = 1 << 3,   /* ... and one has */
};

struct expr_span {
	uint32_t first, count;
};

/* Both ends included. */
struct expr_range {
	uint32_t low, high;
};

struct expr_node {
	uint8_t kind;              /* enum expr_kind */
	uint8_t end;               /* enum expr_end: HOST, UNIX */
	uint8_t family;            /* AF_*: HOST, FAMILY */
	uint8_t prefix_len;        /* bits: HOST */
	uint32_t child;            /* first child; 0: none */
	uint32_t next;             /* the next child of the same parent; 0: the last */
	uint32_t value, mask;      /* HOST: mask is enum expr_host */
	struct addr_device device; /* HOST, SERVED: what has the address */
	struct expr_span ranges;   /* sorted, apart from each other by one at least */
	struct expr_span numbers;  /* sorted */
	struct expr_span text;
	union addr addr;
};

/* Node 0 is always EXPR_ALL: an index of 0 is "everything" as a root, "none" as a link. */
struct expr {
	struct expr_node *node;
	struct expr_range *range;
	uint64_t *number;
	char *text;
	size_t node_count, range_count, number_count, text_count;
	size_t node_capacity, range_capacity, number_capacity, text_capacity;
	uint32_t root;
};

#define EXPR_FAILED UINT32_MAX

/* 0, or -1 with errno ENOMEM. The root is EXPR_ALL. */
int expr_init(struct expr *expr);
void expr_free(struct expr *expr);

/* Each answers the index of a node, or EXPR_FAILED with errno ENOMEM; a failed child fails the parent. */
uint32_t expr_add(struct expr *expr, const struct expr_node *node);
uint32_t expr_none(struct expr *expr);
uint32_t expr_not(struct expr *expr, uint32_t child);

/* The children of an AND or OR while they are gathered. Start with { .kind = EXPR_AND } or EXPR_OR. */
struct expr_list {
	enum expr_kind kind;
	uint32_t first, last, count;
	bool settled; /* a child decides alone: an OR has EXPR_ALL, an AND has EXPR_NONE */
	bool failed;
};
/* Adds a child that belongs to no other parent. */
void expr_list_add(const struct expr *expr, struct expr_list *list, uint32_t child);
/* The node for what was gathered: the only child itself; EXPR_ALL for an empty AND, EXPR_NONE for an empty OR. */
uint32_t expr_list_close(struct expr *expr, struct expr_list *list);
/* The node for "a and b". */
uint32_t expr_and(struct expr *expr, uint32_t a, uint32_t b);

/* Sorts and joins `ranges` where they lie and keeps a copy. 0, or -1 with errno ENOMEM. */
int expr_keep_ranges(struct expr *expr, struct expr_range *ranges, size_t count, struct expr_span *span);
int expr_keep_numbers(struct expr *expr, uint64_t *numbers, size_t count, struct expr_span *span);
int expr_keep_text(struct expr *expr, const char *text, size_t len, struct expr_span *span);

bool expr_in_ranges(const struct expr *expr, struct expr_span ranges, uint32_t value);
bool expr_in_numbers(const struct expr *expr, struct expr_span numbers, uint64_t value);

/* Ports as ranges, sorted and apart. */
#define EXPR_PORTS_MAX 64
struct expr_ports {
	size_t count;
	struct expr_range range[EXPR_PORTS_MAX];
};

/*
 * The ports that an internet socket must have at `end` (local or remote) to
 * fit, as far as they can be told. False: any port may do. True with count 0:
 * no internet socket fits.
 */
bool expr_ports(const struct expr *expr, enum expr_end end, struct expr_ports *ports);

#endif
