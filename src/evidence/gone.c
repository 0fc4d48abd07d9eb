/*
 * gone.c - is the socket still there? Asked of the kernel again, by cookie.
 *
 * A connection is found by its addresses and ports, one question each
 * (net/ipv4/inet_diag.c, inet_diag_dump_one_icsk): ENOENT and ESTALE mean that
 * it is gone. Listeners, bound sockets and UDP may share theirs with others:
 * of those the kernel is asked for the whole small table once more.
 */
#include "evidence/evidence.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>

#include <sockview/proto.h>

#include <sockview/dump.h>

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
	struct owner_evidence *slot;
	enum table_kind table;
	bool seen;
};

struct gone {
	struct open_case open[EVIDENCE_ASKED_MAX];
	size_t count;
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

static void list_cases(const struct evidence *evidence, struct gone *gone)
{
	for (size_t i = 0; i < evidence->rows && gone->count < EVIDENCE_ASKED_MAX; i++) {
		const struct row *row = evidence_row(evidence, i);
		struct owner_evidence *slot = evidence_slot(evidence, row);
		bool asked = row->proto == PROTO_TCP || row->proto == PROTO_UDP || row->proto == PROTO_UDPLITE;
		if (slot && slot->reason == REASON_OWNED && asked && row->flags & ROW_HAS_COOKIE)
			gone->open[gone->count++] = (struct open_case){ row, slot, table_of(row), false };
	}
}

static struct inet_diag_req_v2 *put_request(void *buffer, int family, enum proto proto, unsigned flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	struct inet_diag_req_v2 *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	req->sdiag_family = (uint8_t)family;
	req->sdiag_protocol = (uint8_t)proto_ip_number(proto);
	return req;
}

/* --- connections --- */

static int ignore(const struct nlmsghdr *message, void *context)
{
	(void)message;
	(void)context;
	return MNL_CB_OK;
}

/* The acknowledgement ends the answer, which is no dump. */
static bool connection_is_gone(struct dump *dump, const struct row *row)
{
	char buffer[256];
	struct inet_diag_req_v2 *req = put_request(buffer, row->family, row->proto, NLM_F_ACK);
	req->id.idiag_sport = htons(row->local_port);
	req->id.idiag_dport = htons(row->remote_port);
	memcpy(req->id.idiag_src, &row->local, sizeof(row->local));
	memcpy(req->id.idiag_dst, &row->remote, sizeof(row->remote));
	req->id.idiag_if = row->ifindex;
	memcpy(req->id.idiag_cookie, &row->cookie, sizeof(row->cookie));
	return dump_run(dump, (struct nlmsghdr *)buffer, ignore, NULL) < 0 && (errno == ENOENT || errno == ESTALE);
}

/* --- tables --- */

static int see_again(const struct nlmsghdr *message, void *context)
{
	struct gone *gone = context;
	const struct inet_diag_msg *head = mnl_nlmsg_get_payload(message);
	uint64_t cookie;
	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || mnl_nlmsg_get_payload_len(message) < sizeof(*head))
		return MNL_CB_OK;
	memcpy(&cookie, head->id.idiag_cookie, sizeof(cookie));
	for (size_t i = 0; i < gone->count; i++)
		gone->open[i].seen |= gone->open[i].row->cookie == cookie;
	return MNL_CB_OK;
}

/* False if the table could not be had. */
static bool read_table(struct dump *dump, struct gone *gone, enum table_kind kind)
{
	static const int families[] = { AF_INET, AF_INET6 };
	for (size_t i = 0; i < 2; i++) {
		char buffer[256];
		struct inet_diag_req_v2 *req = put_request(buffer, families[i], tables[kind].proto, NLM_F_DUMP);
		req->idiag_states = tables[kind].states;
		if (dump_run(dump, (struct nlmsghdr *)buffer, see_again, gone) < 0)
			return false;
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
			gone->open[i].slot->reason = REASON_VANISHED;
}

void gone_explain(struct evidence *evidence)
{
	struct gone gone = { .count = 0 };
	struct dump dump;
	list_cases(evidence, &gone);
	if (!gone.count || dump_open(&dump, NETLINK_SOCK_DIAG) < 0)
		return;
	for (size_t i = 0; i < gone.count; i++)
		if (gone.open[i].table == TABLE_NONE && connection_is_gone(&dump, gone.open[i].row))
			gone.open[i].slot->reason = REASON_VANISHED;
	for (enum table_kind kind = TABLE_LISTEN; kind < TABLE_KINDS; kind++)
		if (has_table(&gone, kind) && read_table(&dump, &gone, kind))
			settle_table(&gone, kind);
	dump_close(&dump);
}
