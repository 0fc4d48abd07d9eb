/* columns_extra.c - the columns of -ee, -o and -m: what the kernel tells in small attributes. */
#include "columns/columns.h"

#include <string.h>

#include <sockview/countof.h>

static bool has_extra(const struct column *column, const struct column_source *source)
{
	return source->sock->extra && source->sock->extra->has & column->field.rule;
}

/* field: a number in struct sock_extra that is there if `rule`, an extra_flag, is. */
static void get_extra(const struct column *column, const struct column_source *source, struct value *value)
{
	uint64_t number;
	struct column_field field = column->field;
	field.rule = 0;
	if (!has_extra(column, source) ||
	    !column_field_read(&field, source->sock->extra, sizeof(*source->sock->extra), &number))
		return;
	if (column->type == COLUMN_BOOL)
		value_set_bool(value, number);
	else
		value_set_uint(value, number);
}

static void get_shutdown(const struct column *column, const struct column_source *source, struct value *value)
{
	static const char *const words[] = { "none", "receive", "send", "both" };
	if (has_extra(column, source))
		value_set_word(value, words[source->sock->extra->shutdown & 3]);
}

/* Unix sockets have none, though a row may. */
static bool has_timer(const struct column_source *source)
{
	return source->sock->timer && source->sock->row.proto != PROTO_UNIX;
}

static void get_timer(const struct column *column, const struct column_source *source, struct value *value)
{
	static const char *const words[] = {
		[TIMER_OFF] = "off",           [TIMER_ON] = "on",       [TIMER_KEEPALIVE] = "keepalive",
		[TIMER_TIMEWAIT] = "timewait", [TIMER_PROBE] = "probe",
	};
	(void)column;
	const struct sock_timer *timer = source->sock->timer;
	if (has_timer(source) && timer->kind < countof(words))
		value_set_word(value, words[timer->kind]);
}

static void get_timer_number(const struct column *column, const struct column_source *source, struct value *value)
{
	uint64_t number;
	const struct sock_timer *timer = source->sock->timer;
	if (!has_timer(source) || (column->field.rule && timer->kind == TIMER_OFF))
		return;
	if (column_field_read(&(struct column_field){ .offset = column->field.offset, .size = column->field.size },
	                      timer, sizeof(*timer), &number))
		value_set_uint(value, number);
}

static void get_skmem(const struct column *column, const struct column_source *source, struct value *value)
{
	const struct sock_skmem *skmem = source->sock->skmem;
	if (skmem && column->field.offset < skmem->count)
		value_set_uint(value, skmem->value[column->field.offset]);
}

#define EXTRA(name_, type_, member, flag, help_) \
	{ \
		.name = name_, .help = help_, .type = type_, .group = GROUP_EXTRA, .want = WANT_EXTRA, \
		.field = { .offset = offsetof(struct sock_extra, member), \
			   .rule = flag, \
			   .size = sizeof((struct sock_extra){ 0 }).member }, \
		.get = get_extra \
	}
/* What is set by default is no news and stays out of -ee. Bits as little-endian machines lay struct inet_diag_sockopt out: include/uapi/linux/inet_diag.h. */
#define OPTION(name_, group_, bit, help_) \
	{ \
		.name = name_, .help = help_, .type = COLUMN_BOOL, .group = group_, .want = WANT_EXTRA, \
		.field = { .offset = offsetof(struct sock_extra, sockopt), \
			   .size = 2, \
			   .shift = bit, \
			   .bits = 1, \
			   .rule = EXTRA_SOCKOPT }, \
		.get = get_extra \
	}
#define TIMER(name_, unit_, member, off, help_) \
	{ \
		.name = name_, .unit = unit_, .help = help_, .type = COLUMN_NUMBER, .group = GROUP_TIMER, \
		.want = WANT_TIMER, \
		.field = { .offset = offsetof(struct sock_timer, member), \
			   .rule = off, \
			   .size = sizeof((struct sock_timer){ 0 }).member }, \
		.get = get_timer_number \
	}
#define SKMEM(name_, unit_, index, help_) \
	{ \
		.name = name_, .unit = unit_, .help = help_, .type = COLUMN_NUMBER, .group = GROUP_MEMORY, \
		.want = WANT_SKMEM, .field = { .offset = index }, .get = get_skmem \
	}

const struct column columns_extra[] = {
	{ .name = "mark",
	  .help = "SO_MARK; only CAP_NET_ADMIN is told",
	  .type = COLUMN_NUMBER,
	  .group = GROUP_EXTRA,
	  .want = WANT_EXTRA,
	  .need = NEED_NET_ADMIN,
	  .field = { .offset = offsetof(struct sock_extra, mark), .size = sizeof(uint32_t), .rule = EXTRA_MARK },
	  .get = get_extra },
	EXTRA("cgroup_id", COLUMN_NUMBER, cgroup_id, EXTRA_CGROUP, "inode of the socket's cgroup"),
	{ .name = "shutdown",
	  .help = "which directions were shut down: none, receive, send, both",
	  .type = COLUMN_TEXT,
	  .group = GROUP_EXTRA,
	  .want = WANT_EXTRA,
	  .field = { .rule = EXTRA_SHUTDOWN },
	  .get = get_shutdown },
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

	{ .name = "timer",
	  .help = "off, on (retransmission), keepalive, timewait, probe (zero window)",
	  .type = COLUMN_TEXT,
	  .group = GROUP_TIMER,
	  .want = WANT_TIMER,
	  .get = get_timer },
	TIMER("timer_expires", "ms", expires_ms, 1, "until the timer fires"),
	TIMER("retransmits", NULL, retransmits, 0, "of what waits to be acknowledged now"),
	TIMER("probes", NULL, probes, 0, "sent and not answered: keepalive or zero window"),

	SKMEM("rmem_alloc", "bytes", SKMEM_RMEM_ALLOC, "memory of what was received"),
	SKMEM("rcvbuf", "bytes", SKMEM_RCVBUF, "limit of it: SO_RCVBUF"),
	SKMEM("wmem_alloc", "bytes", SKMEM_WMEM_ALLOC, "memory of what is on its way out"),
	SKMEM("sndbuf", "bytes", SKMEM_SNDBUF, "limit of what is queued: SO_SNDBUF"),
	SKMEM("fwd_alloc", "bytes", SKMEM_FWD_ALLOC, "reserved and not used yet"),
	SKMEM("wmem_queued", "bytes", SKMEM_WMEM_QUEUED, "memory of what is queued to be sent"),
	SKMEM("optmem", "bytes", SKMEM_OPTMEM, "memory of socket options"),
	SKMEM("sk_backlog", "bytes", SKMEM_BACKLOG, "waits because the socket is in use"),
	SKMEM("drops", "packets", SKMEM_DROPS, "dropped; of a listener: connections refused by a full queue"),
};
const size_t columns_extra_count = countof(columns_extra);
