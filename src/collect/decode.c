/* decode.c - sock_diag's answers, one at a time (decode.h). */
#include "collect/decode.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/countof.h>

/* --- attributes --- */

typedef void attr_fn(struct decoded *out, const void *data, size_t len);

struct attr_reader {
	attr_fn *read;
	unsigned want; /* enum want: only then */
	size_t least;  /* bytes it must have, or it is passed over */
};

static uint32_t load32(const void *data)
{
	uint32_t value;
	memcpy(&value, data, sizeof(value));
	return value;
}

static void read_skmem(struct decoded *out, const void *data, size_t len)
{
	size_t count = len / sizeof(uint32_t);
	out->skmem.count = (uint8_t)(count < SKMEM_COUNT ? count : SKMEM_COUNT);
	memcpy(out->skmem.value, data, out->skmem.count * sizeof(uint32_t));
	out->sock.skmem = &out->skmem;
}

static void read_shutdown(struct decoded *out, const void *data, size_t len)
{
	(void)len;
	out->extra.shutdown = *(const uint8_t *)data;
	out->extra.has |= EXTRA_SHUTDOWN;
}

static void read_tos(struct decoded *out, const void *data, size_t len)
{
	(void)len;
	out->extra.tos = *(const uint8_t *)data;
	out->extra.has |= EXTRA_TOS;
}

static void read_tclass(struct decoded *out, const void *data, size_t len)
{
	(void)len;
	out->extra.tclass = *(const uint8_t *)data;
	out->extra.has |= EXTRA_TCLASS;
}

static void read_class_id(struct decoded *out, const void *data, size_t len)
{
	(void)len;
	out->extra.class_id = load32(data);
	out->extra.has |= EXTRA_CLASS_ID;
}

static void read_mark(struct decoded *out, const void *data, size_t len)
{
	(void)len;
	out->extra.mark = load32(data);
	out->extra.has |= EXTRA_MARK;
}

static void read_cgroup(struct decoded *out, const void *data, size_t len)
{
	(void)len;
	memcpy(&out->extra.cgroup_id, data, sizeof(out->extra.cgroup_id));
	out->extra.has |= EXTRA_CGROUP;
}

static void read_sockopt(struct decoded *out, const void *data, size_t len)
{
	const uint8_t *byte = data;
	(void)len;
	out->extra.sockopt = (uint16_t)(byte[0] | byte[1] << 8);
	out->extra.has |= EXTRA_SOCKOPT;
}

static void read_v6only(struct decoded *out, const void *data, size_t len)
{
	(void)len;
	out->sock.row.flags |= ROW_HAS_V6ONLY;
	if (*(const uint8_t *)data)
		out->sock.row.flags |= ROW_V6ONLY;
}

static void read_blob(struct decoded *out, enum blob blob, const void *data, size_t len)
{
	out->sock.blob[blob] = (struct bytes){ data, len };
}

static void read_tcp_info(struct decoded *out, const void *data, size_t len)
{
	read_blob(out, BLOB_TCP_INFO, data, len);
}

static void read_cong(struct decoded *out, const void *data, size_t len)
{
	read_blob(out, BLOB_CONG, data, strnlen(data, len));
}

static void read_vegas(struct decoded *out, const void *data, size_t len)
{
	read_blob(out, BLOB_VEGAS, data, len);
}

static void read_dctcp(struct decoded *out, const void *data, size_t len)
{
	read_blob(out, BLOB_DCTCP, data, len);
}

static void read_bbr(struct decoded *out, const void *data, size_t len)
{
	read_blob(out, BLOB_BBR, data, len);
}

static void read_ulp(struct decoded *out, const void *data, size_t len)
{
	read_blob(out, BLOB_ULP, data, len);
}

static void read_md5sig(struct decoded *out, const void *data, size_t len)
{
	read_blob(out, BLOB_MD5SIG, data, len);
}

