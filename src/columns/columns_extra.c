// SPDX-License-Identifier: MIT
/* columns_extra.c - the columns of -ee, -o and -m: what the kernel tells in small attributes. */
#include "columns/columns.h"

#include <stddef.h>

#include <sockview/countof.h>

#define EXTRA(name_, type_, member, flag, help_, ...) \
	{ \
		.name = name_, .help = help_, .type = type_, .group = GROUP_EXTRA, .want = WANT_EXTRA, \
		.field.from = FROM_EXTRA, FIELD_OF(struct sock_extra, member), .field.told = flag, \
		.get = column_get_field, __VA_ARGS__ \
	}
/*
 * A bit as little-endian machines lay out struct inet_diag_sockopt
 * (include/uapi/linux/inet_diag.h). Those set by default are of GROUP_SOCKET:
 * -ee leaves them out.
 */
#define OPTION(name_, group_, bit, help_) \
	{ \
		.name = name_, .help = help_, .type = COLUMN_BOOL, .group = group_, .want = WANT_EXTRA, \
		.field.from = FROM_EXTRA, FIELD_OF(struct sock_extra, sockopt), .field.told = EXTRA_SOCKOPT, \
		.field.shift = bit, .field.bits = 1, .get = column_get_field \
	}
#define TIMER(name_, type_, unit_, member, help_, ...) \
	{ \
		.name = name_, .unit = unit_, .help = help_, .type = type_, .group = GROUP_TIMER, .want = WANT_TIMER, \
		.field.from = FROM_TIMER, FIELD_OF(struct sock_timer, member), .get = column_get_field, __VA_ARGS__ \
	}
#define SKMEM(name_, unit_, index, help_, ...) \
	{ \
		.name = name_, .unit = unit_, .help = help_, .type = COLUMN_NUMBER, .group = GROUP_MEMORY, \
		.want = WANT_SKMEM, .field.from = FROM_SKMEM, FIELD_OF(struct sock_skmem, value[index]), \
		.get = column_get_field, __VA_ARGS__ \
	}

const struct column columns_extra[] = {
	EXTRA("mark", COLUMN_NUMBER, mark, EXTRA_MARK, "SO_MARK; only CAP_NET_ADMIN is told", .need = NEED_NET_ADMIN),
	EXTRA("cgroup_id", COLUMN_NUMBER, cgroup_id, EXTRA_CGROUP, "inode of the socket's cgroup"),
	EXTRA("shutdown", COLUMN_TEXT, shutdown, EXTRA_SHUTDOWN,
	      "which directions were shut down: none, receive, send, both",
	      .words = WORDS("none", "receive", "send", "both")),
	EXTRA("tos", COLUMN_NUMBER, tos, EXTRA_TOS, "IP_TOS"),
	EXTRA("tclass", COLUMN_NUMBER, tclass, EXTRA_TCLASS, "IPV6_TCLASS"),
	EXTRA("class_id", COLUMN_NUMBER, class_id, EXTRA_CLASS_ID, "net_cls class, or SO_PRIORITY"),
	OPTION("recverr", GROUP_EXTRA, 0, "IP_RECVERR or IPV6_RECVERR"),
	OPTION("is_icsk", GROUP_SOCKET, 1, "it is a connection socket inside the kernel"),
	OPTION("freebind", GROUP_EXTRA, 2, "IP_FREEBIND"),
	OPTION("hdrincl", GROUP_EXTRA, 3, "IP_HDRINCL"),
	OPTION("mc_loop", GROUP_SOCKET, 4, "IP_MULTICAST_LOOP"),
	OPTION("transparent", GROUP_EXTRA, 5, "IP_TRANSPARENT"),
	OPTION("mc_all", GROUP_SOCKET, 6, "IP_MULTICAST_ALL"),
	OPTION("nodefrag", GROUP_EXTRA, 7, "IP_NODEFRAG"),
	OPTION("bind_address_no_port", GROUP_EXTRA, 8, "IP_BIND_ADDRESS_NO_PORT"),
	OPTION("recverr_rfc4884", GROUP_EXTRA, 9, "IP_RECVERR_RFC4884"),
	OPTION("defer_connect", GROUP_EXTRA, 10, "TCP_FASTOPEN_CONNECT: connects with the first data"),

	TIMER("timer", COLUMN_TEXT, NULL, kind,
	      "off, on (retransmission), keepalive, timewait, probe (zero window), delack (delayed ACK), unkn-N",
	      .unknown_words = true,
	      .words = WORDS([TIMER_OFF] = "off", [TIMER_ON] = "on", [TIMER_KEEPALIVE] = "keepalive",
	                     [TIMER_TIMEWAIT] = "timewait", [TIMER_PROBE] = "probe", [TIMER_DELACK] = "delack")),
	TIMER("timer_expires", COLUMN_NUMBER, "ms", expires_ms, "until the timer fires", .field.rule = FIELD_TIMER_ON),
	TIMER("retransmits", COLUMN_NUMBER, NULL, retransmits, "of what waits to be acknowledged now",
	      .mark = COLUMN_MARK_SOME),
	TIMER("probes", COLUMN_NUMBER, NULL, probes, "sent and not answered: keepalive or zero window",
	      .mark = COLUMN_MARK_SOME),

	SKMEM("rmem_alloc", "bytes", SKMEM_RMEM_ALLOC, "memory of what was received"),
	SKMEM("rcvbuf", "bytes", SKMEM_RCVBUF, "limit of it: SO_RCVBUF"),
	SKMEM("wmem_alloc", "bytes", SKMEM_WMEM_ALLOC, "memory of what is on its way out"),
	SKMEM("sndbuf", "bytes", SKMEM_SNDBUF, "limit of what is queued: SO_SNDBUF"),
	SKMEM("fwd_alloc", "bytes", SKMEM_FWD_ALLOC, "reserved and not used yet"),
	SKMEM("wmem_queued", "bytes", SKMEM_WMEM_QUEUED, "memory of what is queued to be sent"),
	SKMEM("optmem", "bytes", SKMEM_OPTMEM, "memory of socket options"),
	SKMEM("sk_backlog", "bytes", SKMEM_BACKLOG, "waits because the socket is in use"),
	SKMEM("drops", "packets", SKMEM_DROPS, "dropped; of a listener: connections refused by a full queue",
	      .mark = COLUMN_MARK_SOME),
};
const size_t columns_extra_count = countof(columns_extra);
