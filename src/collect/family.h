// SPDX-License-Identifier: MIT
/*
 * family.h - how the kernel is asked for the sockets of an address family, and how its answers are read.
 *
 * One row a family, in a file of its own (family_inet.c, family_unix.c ...), found by its name in FOR_ALL_PROTOS (row.h).
 */
#ifndef SOCKVIEW_COLLECT_FAMILY_H
#define SOCKVIEW_COLLECT_FAMILY_H

#include <linux/netlink.h>

#include <sockview/decode.h>
#include <sockview/proto.h>

#include "collect/bytecode.h"
#include "collect/procnet.h"

/* One dump, as the payload of its request says it. */
struct family_request {
	enum proto proto;
	int family;      /* AF_UNSPEC: IPv4 and IPv6 in one walk */
	uint32_t states; /* STATE_BIT()s */
	unsigned want;   /* enum want */
	const struct bytecode *code;
};

struct family {
	/* Behind the header of a dump of type SOCK_DIAG_BY_FAMILY; may change the type. NULL: there is no sock_diag. */
	void (*put_request)(struct nlmsghdr *message, const struct family_request *request);
	/* decode.h. */
	bool (*decode)(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);
	/* An open file of /proc/net to the sink: procnet.h. NULL: there is no such file. */
	int (*read_file)(int fd, const struct procnet_file *file);
	bool judges; /* the kernel runs a filter's bytecode */
};

/* One family may be named by several protocols. */
#define FAMILY_OF(proto, name) extern const struct family family_##name;
FOR_ALL_PROTOS(FAMILY_OF)
#undef FAMILY_OF

static inline const struct family *family_of(enum proto proto)
{
	switch (proto) {
#define FAMILY_OF(proto, name) \
	case PROTO_##proto: \
		return &family_##name;
		FOR_ALL_PROTOS(FAMILY_OF)
#undef FAMILY_OF
	case PROTO_COUNT:
		break;
	}
	__builtin_unreachable();
}

#endif
