// SPDX-License-Identifier: MIT
/* act_close.c - SOCK_DESTROY of one socket (sockview/act.h). */
#include <sockview/act.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>

#include <sockview/proto.h>

#ifndef SOCK_DESTROY
#define SOCK_DESTROY 21
#endif

struct destroy_request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

static int act_ignore(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	(void)context, (void)message, (void)payload, (void)len;
	return 0;
}

int act_open(struct exchange *exchange)
{
	return exchange_open(exchange, NETLINK_SOCK_DIAG);
}

int act_close(struct exchange *exchange, const struct row *row)
{
	struct destroy_request request = {
		.head = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DESTROY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
		.body = {
			.sdiag_family = row->family,
			.sdiag_protocol = (uint8_t)proto_table[row->proto].number,
			.idiag_states = ~0u,
			.id = {
				.idiag_sport = htons(row->local_port),
				.idiag_dport = htons(row->remote_port),
				.idiag_if = row->ifindex,
				.idiag_cookie = { (uint32_t)row->cookie, (uint32_t)(row->cookie >> 32) },
			},
		},
	};
	uint32_t no_cookie[2] = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE };
	if (!(row->flags & ROW_HAS_COOKIE) || !row_is_inet(row) ||
	    memcmp(no_cookie, request.body.id.idiag_cookie, sizeof(no_cookie)) == 0)
		return ENOENT;
	memcpy(request.body.id.idiag_src, row->local.byte, sizeof(request.body.id.idiag_src));
	memcpy(request.body.id.idiag_dst, row->remote.byte, sizeof(request.body.id.idiag_dst));
	switch (exchange_ask(exchange, &request.head, act_ignore, NULL)) {
	case EXCHANGE_DONE:
		return 0;
	case EXCHANGE_REFUSED:
	case EXCHANGE_BROKEN:
	case EXCHANGE_STOPPED:
		return exchange->number ? exchange->number : EIO;
	}
	return EIO;
}
