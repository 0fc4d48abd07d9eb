// SPDX-License-Identifier: MIT
/*
 * family_inet.c - inet_diag: TCP, UDP, UDPLITE and raw sockets over IPv4 and IPv6 (family.h).
 *
 * linux/inet_diag.h; net/ipv4/inet_diag.c, Linux 6.18.
 */
#include "collect/family.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/countof.h>

#include "collect/attributes.h"

/* Newer (Linux 5.6) than some headers: INET_DIAG_REQ_SK_BPF_STORAGES and INET_DIAG_SK_BPF_STORAGES. */
enum { REQ_BPF_STORAGES = 2, ATTRIBUTE_BPF_STORAGES = 20 };

/* --- the request --- */

static unsigned extension_bit(unsigned attr)
{
	return 1u << (attr - 1);
}

static uint8_t extensions(unsigned want)
{
	unsigned bits = 0;
	if (want & WANT_SKMEM)
		bits |= extension_bit(INET_DIAG_SKMEMINFO);
	if (want & WANT_INFO)
		bits |= extension_bit(INET_DIAG_VEGASINFO) | extension_bit(INET_DIAG_CONG);
	if (want & (WANT_INFO | WANT_TCP_INFO))
		bits |= extension_bit(INET_DIAG_INFO);
	if (want & WANT_EXTRA)
		bits |= extension_bit(INET_DIAG_TOS) | extension_bit(INET_DIAG_TCLASS);
	return (uint8_t)bits;
}

static void put_ports(struct inet_diag_sockid *id, const struct bytecode *code)
{
	id->idiag_sport = htons(code->sport);
	id->idiag_dport = htons(code->dport);
}

/*
 * Version 2 of the request is of one family. The old one (inet_diag_dump_compat)
 * dumps both in one walk of TCP's buckets and ignores its family; AF_INET is what
 * it was made with.
 */
static void inet_put_request(struct nlmsghdr *message, const struct family_request *request)
{
	const struct bytecode *code = request->code;
	if (request->family == AF_UNSPEC) {
		struct inet_diag_req *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
		message->nlmsg_type = TCPDIAG_GETSOCK;
		req->idiag_family = AF_INET;
		req->idiag_ext = extensions(request->want);
		req->idiag_states = request->states;
		put_ports(&req->id, code);
	} else {
		struct inet_diag_req_v2 *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
		req->sdiag_family = (uint8_t)request->family;
		req->sdiag_protocol = PROTO_NUMBER_BYTE(proto_table[request->proto].number);
		req->idiag_ext = extensions(request->want);
		req->idiag_states = request->states;
		put_ports(&req->id, code);
	}
	if (code->len)
		mnl_attr_put(message, INET_DIAG_REQ_BYTECODE, code->len, code->data);
	/*
	 * Of no map by name: of all (bpf_sk_storage_diag_alloc(), net/core/bpf_sk_storage.c).
	 * inet_sk_diag_fill() ends before them where there are no connections.
	 */
	if (request->want & WANT_STORAGE && proto_has(request->proto, PROTO_CONNECTIONS))
		mnl_attr_nest_end(message, mnl_attr_nest_start(message, REQ_BPF_STORAGES));
}

/* --- the answer --- */

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

static void read_cong(struct decoded *out, const void *data, size_t len)
{
	out->sock.blob[BLOB_CONG] = (struct bytes){ data, strnlen(data, len) };
}

#define EXTRA(field, bit) ATTRIBUTE_FIELD(WANT_EXTRA, extra.field, extra.has, bit)
#define INFO(blob)        ATTRIBUTE_BLOB(WANT_INFO, blob)

/* inet_sk_diag_fill(), inet_diag_msg_attrs_fill(). */
static const struct attribute inet_attributes[] = {
	[INET_DIAG_SKMEMINFO] = ATTRIBUTE_CALL(WANT_SKMEM, sizeof(uint32_t), attribute_skmem),
	[INET_DIAG_INFO] = ATTRIBUTE_BLOB(WANT_INFO | WANT_TCP_INFO, BLOB_TCP_INFO),
	[INET_DIAG_CONG] = ATTRIBUTE_CALL(WANT_INFO, 1, read_cong),
	[INET_DIAG_VEGASINFO] = INFO(BLOB_VEGAS),
	[INET_DIAG_DCTCPINFO] = INFO(BLOB_DCTCP),
	[INET_DIAG_BBRINFO] = INFO(BLOB_BBR),
	[INET_DIAG_ULP_INFO] = INFO(BLOB_ULP),
	[INET_DIAG_MD5SIG] = INFO(BLOB_MD5SIG),
	[INET_DIAG_SHUTDOWN] = ATTRIBUTE_SHUTDOWN,
	[INET_DIAG_TOS] = EXTRA(tos, EXTRA_TOS),
	[INET_DIAG_TCLASS] = EXTRA(tclass, EXTRA_TCLASS),
	[INET_DIAG_CLASS_ID] = EXTRA(class_id, EXTRA_CLASS_ID),
	[INET_DIAG_MARK] = EXTRA(mark, EXTRA_MARK),
	[INET_DIAG_CGROUP_ID] = EXTRA(cgroup_id, EXTRA_CGROUP),
	[INET_DIAG_SOCKOPT] = ATTRIBUTE_CALL(WANT_EXTRA, 2, read_sockopt),
	[INET_DIAG_SKV6ONLY] = ATTRIBUTE_CALL(WANT_EXTRA, 1, read_v6only),
	[ATTRIBUTE_BPF_STORAGES] = ATTRIBUTE_BLOB(WANT_STORAGE, BLOB_STORAGE),
};

