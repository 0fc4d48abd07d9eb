// SPDX-License-Identifier: MIT
/*
 * netlink.c - sock_diag's dumps: which requests one takes, and when it is asked for again (netlink.h).
 *
 *   dump -> [request -> exchange -> answers.c -> sink] once or again
 */
#include "collect/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>

#include "collect/family.h"
#include "collect/parts.h"

enum { TRIES = 3 }; /* a retry could be endless on a busy host, so then the partial dump is kept */

struct netlink {
	struct answers answers;
	const struct source_request *want;
	int proc_net_fd;
	struct report *report;
	bool shares; /* dumps may be received in parts */
	struct parts_wish wish;
	struct parts *parts;            /* of the dump under way; NULL: it is one */
	bool no_mark, no_code;          /* the kernel refused to judge marks, or anything */
	const struct query *unix_query; /* asked for unix sockets instead of the caller's; NULL: not now */
	bool unaccepted;                /* at some listener of unix sockets a connection waits */
};

/* --- one dump --- */

static enum dump_end ask_with(struct netlink *self, const struct bytecode *code)
{
	char bytes[REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct query *query = self->unix_query ? self->unix_query : self->want->query;
	request_build(&self->answers.request, query, code, 0, bytes, sizeof(bytes));
	self->report->requests++;
	answers_begin(&self->answers);
	return answers_end(&self->answers, exchange_ask(&self->answers.exchange, (struct nlmsghdr *)bytes, answers_take,
	                                                &self->answers));
}

/* The part of the filter that the kernel shall judge in this dump. */
static void compile(const struct netlink *self, struct bytecode *code)
{
	struct bytecode_dump dump = {
		.proto = self->answers.request.proto,
		.family = self->answers.request.family,
		.states = request_states(&self->answers.request, self->want->query),
		.mark = !self->no_mark,
		.plain = self->no_code,
		.autobound = self->answers.autobound,
	};
	bytecode_compile(family_of(self->answers.request.proto)->judges ? self->want->query->expr : NULL, &dump, code);
}

/*
 * True if less should be asked of the kernel: marks are judged only for
 * CAP_NET_ADMIN, and an older kernel may not know an op; both are refused
 * before the first row. All rows are judged again anyway.
 */
static bool ask_less(struct netlink *self, enum dump_end end, const struct bytecode *code)
{
	int number = self->answers.exchange.number;
	if (end != DUMP_REFUSED || (number != EPERM && number != EINVAL) || !code->len || self->answers.rows)
		return false;
	self->no_code = self->no_mark;
	self->no_mark = true;
	if (self->no_code)
		self->answers.autobound = AUTOBOUND_ANY;
	return true;
}

/* Sends the request and reads its answer; the kernel judges what it can. */
static enum dump_end ask_autobound(struct netlink *self, enum bytecode_autobound autobound)
{
	self->answers.autobound = autobound;
	enum dump_end end;
	struct bytecode code;
	do {
		compile(self, &code);
		if (code.impossible)
			return DUMP_DONE;
		end = ask_with(self, &code);
	} while (ask_less(self, end, &code));
	return end;
}

/*
 * A TCP dump tells the listeners first. Where it asks for BOUND, too, the
 * kernel then walks the bound sockets of all network namespaces before the
 * first datagram is sent (tcp_diag_dump() within netlink_dump_start(), since
 * 6.6): 90 ms beside 200,000 sockets. Asked alone the listeners cost nothing.
 */
static bool has_slow_rest(const struct netlink *self)
{
	uint32_t states = request_states(&self->answers.request, self->want->query);
	return self->want->pause && !self->answers.exchange.wire->recording &&
	       self->answers.request.proto == PROTO_TCP && states & STATE_BIT(STATE_LISTEN) &&
	       states & ~STATE_BIT(STATE_LISTEN);
}

/* Those of the dump's states that are among these; without any there is nothing to ask. */
static enum dump_end ask_states(struct netlink *self, uint32_t states)
{
	enum dump_end end = DUMP_DONE;
	self->answers.request.left_out = ~states;
	if (request_states(&self->answers.request, self->want->query))
		end = ask_autobound(self, AUTOBOUND_ANY);
	self->answers.request.left_out = 0;
	return end;
}

/*
 * A socket that is bound only may connect meanwhile: the first part tells of
 * those before its connections (tcp_diag_dump()), within the call that asks for
 * it, and before the others are asked for. To ask for them alone would cost one
 * more walk of all connections.
 */
static enum dump_end ask_in_parts(struct netlink *self, struct wire *merged)
{
	char bytes[PARTS_MAX][REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *part[PARTS_MAX];
	struct wire *own = self->answers.exchange.wire;
	unsigned count = parts_count(self->parts);
	for (unsigned i = 0; i < count; i++) {
		struct bytecode code;
		struct request request = self->answers.request;
		request.left_out |= i ? STATE_BIT(STATE_BOUND) : 0;
		parts_code(self->parts, i, &code);
		request_build(&request, self->want->query, &code, 0, bytes[i], sizeof(bytes[i]));
		part[i] = (struct nlmsghdr *)bytes[i];
	}
	self->report->requests += count;
	self->answers.rows = 0;
	self->answers.exchange.wire = merged;
	enum exchange_end end = exchange_ask_parts(&self->answers.exchange, part, count, answers_take, &self->answers);
	self->answers.exchange.wire = own;
	return answers_end(&self->answers, end);
}

static enum dump_end ask_shared(struct netlink *self)
{
	uint32_t before = STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND);
	enum dump_end end = DUMP_REFUSED;
	self->answers.request.left_out = before;
	self->report->requests++;
	parts_sample(self->parts, &self->answers.request, self->want->query);
	struct wire *merged = parts_count(self->parts) > 1 ? parts_wire(self->parts) : NULL;
	self->answers.request.left_out = STATE_BIT(STATE_LISTEN);
	self->answers.rows = 0;
	if (merged)
		end = ask_in_parts(self, merged);
	/* An older kernel may refuse the code. */
	if (end == DUMP_REFUSED && !self->answers.rows)
		end = ask_autobound(self, AUTOBOUND_ANY);
	self->answers.request.left_out = 0;
	return end;
}

static enum dump_end ask_listeners_first(struct netlink *self)
{
	enum dump_end end = ask_states(self, STATE_BIT(STATE_LISTEN));
	if (end != DUMP_DONE)
		return end;
	if (self->want->pause)
		self->want->pause(self->want->context);
	return self->parts ? ask_shared(self) : ask_states(self, ~STATE_BIT(STATE_LISTEN));
}

static enum dump_end ask_all(struct netlink *self)
{
	bool halves = family_of(self->answers.request.proto)->judges && !self->no_code &&
	              bytecode_asks_autobound(self->want->query->expr);
	if (!halves && (self->parts || has_slow_rest(self)))
		return ask_listeners_first(self);
	enum dump_end end = ask_autobound(self, halves ? AUTOBOUND_YES : AUTOBOUND_ANY);
	if (self->answers.autobound == AUTOBOUND_YES && end == DUMP_DONE)
		end = ask_autobound(self, AUTOBOUND_NO);
	self->answers.autobound = AUTOBOUND_ANY;
	return end;
}

/* Not with a filter for the kernel to judge: that leaves few rows to tell, or none to sample. */
static struct parts *find_parts(const struct netlink *self)
{
	struct bytecode code;
	if (!self->shares || self->no_code || self->answers.request.proto != PROTO_TCP)
		return NULL;
	compile(self, &code);
	if (code.len || code.sport || code.dport || code.impossible)
		return NULL;
	return parts_open(&self->answers.request, self->want->query, self->proc_net_fd, &self->wish);
}

bool netlink_can_rewind(const struct netlink *self)
{
	return self->want->mark && !self->answers.exchange.wire->recording;
}

/* Again if it was interrupted and what it gave can be taken back. */
static enum dump_end dump_again(struct netlink *self)
{
	bool again = netlink_can_rewind(self) && !self->answers.holding;
	size_t mark = again ? self->want->mark(self->want->context) : 0;
	for (int attempt = 1;; attempt++) {
		self->answers.interrupted = self->answers.lost = false;
		self->answers.rows = 0;
		enum dump_end end = ask_all(self);
		if ((!self->answers.interrupted && !self->answers.lost) || end != DUMP_DONE)
			return end;
		if (!again || attempt == TRIES || self->answers.exchange.stalled) {
			self->report->interrupted += self->answers.interrupted;
			self->report->lost += self->answers.lost;
			return end;
		}
		self->want->rewind(self->want->context, mark);
	}
}

static enum dump_end dump_whole(struct netlink *self)
{
	self->parts = find_parts(self);
	enum dump_end end = dump_again(self);
	parts_free(self->parts);
	self->parts = NULL;
	return end;
}

/* TCP in one walk, with tcp6 held back if the order matters. */
static enum dump_end dump_both_families(struct netlink *self)
{
	uint64_t given = self->answers.given;
	self->answers.holding = self->want->ordered;
	self->answers.overflow = false;
	enum dump_end end = dump_whole(self);
	self->answers.holding = false;
	/* Rows of tcp that cannot be taken back are not asked for again, and so those of tcp6 are not, either. */
	bool kept = end == DUMP_REFUSED && self->answers.given > given && !netlink_can_rewind(self);
	if (end == DUMP_DONE && self->answers.overflow)
		return DUMP_DONE_IPV4;
	if (end != DUMP_DONE && !kept)
		table_clear(&self->answers.hold);
	return answers_give_held(&self->answers) ? DUMP_STOPPED : end;
}

static int table_give(struct netlink *self, const struct table *table)
{
	int answer = 0;
	for (size_t i = 0; i < table->count && !answer; i++) {
		struct sock sock;
		table_get(table, i, &sock);
		if (query_matches(self->want->query, &sock.row))
			answer = answers_give(&self->answers, &sock);
	}
	return answer;
}

/*
 * Unix sockets that wait for an accept() have no inode, and unix_diag passes
 * them over (net/unix/diag.c, sk_diag_dump). As unix_diag tells names exactly,
 * it tells whether any could have forged lines of /proc/net/unix. (One that
 * was there for the file and is gone from the dump is not seen: all it could
 * win is a line without an inode, and so without an owner.)
 */
static int unaccepted_give(struct netlink *self)
{
	int answer = table_give(self, &self->answers.unix_.certain);
	if (answer || !self->answers.newline_names)
		return answer ? answer : table_give(self, &self->answers.unix_.uncertain);
	self->report->malformed += (unsigned)self->answers.unix_.uncertain.count;
	return 0;
}

/* The call of an exchange about listeners. */
static int on_unix_listener(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct netlink *self = context;
	const struct row *row = &self->answers.decoded->sock.row;
	if (answers_is_diag(message) && decode_unix(payload, len, PROTO_UNIX, 0, self->answers.decoded))
		self->unaccepted |= !(row->flags & ROW_HAS_QUEUES) || row->recv_q;
	return 0;
}

/*
 * False if /proc/net/unix has nothing to add, which takes the kernel longer to
 * write than a dump: a socket that waits for an accept() is in some listener's queue.
 */
static bool needs_unix_file(struct netlink *self)
{
	char bytes[REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct query query = { .protos = PROTO_BIT(PROTO_UNIX) };
	const struct bytecode none = { .len = 0 };
	query.states[PROTO_UNIX] = STATE_BIT(STATE_LISTEN);
	if (self->want->query->want & WANT_REFCNT || self->answers.exchange.wire->recording)
		return true;
	if (!(self->want->query->states[PROTO_UNIX] & STATE_BIT(STATE_ESTABLISHED)))
		return false;
	request_build(&self->answers.request, &query, &none, 0, bytes, sizeof(bytes));
	self->report->requests++;
	self->unaccepted = false;
	enum exchange_end end = exchange_ask(&self->answers.exchange, (struct nlmsghdr *)bytes, on_unix_listener, self);
	/* That it is refused, or breaks, is the dump's to tell. */
	return self->unaccepted || end != EXCHANGE_DONE || self->answers.exchange.lost ||
	       self->answers.exchange.malformed;
}

/*
 * The file is only a complement: without it the answer still stands. With it
 * all names are asked for, whatever the state of their sockets.
 */
static enum dump_end dump_unix(struct netlink *self)
{
	struct error error = { 0 };
	struct query query = *self->want->query;
	bool loaded =
		self->proc_net_fd >= 0 && needs_unix_file(self) &&
		!procnet_unix_load(&self->answers.unix_, self->want->files, self->proc_net_fd, self->report, &error);
	/* Without the file, or by a policy that forbids it, there is nothing that it could add. */
	self->report->lost += error.number && error.number != ENOENT;
	uint32_t *states = &query.states[self->answers.request.proto];
	if (loaded && *states & STATE_BIT(STATE_ESTABLISHED)) {
		*states = STATE_ALL;
		self->unix_query = &query;
	}
	self->answers.newline_names = false;
	enum dump_end end = dump_whole(self);
	self->unix_query = NULL;
	if (end == DUMP_DONE && unaccepted_give(self))
		end = DUMP_STOPPED;
	procnet_unix_free(&self->answers.unix_);
	return end;
}

enum dump_end netlink_dump(struct netlink *self, const struct request *dump)
{
	self->answers.request = *dump;
	if (dump->family == AF_UNIX)
		return dump_unix(self);
	return dump->family == AF_UNSPEC ? dump_both_families(self) : dump_whole(self);
}

/* --- all of it --- */

struct netlink *netlink_new(struct wire *wire, const struct source_request *request, int proc_net_fd,
                            struct report *report, struct error *error)
{
	struct netlink *self = calloc(1, sizeof(*self));
	if (!self) {
		error_set(error, ENOMEM, "read sockets", "");
		return NULL;
	}
	if (answers_start(&self->answers, wire, request, report, error) < 0) {
		free(self);
		return NULL;
	}
	self->want = request;
	self->proc_net_fd = proc_net_fd;
	self->report = report;
	return self;
}

void netlink_share(struct netlink *self, const struct parts_wish *wish)
{
	self->shares = true;
	self->wish = *wish;
}

void netlink_free(struct netlink *self)
{
	if (!self)
		return;
	answers_close(&self->answers);
	free(self);
}

uint64_t netlink_given(const struct netlink *self)
{
	return self->answers.given;
}

int netlink_errno(const struct netlink *self)
{
	return self->answers.exchange.number;
}

int netlink_answer(const struct netlink *self)
{
	return self->answers.sink_answer;
}
