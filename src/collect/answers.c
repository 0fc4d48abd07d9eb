// SPDX-License-Identifier: MIT
/*
 * answers.c - sock_diag's messages as sockets to the sink (answers.h).
 *
 *   message -> decode -> told already? -> query_matches -> held back? -> sink
 */
#include "collect/answers.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/vec.h>

#include "collect/family.h"

/*
 * tcp6 rows held back until all of tcp was shown. Beyond that they are
 * asked for again, so that memory stays the same however many there are.
 */
enum { HOLD_MAX = 16384 };

int answers_start(struct answers *self, struct wire *wire, const struct source_request *want, struct report *report,
                  struct error *error)
{
	*self = (struct answers){ .want = want, .report = report, .error = error };
	self->decoded = calloc(1, sizeof(*self->decoded));
	if (!self->decoded || exchange_start(&self->exchange, wire) < 0) {
		free(self->decoded);
		return error_set(error, ENOMEM, "read sockets", "");
	}
	table_init(&self->hold, want->query->want);
	return 0;
}

void answers_close(struct answers *self)
{
	table_free(&self->hold);
	free(self->grouped.cookie);
	exchange_close(&self->exchange);
	free(self->decoded);
}

bool answers_is_diag(const struct nlmsghdr *message)
{
	return message->nlmsg_type == SOCK_DIAG_BY_FAMILY || message->nlmsg_type == TCPDIAG_GETSOCK;
}

/* --- rows --- */

/* These return 0, or ANSWERS_STOP. */

int answers_give(struct answers *self, const struct sock *sock)
{
	self->given++;
	self->sink_answer = self->want->sink(self->want->context, sock);
	return self->sink_answer ? ANSWERS_STOP : 0;
}

static int row_give_unix(struct answers *self, const struct sock *sock)
{
	struct sock told = *sock;
	struct sock_unix detail = *sock->unix_;
	told.unix_ = &detail;
	if (procnet_unix_refcnt(&self->unix_, sock->row.inode, &detail.refcnt))
		detail.has |= UNIX_HAS_REFCNT;
	return answers_give(self, &told);
}

int answers_fail(struct answers *self, int number, const char *what, int64_t offset)
{
	error_set(self->error, number, what, "");
	self->error->offset = offset;
	self->error->why = self->exchange.wire->no_recording;
	return ANSWERS_STOP;
}

/* Too many of them, or no memory: they are asked for again. A replay cannot be asked. */
static int row_hold(struct answers *self, const struct sock *sock)
{
	bool replay = self->exchange.wire->replay;
	if (self->overflow)
		return 0;
	if ((replay || self->hold.count < HOLD_MAX) && table_add(&self->hold, sock) == 0)
		return 0;
	if (replay)
		return answers_fail(self, errno, "keep the sockets of tcp6", -1);
	self->overflow = true;
	table_clear(&self->hold);
	return 0;
}

int answers_give_held(struct answers *self)
{
	int answer = 0;
	for (size_t i = 0; i < self->hold.count && !answer; i++) {
		struct sock sock;
		table_get(&self->hold, i, &sock);
		answer = answers_give(self, &sock);
	}
	table_clear(&self->hold);
	return answer;
}

/* What is known of a row because of what was asked. */
static void note_autobound(const struct answers *self, struct row *row)
{
	if (self->autobound == AUTOBOUND_ANY)
		return;
	row->flags |= ROW_HAS_AUTOBOUND;
	if (self->autobound == AUTOBOUND_YES)
		row->flags |= ROW_AUTOBOUND;
}

/* More than the cookie, so that a recording made by hand with one cookie for all loses no row. */
static bool is_same_socket(const struct row *left, const struct row *right)
{
	return left->cookie == right->cookie && left->inode == right->inode && left->proto == right->proto &&
	       left->family == right->family && left->local_port == right->local_port &&
	       left->remote_port == right->remote_port && !memcmp(&left->local, &right->local, sizeof(left->local)) &&
	       !memcmp(&left->remote, &right->remote, sizeof(left->remote));
}