static void set_addresses(struct row *row, const struct inet_diag_sockid *id)
{
	size_t size = row->family == AF_INET ? 4 : 16;
	memcpy(row->local.byte, id->idiag_src, size);
	memcpy(row->remote.byte, id->idiag_dst, size);
	row->local_port = ntohs(id->idiag_sport);
	row->remote_port = ntohs(id->idiag_dport);
	row->flags |= row_mapped(row);
}

/*
 * A closed TCP socket is in no table but that of bound ports: the kernel sends
 * it only when bound-inactive sockets were asked for (6.8).
 */
static enum state inet_state(enum proto proto, unsigned state)
{
	if (state == STATE_NEW_SYN_RECV)
		return STATE_SYN_RECV;
	if (state == STATE_CLOSE && proto_table[proto].states & STATE_BIT(STATE_BOUND))
		return STATE_BOUND;
	return state < STATE_COUNT ? state : STATE_UNKNOWN;
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
	if (row->state == STATE_LISTEN)
		row->flags |= ROW_BACKLOG;
	row->inode = msg->idiag_inode;
	row->uid = msg->idiag_uid;
	row->ifindex = msg->id.idiag_if;
	row->recv_q = msg->idiag_rqueue;
	row->send_q = msg->idiag_wqueue;
	attribute_cookie(row, msg->id.idiag_cookie);
	set_addresses(row, &msg->id);
	if (want & WANT_TIMER) {
		/* One figure for what netstat shows as two: which it is follows from the timer (inet_csk_diag_fill). */
		unsigned timer = msg->idiag_timer;
		bool probes = timer == TIMER_KEEPALIVE || timer == TIMER_PROBE;
		out->timer = (struct sock_timer){
			.kind = (uint8_t)timer,
			.expires_ms = msg->idiag_expires,
			.retransmits = timer == TIMER_ON ? msg->idiag_retrans : 0,
			.probes = probes ? msg->idiag_retrans : 0,
		};
		out->sock.timer = &out->timer;
	}
	if (!(want & (WANT_SKMEM | WANT_EXTRA | WANT_INFO | WANT_TCP_INFO | WANT_STORAGE)))
		return true;
	struct attribute_table table = { inet_attributes, countof(inet_attributes), want };
	out->extra = (struct sock_extra){ 0 };
	attributes_read(&table, out, msg + 1, len - sizeof(*msg));
	out->sock.extra = out->extra.has ? &out->extra : NULL;
	return true;
}

const struct family family_inet = {
	.put_request = inet_put_request,
	.decode = decode_inet,
	.read_file = procnet_inet_read,
	.judges = true,
};

/*
 * DCCP counts on behind TCP's states (include/linux/dccp.h): PARTOPEN and PASSIVE_CLOSEREQ, from 13 on before
 * Linux 6.8 and from 14 on since. Both are of connections that stand.
 */
enum { DCCP_BEHIND_FIRST = STATE_BOUND, DCCP_BEHIND_LAST = STATE_BOUND + 2, DCCP_BEHIND = 7 << DCCP_BEHIND_FIRST };

static void dccp_put_request(struct nlmsghdr *message, const struct family_request *request)
{
	struct family_request all = *request;
	all.states |= request->states & STATE_BIT(STATE_ESTABLISHED) ? DCCP_BEHIND : 0;
	inet_put_request(message, &all);
}

bool decode_dccp(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out)
{
	if (!decode_inet(payload, len, proto, want, out))
		return false;
	uint8_t state = ((const struct inet_diag_msg *)payload)->idiag_state;
	if (state >= DCCP_BEHIND_FIRST && state <= DCCP_BEHIND_LAST)
		out->sock.row.state = STATE_ESTABLISHED;
	return true;
}

/* Up to Linux 6.15: net/dccp/diag.c fills in a part of struct tcp_info. /proc/net tells nothing of it. */
const struct family family_dccp = {
	.put_request = dccp_put_request,
	.decode = decode_dccp,
	.judges = true,
};

/* Sockets of ping: the kernel has no sock_diag of them. */
const struct family family_icmp = {
	.read_file = procnet_inet_read,
};
