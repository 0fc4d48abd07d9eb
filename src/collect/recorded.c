// SPDX-License-Identifier: MIT
/*
 * recorded.c - what a recording was made of (recorded.h).
 *
 * A socket that is not in a recording was not there only if it was asked for:
 * its protocol and family, its state, and nothing that lets the kernel leave it
 * out. A request with a filter counts where the query at hand would have sent
 * the same.
 */
#include "collect/recorded.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/unix_diag.h>
#include <string.h>

#include <sockview/attrs.h>

#include "collect/family.h"

/* The part of a request that says which sockets. */
struct recorded_part {
	uint32_t states;
	uint16_t sport, dport;
	struct attr code;
};

static bool read_inet(const struct nlmsghdr *message, struct recorded_part *part)
{
	const void *payload = NLMSG_DATA(message);
	size_t len = message->nlmsg_len - NLMSG_HDRLEN;
	bool compat = message->nlmsg_type == TCPDIAG_GETSOCK;
	size_t head = compat ? sizeof(struct inet_diag_req) : sizeof(struct inet_diag_req_v2);
	if (len < head)
		return false;
	const struct inet_diag_req *old = payload;
	const struct inet_diag_req_v2 *req = payload;
	const struct inet_diag_sockid *id = compat ? &old->id : &req->id;
	*part = (struct recorded_part){
		.states = compat ? old->idiag_states : req->idiag_states,
		.sport = ntohs(id->idiag_sport),
		.dport = ntohs(id->idiag_dport),
	};
	struct attrs attrs = attrs_behind(payload, len, head);
	part->code = attrs.at[INET_DIAG_REQ_BYTECODE];
	return true;
}

static bool read_unix(const struct nlmsghdr *message, struct recorded_part *part)
{
	const struct unix_diag_req *req = NLMSG_DATA(message);
	if (message->nlmsg_len < NLMSG_HDRLEN + sizeof(*req))
		return false;
	*part = (struct recorded_part){ .states = req->udiag_states };
	return true;
}

/* Whether code of the query is what the request has: in each of the ways that netlink.c asks for it. */
static bool is_of_query(const struct recorded_part *part, const struct query *query, const struct request *request)
{
	static const enum bytecode_autobound halves[] = { AUTOBOUND_ANY, AUTOBOUND_YES, AUTOBOUND_NO };
	for (size_t i = 0; i < 2 * 3; i++) {
		struct bytecode_dump dump = {
			.proto = request->proto,
			.family = request->family,
			.states = part->states,
			.mark = i % 2,
			.autobound = halves[i / 2],
		};
		struct bytecode code;
		bytecode_compile(query->expr, &dump, &code);
		if (!code.impossible && code.len == part->code.len && code.sport == part->sport &&
		    code.dport == part->dport && (!code.len || memcmp(code.data, part->code.data, code.len) == 0))
			return true;
	}
	return false;
}

void recorded_add(struct recorded *recorded, const struct query *query, const struct nlmsghdr *message,
                  const struct request *request)
{
	struct recorded_part part = { .states = STATE_ALL };
	int domain = proto_table[request->proto].domain;
	bool good = domain == AF_INET ? read_inet(message, &part) : domain != AF_UNIX || read_unix(message, &part);
	bool narrowed = part.sport || part.dport || part.code.len;
	recorded->requests = true;
	if (!good || (narrowed && !is_of_query(&part, query, request)))
		return;
	if (request->family != AF_INET6)
		recorded->states[request->proto][0] |= part.states;
	if (request->family == AF_INET6 || request->family == AF_UNSPEC)
		recorded->states[request->proto][1] |= part.states;
}

/* A dump of which no socket can fit is not asked for (netlink.c). */
static bool is_impossible(const struct query *query, const struct request *request, uint32_t states)
{
	struct bytecode_dump dump = {
		.proto = request->proto, .family = request->family, .states = states, .mark = true
	};
	struct bytecode code;
	if (!family_of(request->proto)->judges)
		return false;
	bytecode_compile(query->expr, &dump, &code);
	return code.impossible;
}

unsigned recorded_lacks(const struct recorded *recorded, const struct query *query)
{
	struct request list[REQUEST_MAX];
	unsigned lacks = 0;
	size_t count = request_list(query, true, list);
	for (size_t i = 0; i < count; i++) {
		uint32_t wanted = request_states(&list[i], query);
		if (wanted & ~recorded->states[list[i].proto][list[i].family == AF_INET6] &&
		    !is_impossible(query, &list[i], wanted))
			lacks |= PROTO_BIT(list[i].proto);
	}
	return lacks;
}