/* Numbers of linux/inet_diag.h, net/ipv4/inet_diag.c of Linux 6.18. */
static const struct attr_reader inet_attrs[] = {
	[INET_DIAG_SKMEMINFO] = { read_skmem, WANT_SKMEM, sizeof(uint32_t) },
	[INET_DIAG_INFO] = { read_tcp_info, WANT_INFO, 1 },
	[INET_DIAG_CONG] = { read_cong, WANT_INFO, 1 },
	[INET_DIAG_VEGASINFO] = { read_vegas, WANT_INFO, 1 },
	[INET_DIAG_DCTCPINFO] = { read_dctcp, WANT_INFO, 1 },
	[INET_DIAG_BBRINFO] = { read_bbr, WANT_INFO, 1 },
	[INET_DIAG_ULP_INFO] = { read_ulp, WANT_INFO, 1 },
	[INET_DIAG_MD5SIG] = { read_md5sig, WANT_INFO, 1 },
	[INET_DIAG_SHUTDOWN] = { read_shutdown, WANT_EXTRA, 1 },
	[INET_DIAG_TOS] = { read_tos, WANT_EXTRA, 1 },
	[INET_DIAG_TCLASS] = { read_tclass, WANT_EXTRA, 1 },
	[INET_DIAG_CLASS_ID] = { read_class_id, WANT_EXTRA, sizeof(uint32_t) },
	[INET_DIAG_MARK] = { read_mark, WANT_EXTRA, sizeof(uint32_t) },
	[INET_DIAG_CGROUP_ID] = { read_cgroup, WANT_EXTRA, sizeof(uint64_t) },
	[INET_DIAG_SOCKOPT] = { read_sockopt, WANT_EXTRA, 2 },
	[INET_DIAG_SKV6ONLY] = { read_v6only, WANT_EXTRA, 1 },
};

static void read_name(struct decoded *out, const void *data, size_t len)
{
	read_blob(out, BLOB_PATH, data, len);
}

static void read_vfs(struct decoded *out, const void *data, size_t len)
{
	struct unix_diag_vfs vfs;
	(void)len;
	memcpy(&vfs, data, sizeof(vfs));
	out->unix_.vfs_inode = vfs.udiag_vfs_ino;
	out->unix_.vfs_dev = vfs.udiag_vfs_dev;
	out->unix_.has |= UNIX_HAS_VFS;
}

static void read_peer(struct decoded *out, const void *data, size_t len)
{
	(void)len;
	out->unix_.peer = load32(data);
	out->unix_.has |= UNIX_HAS_PEER;
}

static void read_queues(struct decoded *out, const void *data, size_t len)
{
	struct unix_diag_rqlen queues;
	(void)len;
	memcpy(&queues, data, sizeof(queues));
	out->sock.row.recv_q = queues.udiag_rqueue;
	out->sock.row.send_q = queues.udiag_wqueue;
	out->sock.row.flags |= ROW_HAS_QUEUES;
	if (out->sock.row.state == STATE_LISTEN)
		out->sock.row.flags |= ROW_BACKLOG;
}

static void read_uid(struct decoded *out, const void *data, size_t len)
{
	(void)len;
	out->sock.row.uid = load32(data);
	out->sock.row.flags |= ROW_HAS_UID;
}

enum { UNIX_DIAG_UID_ATTR = 7 }; /* UNIX_DIAG_UID, newer (5.3) than some headers */

static const struct attr_reader unix_attrs[] = {
	[UNIX_DIAG_NAME] = { read_name, 0, 1 },
	[UNIX_DIAG_VFS] = { read_vfs, 0, sizeof(struct unix_diag_vfs) },
	[UNIX_DIAG_PEER] = { read_peer, 0, sizeof(uint32_t) },
	[UNIX_DIAG_RQLEN] = { read_queues, 0, sizeof(struct unix_diag_rqlen) },
	[UNIX_DIAG_MEMINFO] = { read_skmem, WANT_SKMEM, sizeof(uint32_t) },
	[UNIX_DIAG_SHUTDOWN] = { read_shutdown, WANT_EXTRA, 1 },
	[UNIX_DIAG_UID_ATTR] = { read_uid, 0, sizeof(uint32_t) },
};

struct attr_table {
	const struct attr_reader *reader;
	size_t count;
	unsigned want;
};

static void read_attr(const struct attr_table *table, struct decoded *out, const struct nlattr *attr)
{
	unsigned type = mnl_attr_get_type(attr);
	if (type >= table->count)
		return;
	const struct attr_reader *reader = &table->reader[type];
	size_t len = mnl_attr_get_payload_len(attr);
	if (!reader->read || len < reader->least || (reader->want && !(reader->want & table->want)))
		return;
	reader->read(out, mnl_attr_get_payload(attr), len);
}

/* Unknown attributes, and what is too short to be one, are passed over. */
static void read_attrs(const struct attr_table *table, struct decoded *out, const char *at, size_t len)
{
	while (len >= sizeof(struct nlattr)) {
		const struct nlattr *attr = (const struct nlattr *)at;
		if (attr->nla_len < sizeof(*attr) || attr->nla_len > len)
			return;
		read_attr(table, out, attr);
		size_t step = MNL_ALIGN(attr->nla_len);
		if (step >= len)
			return;
		at += step;
		len -= step;
	}
}

