// SPDX-License-Identifier: MIT
/*
 * gone.c - is the socket still there? Asked of the kernel again, by cookie.
 *
 * A connection is found by its addresses and ports, one question each
 * (net/ipv4/inet_diag.c, inet_diag_dump_one_icsk): ENOENT and ESTALE mean that
 * it is gone. Listeners, bound sockets and UDP may share theirs with others:
 * of those the kernel is asked for the whole small table once more.
 */
#include "evidence/gone.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/exchange.h>
#include <sockview/proto.h>

enum { ASKED_MAX = 256 };

/* An open case and whether it was seen again. */
struct open_case {
	const struct row *row;
	struct owner_evidence *found;
	uint32_t states; /* of the protocol's table that is asked for whole; 0: a connection, asked for by itself */
	bool asked, seen;
};

struct gone {
	struct open_case open[ASKED_MAX];
	size_t count;
	int unread; /* errno: not all that should have been was asked */
};

static uint32_t table_states(const struct row *row)
{
	if (!proto_listens(row->proto))
		return proto_table[row->proto].states;
	return STATE_BIT(row->state) & (STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND));
}

static void list_cases(const struct blanks *blanks, struct gone *gone)
{
	for (size_t i = 0; i < blanks->count; i++) {
		const struct row *row = blanks->blank[i].row;
		struct owner_evidence *found = blanks->blank[i].found;
		bool asked = proto_has(row->proto, PROTO_PORTS) && row->flags & ROW_HAS_COOKIE;
		if (found->reason != REASON_OWNED || !asked)
			continue;
		if (gone->count < ASKED_MAX)
			gone->open[gone->count++] = (struct open_case){ row, found, table_states(row), false, false };
		else
			gone->unread = E2BIG;
	}
}

static struct inet_diag_req_v2 *put_request(void *buffer, int family, enum proto proto, unsigned flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	struct inet_diag_req_v2 *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	req->sdiag_family = (uint8_t)family;
	req->sdiag_protocol = (uint8_t)proto_table[proto].number;
	return req;
}

/* --- connections --- */

static int pass_over(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	(void)context, (void)message, (void)payload, (void)len;
	return 0;
}

/* The acknowledgement ends the answer, which is no dump. */
static bool connection_is_gone(struct gone *gone, struct exchange *exchange, const struct row *row)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct inet_diag_req_v2 *req = put_request(buffer, row->family, row->proto, NLM_F_ACK);
	req->id.idiag_sport = htons(row->local_port);
	req->id.idiag_dport = htons(row->remote_port);
	memcpy(req->id.idiag_src, &row->local, sizeof(row->local));
	memcpy(req->id.idiag_dst, &row->remote, sizeof(row->remote));
	req->id.idiag_if = row->ifindex;
	memcpy(req->id.idiag_cookie, &row->cookie, sizeof(row->cookie));
	switch (exchange_ask(exchange, (struct nlmsghdr *)buffer, pass_over, NULL)) {
	case EXCHANGE_DONE:
		return false;
	case EXCHANGE_REFUSED:
		if (exchange->number == ENOENT || exchange->number == ESTALE)
			return true;
		break;
	default:
		break;
	}
	gone->unread = exchange->number;
	return false;
}

/* --- tables --- */

static int see_again(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct gone *gone = context;
	const struct inet_diag_msg *head = payload;
	uint64_t cookie;
	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || len < sizeof(*head))
		return 0;
	memcpy(&cookie, head->id.idiag_cookie, sizeof(cookie));
	for (size_t i = 0; i < gone->count; i++)
		gone->open[i].seen |= gone->open[i].row->cookie == cookie;
	return 0;
}

static void forget_nothing(void *context)
{
	(void)context; /* a socket that was there for the first answer has not gone since the list was made */
}

/* False if the table could not be read whole. */
static bool read_table(struct gone *gone, struct exchange *exchange, enum proto proto, uint32_t states)
{
	static const int families[] = { AF_INET, AF_INET6 };
	for (size_t i = 0; i < 2; i++) {
		char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO)));
		struct inet_diag_req_v2 *req = put_request(buffer, families[i], proto, NLM_F_DUMP);
		req->idiag_states = states;
		if (exchange_table(exchange, (struct nlmsghdr *)buffer, see_again, forget_nothing, gone) < 0) {
			gone->unread = errno;
			return false;
		}
	}
	return true;
}

/* Asks for the table of one case, and settles all that are of it. */
static void ask_table(struct gone *gone, struct exchange *exchange, const struct open_case *of)
{
	bool whole = read_table(gone, exchange, of->row->proto, of->states);
	for (size_t i = 0; i < gone->count; i++) {
		struct open_case *other = &gone->open[i];
		if (other->row->proto != of->row->proto || other->states != of->states)
			continue;
		other->asked = true;
		if (whole && !other->seen)
			other->found->reason = REASON_VANISHED;
	}
}

static void ask_again(struct gone *gone)
{
	struct exchange exchange;
	if (exchange_open(&exchange, NETLINK_SOCK_DIAG) < 0) {
		gone->unread = errno;
		return;
	}
	for (size_t i = 0; i < gone->count; i++)
		if (!gone->open[i].states && connection_is_gone(gone, &exchange, gone->open[i].row))
			gone->open[i].found->reason = REASON_VANISHED;
	for (size_t i = 0; i < gone->count; i++)
		if (gone->open[i].states && !gone->open[i].asked)
			ask_table(gone, &exchange, &gone->open[i]);
	exchange_close(&exchange);
}

void gone_explain(struct blanks *blanks)
{
	struct gone gone = { .count = 0 };
	list_cases(blanks, &gone);
	if (gone.count)
		ask_again(&gone);
	blanks->owners->evidence_unread[EVIDENCE_TABLES] = gone.unread;
}