/*
 * udp_diag remembers between two datagrams how many sockets of a hash slot it
 * has told (udp_dump, net/ipv4/udp_diag.c), and new ones come first in a slot:
 * then the last ones are told again.
 */
static bool told_again(struct answers *self, const struct row *row)
{
	bool tells = row->flags & ROW_HAS_COOKIE && row->cookie;
	if (!tells || !proto_has(row->proto, PROTO_TOLD_AGAIN))
		return false;
	for (size_t i = 0; i < ANSWERS_RECENT; i++)
		if (is_same_socket(&self->recent[i], row))
			return true;
	self->recent[self->recent_count++ % ANSWERS_RECENT] = *row;
	return false;
}

void answers_begin(struct answers *self)
{
	self->rows = 0;
	memset(self->recent, 0, sizeof(self->recent));
	self->grouped.count = 0;
}

/*
 * netlink_diag tells a protocol's sockets and then the members of its groups,
 * of which it means to leave out those it has told; but sk_hashed() is false
 * of them since they are in a resizable hash table (__netlink_diag_dump(),
 * net/netlink/diag.c, Linux 6.18). Without memory for its cookie one is shown twice.
 */
static bool told_by_group(struct answers *self, const struct sock *sock)
{
	const struct row *row = &sock->row;
	bool member = sock->detail && sock->detail->has & HAS_NETLINK &&
	              (sock->blob[BLOB_GROUPS].data || sock->detail->netlink.groups);
	if (!proto_has(row->proto, PROTO_TOLD_GROUPS) || !member || !(row->flags & ROW_HAS_COOKIE))
		return false;
	for (size_t i = 0; i < self->grouped.count; i++)
		if (self->grouped.cookie[i] == row->cookie)
			return true;
	uint64_t *cookie = vec_push(self->grouped.cookie, self->grouped.count, self->grouped.capacity);
	if (cookie)
		*cookie = row->cookie;
	return false;
}

static int row_take(struct answers *self, const struct sock *sock)
{
	const struct bytes *path = &sock->blob[BLOB_PATH];
	self->rows++;
	if (told_again(self, &sock->row) || told_by_group(self, sock))
		return 0;
	self->report->received++;
	if (sock->row.family == AF_UNIX && path->len)
		self->newline_names |= memchr(path->data, '\n', path->len) != NULL;
	if (!query_matches(self->want->query, &sock->row))
		return 0;
	if (self->elsewhere) {
		self->report->elsewhere++;
		return 0;
	}
	if (self->holding && sock->row.family == AF_INET6)
		return row_hold(self, sock);
	if (self->unix_.count && sock->row.family == AF_UNIX)
		return row_give_unix(self, sock);
	return answers_give(self, sock);
}

/* --- messages --- */

int answers_take(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct answers *self = context;
	struct decoded *decoded = self->decoded;
	enum proto proto = self->request.proto;
	if (!answers_is_diag(message))
		return 0;
	if (!family_of(proto)->decode(payload, len, proto, self->want->query->want, decoded))
		return exchange_malformed(&self->exchange, message);
	/* A socket without a type: only its inode was seen. */
	if (self->of_descriptors && decoded->sock.detail && !decoded->detail.type)
		decoded->detail.has = 0;
	note_autobound(self, &decoded->sock.row);
	return row_take(self, &decoded->sock);
}

/* --- the end --- */

enum dump_end answers_end(struct answers *self, enum exchange_end end)
{
	const struct exchange *exchange = &self->exchange;
	self->interrupted |= exchange->interrupted;
	self->lost |= exchange->lost;
	self->report->malformed += exchange->malformed;
	if (end == EXCHANGE_STOPPED)
		return self->sink_answer ? DUMP_STOPPED : DUMP_FAILED;
	if (end != EXCHANGE_BROKEN)
		return end == EXCHANGE_DONE ? DUMP_DONE : DUMP_REFUSED;
	answers_fail(self, exchange->number,
	             exchange->wire->replay         ? "read the recording"
	             : exchange->wire->record_errno ? "write the recording"
	             : exchange->sending            ? "ask the kernel (netlink)"
	                                            : "read from the kernel (netlink)",
	             exchange->offset);
	return DUMP_FAILED;
}