/* --- heads --- */

static void set_addresses(struct row *row, const struct inet_diag_sockid *id)
{
	size_t size = row->family == AF_INET ? 4 : 16;
	memcpy(row->local.byte, id->idiag_src, size);
	memcpy(row->remote.byte, id->idiag_dst, size);
	row->local_port = ntohs(id->idiag_sport);
	row->remote_port = ntohs(id->idiag_dport);
	if (row->family == AF_INET)
		return;
	row->flags |= addr_is_mapped(&row->local) ? ROW_LOCAL_MAPPED : 0;
	row->flags |= addr_is_mapped(&row->remote) ? ROW_REMOTE_MAPPED : 0;
}

static void set_cookie(struct row *row, const uint32_t cookie[2])
{
	if (cookie[0] == INET_DIAG_NOCOOKIE && cookie[1] == INET_DIAG_NOCOOKIE)
		return;
	row->cookie = (uint64_t)cookie[1] << 32 | cookie[0];
	row->flags |= ROW_HAS_COOKIE;
}

/*
 * A closed TCP socket is in no table but that of bound ports: the kernel sends
 * it only when bound-inactive sockets were asked for.
 */
static enum state inet_state(enum proto proto, unsigned state)
{
	if (state == STATE_NEW_SYN_RECV)
		return STATE_SYN_RECV;
	if (proto == PROTO_TCP && state == STATE_CLOSE)
		return STATE_BOUND;
	return state < STATE_COUNT ? state : STATE_UNKNOWN;
}

/* One figure for what netstat shows as two: which it is follows from the timer (inet_csk_diag_fill). */
static void set_timer(struct sock_timer *timer, const struct inet_diag_msg *msg)
{
	timer->kind = msg->idiag_timer;
	timer->expires_ms = msg->idiag_expires;
	if (msg->idiag_timer == TIMER_ON)
		timer->retransmits = msg->idiag_retrans;
	else
		timer->probes = msg->idiag_retrans;
}

bool decode_inet(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out)
{
	const struct inet_diag_msg *msg = payload;
	if (len < sizeof(*msg) || (msg->idiag_family != AF_INET && msg->idiag_family != AF_INET6))
		return false;
	out->sock = (struct sock){ 0 };
	struct row *row = &out->sock.row;
	row->proto = (uint8_t)proto;
	row->family = msg->idiag_family;
	row->state = (uint8_t)inet_state(proto, msg->idiag_state);
	row->flags = ROW_HAS_QUEUES | ROW_HAS_UID;
	row->flags |= row->state == STATE_LISTEN ? ROW_BACKLOG : 0;
	row->inode = msg->idiag_inode;
	row->uid = msg->idiag_uid;
	row->ifindex = msg->id.idiag_if;
	row->recv_q = msg->idiag_rqueue;
	row->send_q = msg->idiag_wqueue;
	set_cookie(row, msg->id.idiag_cookie);
	set_addresses(row, &msg->id);
	if (want & WANT_TIMER) {
		out->timer = (struct sock_timer){ 0 };
		set_timer(&out->timer, msg);
		out->sock.timer = &out->timer;
	}
	if (!(want & (WANT_SKMEM | WANT_EXTRA | WANT_INFO)))
		return true;
	struct attr_table table = { inet_attrs, countof(inet_attrs), want };
	out->extra = (struct sock_extra){ 0 };
	read_attrs(&table, out, (const char *)(msg + 1), len - sizeof(*msg));
	out->sock.extra = out->extra.has ? &out->extra : NULL;
	return true;
}

bool decode_unix(const void *payload, size_t len, unsigned want, struct decoded *out)
{
	const struct unix_diag_msg *msg = payload;
	if (len < sizeof(*msg) || msg->udiag_family != AF_UNIX)
		return false;
	out->sock = (struct sock){ 0 };
	struct row *row = &out->sock.row;
	row->proto = PROTO_UNIX;
	row->family = AF_UNIX;
	row->state = msg->udiag_state < STATE_COUNT ? msg->udiag_state : STATE_UNKNOWN;
	row->inode = msg->udiag_ino;
	set_cookie(row, msg->udiag_cookie);
	out->unix_ = (struct sock_unix){ .type = msg->udiag_type };
	out->sock.unix_ = &out->unix_;
	struct attr_table table = { unix_attrs, countof(unix_attrs), want };
	out->extra = (struct sock_extra){ 0 };
	read_attrs(&table, out, (const char *)(msg + 1), len - sizeof(*msg));
	out->sock.extra = out->extra.has ? &out->extra : NULL;
	return true;
}
