// SPDX-License-Identifier: MIT
/*
 * request.c - the smallest dumps that answer a query (request.h).
 *
 * TCP is the one protocol whose table is large: the kernel walks all of its
 * buckets for each dump that asks for more than LISTEN. So both families are
 * asked for in one walk where the protocol allows it (PROTO_ONE_WALK).
 */
#include "collect/request.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "collect/family.h"

size_t request_list(const struct query *query, bool apart, struct request list[REQUEST_MAX])
{
	size_t count = 0;
	FOR_EACH_PROTO (proto, query->protos) {
		int domain = proto_table[proto].domain;
		if (!query->states[proto])
			continue;
		if (domain != AF_INET) {
			list[count++] = (struct request){ .proto = proto, .family = domain };
			continue;
		}
		if (query->inet && query->inet6 && !apart && proto_has(proto, PROTO_ONE_WALK)) {
			list[count++] = (struct request){ .proto = proto, .family = AF_UNSPEC };
			continue;
		}
		if (query->inet)
			list[count++] = (struct request){ .proto = proto, .family = AF_INET };
		if (query->inet6)
			list[count++] = (struct request){ .proto = proto, .family = AF_INET6 };
	}
	return count;
}

/*
 * NEW_SYN_RECV is how the kernel stores what it reports as SYN_RECV, and never
 * asked for. CLOSE and BOUND are one socket's state by two names: with BOUND,
 * CLOSE is in no table.
 */
uint32_t request_states(const struct request *request, const struct query *query)
{
	uint32_t states = query->states[request->proto] & ~request->left_out & ~STATE_BIT(STATE_NEW_SYN_RECV);
	bool has_bound = proto_table[request->proto].states & STATE_BIT(STATE_BOUND);
	return states & ~STATE_BIT(has_bound ? STATE_CLOSE : STATE_BOUND);
}

size_t request_build(const struct request *request, const struct query *query, const struct bytecode *code,
                     uint32_t seq, void *buffer, size_t size)
{
	const struct family_request asked = {
		.proto = request->proto,
		.family = request->family,
		.states = request_states(request, query),
		.want = query->want,
		.code = code,
	};
	memset(buffer, 0, size);
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = seq;
	family_of(request->proto)->put_request(message, &asked);
	return message->nlmsg_len;
}

/* Every request for SOCK_DIAG_BY_FAMILY begins with sdiag_family and sdiag_protocol. */
static bool is_asked_for(enum proto proto, int family, unsigned protocol)
{
	const struct proto_info *info = &proto_table[proto];
	if (!family_of(proto)->put_request)
		return false;
	if (info->domain != AF_INET)
		return info->domain == family;
	return (family == AF_INET || family == AF_INET6) && PROTO_NUMBER_BYTE(info->number) == protocol;
}

bool request_read(const void *message, size_t len, struct request *request)
{
	const struct nlmsghdr *head = message;
	if (len < sizeof(*head) + sizeof(uint32_t))
		return false;
	const uint8_t *asked = mnl_nlmsg_get_payload(head);
	FOR_EACH_PROTO (proto, PROTO_ALL) {
		bool one_walk = head->nlmsg_type == TCPDIAG_GETSOCK && proto_has(proto, PROTO_ONE_WALK);
		if (!one_walk && (head->nlmsg_type != SOCK_DIAG_BY_FAMILY || !is_asked_for(proto, asked[0], asked[1])))
			continue;
		*request = (struct request){ .proto = proto, .family = one_walk ? AF_UNSPEC : asked[0] };
		return true;
	}
	return false;
}
