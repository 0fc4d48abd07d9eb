/*
 * request.c - the smallest dumps that answer a query (request.h).
 *
 * TCP is the one protocol whose table is large: the kernel walks all of its
 * buckets for each dump that asks for more than LISTEN. The old request
 * (TCPDIAG_GETSOCK) gives both families in one walk; version 2 wants one
 * family (net/ipv4/inet_diag.c, inet_diag_dump_compat, Linux 6.18).
 */
#include "collect/request.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/proto.h>

size_t request_list(const struct query *query, bool apart, struct request list[REQUEST_MAX])
{
	size_t count = 0;
	for (unsigned proto = 0; proto < PROTO_COUNT; proto++) {
		if (!(query->protos & PROTO_BIT(proto)) || !query->states[proto])
			continue;
		if (proto == PROTO_UNIX) {
			list[count++] = (struct request){ proto, AF_UNIX };
			continue;
		}
		if (proto == PROTO_TCP && query->inet && query->inet6 && !apart) {
			list[count++] = (struct request){ proto, AF_UNSPEC };
			continue;
		}
		if (query->inet)
			list[count++] = (struct request){ proto, AF_INET };
		if (query->inet6)
			list[count++] = (struct request){ proto, AF_INET6 };
	}
	return count;
}

static uint8_t extension_bit(unsigned attr)
{
	return (uint8_t)(1u << (attr - 1));
}

static uint8_t extensions(unsigned want)
{
	uint8_t bits = 0;
	if (want & WANT_SKMEM)
		bits |= extension_bit(INET_DIAG_SKMEMINFO);
	if (want & WANT_INFO)
		bits |= extension_bit(INET_DIAG_INFO) | extension_bit(INET_DIAG_VEGASINFO) |
		        extension_bit(INET_DIAG_CONG);
	if (want & WANT_EXTRA)
		bits |= extension_bit(INET_DIAG_TOS) | extension_bit(INET_DIAG_TCLASS);
	return bits;
}

/* NEW_SYN_RECV is how the kernel stores what it reports as SYN_RECV, and never asked for. */
uint32_t request_states(const struct request *request, const struct query *query)
{
	enum proto proto = request->proto;
	uint32_t states = query->states[proto] & ~STATE_BIT(STATE_NEW_SYN_RECV);
	return proto == PROTO_TCP ? states & ~STATE_BIT(STATE_CLOSE) : states & ~STATE_BIT(STATE_BOUND);
}

static void put_ports(struct inet_diag_sockid *id, const struct bytecode *code)
{
	id->idiag_sport = htons(code->sport);
	id->idiag_dport = htons(code->dport);
}

static void build_old(struct nlmsghdr *message, const struct request *request, const struct query *query,
                      const struct bytecode *code)
{
	struct inet_diag_req *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	message->nlmsg_type = TCPDIAG_GETSOCK;
	/* The kernel dumps both families whatever this says; AF_INET is what it was made with. */
	req->idiag_family = AF_INET;
	req->idiag_ext = extensions(query->want);
	req->idiag_states = request_states(request, query);
	put_ports(&req->id, code);
}

static void build_inet(struct nlmsghdr *message, const struct request *request, const struct query *query,
                       const struct bytecode *code)
{
	struct inet_diag_req_v2 *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	req->sdiag_family = (uint8_t)request->family;
	req->sdiag_protocol = (uint8_t)proto_ip_number(request->proto);
	req->idiag_ext = extensions(query->want);
	req->idiag_states = request_states(request, query);
	put_ports(&req->id, code);
}

enum { UNIX_SHOW_UID = 0x40 }; /* UDIAG_SHOW_UID, newer (5.3) than some headers; older kernels ignore it */

static void build_unix(struct nlmsghdr *message, const struct request *request, const struct query *query)
{
	struct unix_diag_req *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	req->sdiag_family = AF_UNIX;
	req->udiag_states = request_states(request, query);
	req->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UNIX_SHOW_UID;
	if (query->want & WANT_SKMEM)
		req->udiag_show |= UDIAG_SHOW_MEMINFO;
}

size_t request_build(const struct request *request, const struct query *query, const struct bytecode *code,
                     uint32_t seq, void *buffer, size_t size)
{
	memset(buffer, 0, size);
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = seq;
	if (request->proto == PROTO_UNIX)
		build_unix(message, request, query);
	else if (request->family == AF_UNSPEC)
		build_old(message, request, query, code);
	else
		build_inet(message, request, query, code);
	if (request->proto != PROTO_UNIX && code->len)
		mnl_attr_put(message, INET_DIAG_REQ_BYTECODE, code->len, code->data);
	return message->nlmsg_len;
}

static bool read_inet(const struct inet_diag_req_v2 *req, struct request *request)
{
	for (unsigned proto = 0; proto < PROTO_UNIX; proto++) {
		if (proto_ip_number(proto) != req->sdiag_protocol)
			continue;
		*request = (struct request){ proto, req->sdiag_family };
		return true;
	}
	return false;
}

bool request_read(const void *message, size_t len, struct request *request)
{
	const struct nlmsghdr *head = message;
	if (len < sizeof(*head) + sizeof(uint32_t))
		return false;
	const uint8_t *family = mnl_nlmsg_get_payload(head);
	if (head->nlmsg_type == TCPDIAG_GETSOCK) {
		*request = (struct request){ PROTO_TCP, AF_UNSPEC };
		return true;
	}
	if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return false;
	if (*family == AF_UNIX) {
		*request = (struct request){ PROTO_UNIX, AF_UNIX };
		return true;
	}
	return read_inet(mnl_nlmsg_get_payload(head), request);
}
