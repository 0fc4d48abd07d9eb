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

/* The tables that are asked for whole. */
enum table_kind { TABLE_NONE, TABLE_LISTEN, TABLE_BOUND, TABLE_UDP, TABLE_UDPLITE, TABLE_KINDS };

static const struct {
	enum proto proto;
	uint32_t states;
} tables[TABLE_KINDS] = {
	[TABLE_LISTEN] = { PROTO_TCP, STATE_BIT(STATE_LISTEN) },
	[TABLE_BOUND] = { PROTO_TCP, STATE_BIT(STATE_BOUND) },
	[TABLE_UDP] = { PROTO_UDP, STATE_ALL & ~STATE_BIT(STATE_BOUND) },
	[TABLE_UDPLITE] = { PROTO_UDPLITE, STATE_ALL & ~STATE_BIT(STATE_BOUND) },
};

/* An open case and whether it was seen again. */
struct open_case {
	const struct row *row;
	struct owner_evidence *found;
	enum table_kind table;
	bool seen;
};

struct gone {
	struct open_case open[ASKED_MAX];
	size_t count;
	int unread; /* errno: not all that should have been was asked */
};

static enum table_kind table_of(const struct row *row)
{
	if (row->proto == PROTO_UDP)
		return TABLE_UDP;
	if (row->proto == PROTO_UDPLITE)
		return TABLE_UDPLITE;
	if (row->state == STATE_LISTEN)
		return TABLE_LISTEN;
	return row->state == STATE_BOUND ? TABLE_BOUND : TABLE_NONE;
}

static void list_cases(const struct blanks *blanks, struct gone *gone)
{
	for (size_t i = 0; i < blanks->count; i++) {
		const struct row *row = blanks->blank[i].row;
		struct owner_evidence *found = blanks->blank[i].found;
		bool asked = row->proto == PROTO_TCP || row->proto == PROTO_UDP || row->proto == PROTO_UDPLITE;
		if (found->reason != REASON_OWNED || !asked || !(row->flags & ROW_HAS_COOKIE))
			continue;
		if (gone->count < ASKED_MAX)
			gone->open[gone->count++] = (struct open_case){ row, found, table_of(row), false };
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
static bool read_table(struct gone *gone, struct exchange *exchange, enum table_kind kind)
{
	static const int families[] = { AF_INET, AF_INET6 };
	for (size_t i = 0; i < 2; i++) {
		char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO)));
		struct inet_diag_req_v2 *req = put_request(buffer, families[i], tables[kind].proto, NLM_F_DUMP);
		req->idiag_states = tables[kind].states;
		if (exchange_table(exchange, (struct nlmsghdr *)buffer, see_again, forget_nothing, gone) < 0) {
			gone->unread = errno;
			return false;
		}
	}
	return true;
}

static bool has_table(const struct gone *gone, enum table_kind kind)
{
	for (size_t i = 0; i < gone->count; i++)
		if (gone->open[i].table == kind)
			return true;
	return false;
}

static void settle_table(struct gone *gone, enum table_kind kind)
{
	for (size_t i = 0; i < gone->count; i++)
		if (gone->open[i].table == kind && !gone->open[i].seen)
			gone->open[i].found->reason = REASON_VANISHED;
}

static void ask_again(struct gone *gone)
{
	struct exchange exchange;
	if (exchange_open(&exchange, NETLINK_SOCK_DIAG) < 0) {
		gone->unread = errno;
		return;
	}
	for (size_t i = 0; i < gone->count; i++)
		if (gone->open[i].table == TABLE_NONE && connection_is_gone(gone, &exchange, gone->open[i].row))
			gone->open[i].found->reason = REASON_VANISHED;
	for (enum table_kind kind = TABLE_LISTEN; kind < TABLE_KINDS; kind++)
		if (has_table(gone, kind) && read_table(gone, &exchange, kind))
			settle_table(gone, kind);
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
