// SPDX-License-Identifier: MIT
/*
 * family.h - how the kernel is asked for the sockets of an address family, and how its answers are read.
 *
 * One row a family, in a file of its own (family_inet.c, family_unix.c ...).
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

extern const struct family family_inet, family_dccp, family_icmp, family_mptcp, family_unix, family_packet,
	family_netlink, family_vsock, family_xdp, family_sctp, family_smc, family_tipc;

static inline const struct family *family_of(enum proto proto)
{
	static const struct family *const families[PROTO_COUNT] = {
		[PROTO_TCP] = &family_inet,    [PROTO_UDP] = &family_inet,      [PROTO_UDPLITE] = &family_inet,
		[PROTO_RAW] = &family_inet,    [PROTO_ICMP] = &family_icmp,     [PROTO_MPTCP] = &family_mptcp,
		[PROTO_UNIX] = &family_unix,   [PROTO_PACKET] = &family_packet, [PROTO_NETLINK] = &family_netlink,
		[PROTO_VSOCK] = &family_vsock, [PROTO_XDP] = &family_xdp,       [PROTO_SCTP] = &family_sctp,
		[PROTO_DCCP] = &family_dccp,   [PROTO_SMC] = &family_smc,       [PROTO_TIPC] = &family_tipc,
	};
	return families[proto];
}

#endif
