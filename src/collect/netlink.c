// SPDX-License-Identifier: MIT
/*
 * netlink.c - sock_diag's dumps: a request out, messages in, sockets to the sink (netlink.h).
 *
 *   dump -> [request -> exchange -> answer...] once or again
 *                                   answer -> decode -> query_matches -> order -> sink
 *
 * A replayed wire has no requests of ours: it is read once from beginning to
 * end, and the requests recorded in it say what the answers are of.
 */
#include "collect/netlink.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/descriptor_record.h>
#include <sockview/exchange.h>
#include <sockview/vec.h>

#include "collect/family.h"
#include "collect/parts.h"
#include "collect/recorded.h"

enum {
	TRIES = 3, /* a retry could be endless on a busy host, so then the partial dump is kept */
	/*
	 * tcp6 rows held back until all of tcp was shown. Beyond that they are
	 * asked for again, so that memory stays the same however many there are.
	 */
	HOLD_MAX = 16384,
	RECENT = 32, /* rows; so many sockets would have to be opened in one hash slot between two datagrams */
};

/* What the calls of the exchange return to end it: the sink's answer is in sink_answer, a failure in error. */
enum { STOP = 1 };

struct netlink {
	struct exchange exchange;
	const struct source_request *want;
	int proc_net_fd;
	struct report *report;
	struct error *error;
	struct request request; /* what is being answered */
	struct decoded *decoded;
	uint64_t given; /* rows that the sink got */
	int sink_answer;

	/* of the dump under way */
	bool interrupted, lost;
	uint64_t rows; /* that came in answer to the request */

	/* tcp6 held back */
	bool holding, overflow;
	struct table hold;

	struct row recent[RECENT]; /* the last rows of UDP, a ring */
	unsigned recent_count;
	struct {
		uint64_t *cookie;
		size_t count, capacity;
	} grouped; /* netlink sockets with groups that this dump has told */

	struct procnet_unix unix_; /* what unix_diag leaves out; empty unless it is asked */
	bool shares;               /* dumps may be received in parts */
	struct parts_wish wish;
	struct parts *parts;               /* of the dump under way; NULL: it is one */
	bool no_mark, no_code;             /* the kernel refused to judge marks, or anything */
	enum bytecode_autobound autobound; /* which of the two dumps for the filter's `autobound` is under way */
	const struct query *unix_query;    /* asked for unix sockets instead of the caller's; NULL: not now */
	bool unaccepted;                   /* at some listener of unix sockets a connection waits */
	bool newline_names;                /* a unix socket's name has a newline in it */

	/* of a replay */
	bool open;              /* messages have come and no end yet */
	bool elsewhere;         /* what comes is of another network namespace, which is not asked for */
	bool of_descriptors;    /* what comes was told by descriptors of processes ... */
	unsigned unread;        /* ... but for so many */
	unsigned refused, told; /* PROTO_BIT()s of dumps without an answer, of those with one */
	struct recorded recorded;
};

/* --- rows --- */

/* These return 0, or STOP. */

static int row_give(struct netlink *self, const struct sock *sock)
{
	self->given++;
	self->sink_answer = self->want->sink(self->want->context, sock);
	return self->sink_answer ? STOP : 0;
}

static int row_give_unix(struct netlink *self, const struct sock *sock)
{
	struct sock told = *sock;
	struct sock_unix detail = *sock->unix_;
	told.unix_ = &detail;
	if (procnet_unix_refcnt(&self->unix_, sock->row.inode, &detail.refcnt))
		detail.has |= UNIX_HAS_REFCNT;
	return row_give(self, &told);
}

static int netlink_fail(struct netlink *self, int number, const char *what, int64_t offset)
{
	error_set(self->error, number, what, "");
	self->error->offset = offset;
	self->error->why = self->exchange.wire->no_recording;
	return STOP;
}

/* Too many of them, or no memory: they are asked for again. A replay cannot be asked. */
static int row_hold(struct netlink *self, const struct sock *sock)
{
	bool replay = self->exchange.wire->replay;
	if (self->overflow)
		return 0;
	if ((replay || self->hold.count < HOLD_MAX) && table_add(&self->hold, sock) == 0)
		return 0;
	if (replay)
		return netlink_fail(self, errno, "keep the sockets of tcp6", -1);
	self->overflow = true;
	table_clear(&self->hold);
	return 0;
}

static int held_give(struct netlink *self)
{
	int answer = 0;
	for (size_t i = 0; i < self->hold.count && !answer; i++) {
		struct sock sock;
		table_get(&self->hold, i, &sock);
		answer = row_give(self, &sock);
	}
	table_clear(&self->hold);
	return answer;
}

static void name_note(struct netlink *self, const struct sock *sock)
{
	const struct bytes *name = &sock->blob[BLOB_PATH];
	if (name->len && memchr(name->data, '\n', name->len))
		self->newline_names = true;
}

/* What is known of a row because of what was asked. */
static void note_autobound(const struct netlink *self, struct row *row)
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
static bool told_again(struct netlink *self, const struct row *row)
{
	bool tells = row->flags & ROW_HAS_COOKIE && row->cookie;
	if (!tells || !proto_has(row->proto, PROTO_TOLD_AGAIN))
		return false;
	for (size_t i = 0; i < RECENT; i++)
		if (is_same_socket(&self->recent[i], row))
			return true;
	self->recent[self->recent_count++ % RECENT] = *row;
	return false;
}

static void recent_forget(struct netlink *self)
{
	memset(self->recent, 0, sizeof(self->recent));
	self->grouped.count = 0;
}

/*
 * netlink_diag tells a protocol's sockets and then the members of its groups,
 * of which it means to leave out those it has told; but sk_hashed() is false
 * of them since they are in a resizable hash table (__netlink_diag_dump(),
 * net/netlink/diag.c, Linux 6.18). Without memory for its cookie one is shown twice.
 */
static bool told_by_group(struct netlink *self, const struct sock *sock)
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

static int row_take(struct netlink *self, const struct sock *sock)
{
	self->rows++;
	if (told_again(self, &sock->row) || told_by_group(self, sock))
		return 0;
	self->report->received++;
	if (sock->row.family == AF_UNIX)
		name_note(self, sock);
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
	return row_give(self, sock);
}

/* --- messages --- */

static int on_answer(struct netlink *self, const struct nlmsghdr *message, const void *payload, size_t len)
{
	enum proto proto = self->request.proto;
	struct decoded *decoded = self->decoded;
	bool good = family_of(proto)->decode(payload, len, proto, self->want->query->want, decoded);
	if (!good)
		return exchange_malformed(&self->exchange, message);
	/* A socket without a type: only its inode was seen. */
	if (self->of_descriptors && decoded->sock.detail && !decoded->detail.type)
		decoded->detail.has = 0;
	note_autobound(self, &decoded->sock.row);
	return row_take(self, &decoded->sock);
}

static bool is_diag(const struct nlmsghdr *message)
{
	return message->nlmsg_type == SOCK_DIAG_BY_FAMILY || message->nlmsg_type == TCPDIAG_GETSOCK;
}

static int on_message(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	return is_diag(message) ? on_answer(context, message, payload, len) : 0;
}

/* --- one dump --- */

static enum netlink_end dump_end(struct netlink *self, enum exchange_end end)
{
	const struct exchange *exchange = &self->exchange;
	self->interrupted |= exchange->interrupted;
	self->lost |= exchange->lost;
	self->report->malformed += exchange->malformed;
	if (end == EXCHANGE_STOPPED)
		return self->sink_answer ? NETLINK_STOPPED : NETLINK_FAILED;
	if (end != EXCHANGE_BROKEN)
		return end == EXCHANGE_DONE ? NETLINK_DONE : NETLINK_REFUSED;
	netlink_fail(self, exchange->number,
	             exchange->wire->replay         ? "read the recording"
	             : exchange->wire->record_errno ? "write the recording"
	             : exchange->sending            ? "ask the kernel (netlink)"
	                                            : "read from the kernel (netlink)",
	             exchange->offset);
	return NETLINK_FAILED;
}

static enum netlink_end ask_with(struct netlink *self, const struct bytecode *code)
{
	char bytes[REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct query *query = self->unix_query ? self->unix_query : self->want->query;
	request_build(&self->request, query, code, 0, bytes, sizeof(bytes));
	self->report->requests++;
	self->rows = 0;
	recent_forget(self);
	return dump_end(self, exchange_ask(&self->exchange, (struct nlmsghdr *)bytes, on_message, self));
}

/* The part of the filter that the kernel shall judge in this dump. */
static void compile(const struct netlink *self, struct bytecode *code)
{
	struct bytecode_dump dump = {
		.proto = self->request.proto,
		.family = self->request.family,
		.states = request_states(&self->request, self->want->query),
		.mark = !self->no_mark,
		.plain = self->no_code,
		.autobound = self->autobound,
	};
	bytecode_compile(family_of(self->request.proto)->judges ? self->want->query->expr : NULL, &dump, code);
}

/*
 * True if less should be asked of the kernel: marks are judged only for
 * CAP_NET_ADMIN, and an older kernel may not know an op; both are refused
 * before the first row. All rows are judged again anyway.
 */
static bool ask_less(struct netlink *self, enum netlink_end end, const struct bytecode *code)
{
	int number = self->exchange.number;
	if (end != NETLINK_REFUSED || (number != EPERM && number != EINVAL) || !code->len || self->rows)
		return false;
	self->no_code = self->no_mark;
	self->no_mark = true;
	if (self->no_code)
		self->autobound = AUTOBOUND_ANY;
	return true;
}

/* Sends the request and reads its answer; the kernel judges what it can. */
static enum netlink_end ask_autobound(struct netlink *self, enum bytecode_autobound autobound)
{
	self->autobound = autobound;
	enum netlink_end end;
	struct bytecode code;
	do {
		compile(self, &code);
		if (code.impossible)
			return NETLINK_DONE;
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
	uint32_t states = request_states(&self->request, self->want->query);
	return self->want->pause && !self->exchange.wire->recording && self->request.proto == PROTO_TCP &&
	       states & STATE_BIT(STATE_LISTEN) && states & ~STATE_BIT(STATE_LISTEN);
}

/* Those of the dump's states that are among these; without any there is nothing to ask. */
static enum netlink_end ask_states(struct netlink *self, uint32_t states)
{
	enum netlink_end end = NETLINK_DONE;
	self->request.left_out = ~states;
	if (request_states(&self->request, self->want->query))
		end = ask_autobound(self, AUTOBOUND_ANY);
	self->request.left_out = 0;
	return end;
}

/*
 * A socket that is bound only may connect meanwhile: the first part tells of
 * those before its connections (tcp_diag_dump()), within the call that asks for
 * it, and before the others are asked for. To ask for them alone would cost one
 * more walk of all connections.
 */
static enum netlink_end ask_in_parts(struct netlink *self, struct wire *merged)
{
	char bytes[PARTS_MAX][REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *part[PARTS_MAX];
	struct wire *own = self->exchange.wire;
	unsigned count = parts_count(self->parts);
	for (unsigned i = 0; i < count; i++) {
		struct bytecode code;
		struct request request = self->request;
		request.left_out |= i ? STATE_BIT(STATE_BOUND) : 0;
		parts_code(self->parts, i, &code);
		request_build(&request, self->want->query, &code, 0, bytes[i], sizeof(bytes[i]));
		part[i] = (struct nlmsghdr *)bytes[i];
	}
	self->report->requests += count;
	self->rows = 0;
	self->exchange.wire = merged;
	enum exchange_end end = exchange_ask_parts(&self->exchange, part, count, on_message, self);
	self->exchange.wire = own;
	return dump_end(self, end);
}

static enum netlink_end ask_shared(struct netlink *self)
{
	uint32_t before = STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND);
	enum netlink_end end = NETLINK_REFUSED;
	self->request.left_out = before;
	self->report->requests++;
	parts_sample(self->parts, &self->request, self->want->query);
	struct wire *merged = parts_count(self->parts) > 1 ? parts_wire(self->parts) : NULL;
	self->request.left_out = STATE_BIT(STATE_LISTEN);
	self->rows = 0;
	if (merged)
		end = ask_in_parts(self, merged);
	/* An older kernel may refuse the code. */
	if (end == NETLINK_REFUSED && !self->rows)
		end = ask_autobound(self, AUTOBOUND_ANY);
	self->request.left_out = 0;
	return end;
}

static enum netlink_end ask_listeners_first(struct netlink *self)
{
	enum netlink_end end = ask_states(self, STATE_BIT(STATE_LISTEN));
	if (end != NETLINK_DONE)
		return end;
	if (self->want->pause)
		self->want->pause(self->want->context);
	return self->parts ? ask_shared(self) : ask_states(self, ~STATE_BIT(STATE_LISTEN));
}

static enum netlink_end ask_all(struct netlink *self)
{
	bool halves = family_of(self->request.proto)->judges && !self->no_code &&
	              bytecode_asks_autobound(self->want->query->expr);
	if (!halves && (self->parts || has_slow_rest(self)))
		return ask_listeners_first(self);
	enum netlink_end end = ask_autobound(self, halves ? AUTOBOUND_YES : AUTOBOUND_ANY);
	if (self->autobound == AUTOBOUND_YES && end == NETLINK_DONE)
		end = ask_autobound(self, AUTOBOUND_NO);
	self->autobound = AUTOBOUND_ANY;
	return end;
}

/* Not with a filter for the kernel to judge: that leaves few rows to tell, or none to sample. */
static struct parts *find_parts(const struct netlink *self)
{
	struct bytecode code;
	if (!self->shares || self->no_code || self->request.proto != PROTO_TCP)
		return NULL;
	compile(self, &code);
	if (code.len || code.sport || code.dport || code.impossible)
		return NULL;
	return parts_open(&self->request, self->want->query, self->proc_net_fd, &self->wish);
}

bool netlink_can_rewind(const struct netlink *self)
{
	return self->want->mark && !self->exchange.wire->recording;
}

/* Again if it was interrupted and what it gave can be taken back. */
static enum netlink_end dump_again(struct netlink *self)
{
	bool again = netlink_can_rewind(self) && !self->holding;
	size_t mark = again ? self->want->mark(self->want->context) : 0;
	for (int attempt = 1;; attempt++) {
		self->interrupted = self->lost = false;
		self->rows = 0;
		enum netlink_end end = ask_all(self);
		if ((!self->interrupted && !self->lost) || end != NETLINK_DONE)
			return end;
		if (!again || attempt == TRIES || self->exchange.stalled) {
			self->report->interrupted += self->interrupted;
			self->report->lost += self->lost;
			return end;
		}
		self->want->rewind(self->want->context, mark);
	}
}

static enum netlink_end dump_whole(struct netlink *self)
{
	self->parts = find_parts(self);
	enum netlink_end end = dump_again(self);
	parts_free(self->parts);
	self->parts = NULL;
	return end;
}

/* TCP in one walk, with tcp6 held back if the order matters. */
static enum netlink_end dump_both_families(struct netlink *self)
{
	uint64_t given = self->given;
	self->holding = self->want->ordered;
	self->overflow = false;
	enum netlink_end end = dump_whole(self);
	self->holding = false;
	/* Rows of tcp that cannot be taken back are not asked for again, and so those of tcp6 are not, either. */
	bool kept = end == NETLINK_REFUSED && self->given > given && !netlink_can_rewind(self);
	if (end == NETLINK_DONE && self->overflow)
		return NETLINK_DONE_IPV4;
	if (end != NETLINK_DONE && !kept)
		table_clear(&self->hold);
	return held_give(self) ? NETLINK_STOPPED : end;
}

static int table_give(struct netlink *self, const struct table *table)
{
	int answer = 0;
	for (size_t i = 0; i < table->count && !answer; i++) {
		struct sock sock;
		table_get(table, i, &sock);
		if (query_matches(self->want->query, &sock.row))
			answer = row_give(self, &sock);
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
	int answer = table_give(self, &self->unix_.certain);
	if (answer || !self->newline_names)
		return answer ? answer : table_give(self, &self->unix_.uncertain);
	self->report->malformed += (unsigned)self->unix_.uncertain.count;
	return 0;
}

/* The call of an exchange about listeners. */
static int on_unix_listener(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct netlink *self = context;
	const struct row *row = &self->decoded->sock.row;
	if (is_diag(message) && decode_unix(payload, len, PROTO_UNIX, 0, self->decoded))
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
	if (self->want->query->want & WANT_REFCNT || self->exchange.wire->recording)
		return true;
	if (!(self->want->query->states[PROTO_UNIX] & STATE_BIT(STATE_ESTABLISHED)))
		return false;
	request_build(&self->request, &query, &none, 0, bytes, sizeof(bytes));
	self->report->requests++;
	self->unaccepted = false;
	enum exchange_end end = exchange_ask(&self->exchange, (struct nlmsghdr *)bytes, on_unix_listener, self);
	/* That it is refused, or breaks, is the dump's to tell. */
	return self->unaccepted || end != EXCHANGE_DONE || self->exchange.lost || self->exchange.malformed;
}

/*
 * The file is only a complement: without it the answer still stands. With it
 * all names are asked for, whatever the state of their sockets.
 */
static enum netlink_end dump_unix(struct netlink *self)
{
	struct error error = { 0 };
	struct query query = *self->want->query;
	bool loaded = self->proc_net_fd >= 0 && needs_unix_file(self) &&
	              !procnet_unix_load(&self->unix_, self->want->files, self->proc_net_fd, self->report, &error);
	/* Without the file, or by a policy that forbids it, there is nothing that it could add. */
	self->report->lost += error.number && error.number != ENOENT;
	uint32_t *states = &query.states[self->request.proto];
	if (loaded && *states & STATE_BIT(STATE_ESTABLISHED)) {
		*states = STATE_ALL;
		self->unix_query = &query;
	}
	self->newline_names = false;
	enum netlink_end end = dump_whole(self);
	self->unix_query = NULL;
	if (end == NETLINK_DONE && unaccepted_give(self))
		end = NETLINK_STOPPED;
	procnet_unix_free(&self->unix_);
	return end;
}

enum netlink_end netlink_dump(struct netlink *self, const struct request *dump)
{
	self->request = *dump;
	if (dump->family == AF_UNIX)
		return dump_unix(self);
	return dump->family == AF_UNSPEC ? dump_both_families(self) : dump_whole(self);
}

/* --- replay --- */

static void note_origin(struct netlink *self, const void *payload, size_t len)
{
	char *origin = self->exchange.wire->origin;
	len = len < WIRE_ORIGIN_MAX ? len : WIRE_ORIGIN_MAX;
	memcpy(origin, payload, len);
	origin[len] = '\0';
}

/* Which sockets they were looked for, and what that lacks. */
static void descriptors_note(struct netlink *self)
{
	struct report *report = self->report;
	unsigned proto = PROTO_BIT(self->request.proto) & self->want->query->protos;
	report->from_descriptors |= proto;
	report->bound_untold |= proto == PROTO_BIT(PROTO_TCP);
	if (proto == PROTO_BIT(PROTO_TCP))
		report->bound_unread += self->unread;
	else if (proto)
		report->held_unread += self->unread;
	self->unread = 0;
}

/* tcp6 waits for the end of tcp; a replay tells that only by going on to something else. */
static int on_request(struct netlink *self, const struct request *next)
{
	int answer = 0;
	if (self->holding && next->proto != self->request.proto) {
		answer = held_give(self);
		self->holding = false;
	}
	self->request = *next;
	self->rows = 0;
	recent_forget(self);
	if (self->of_descriptors && !self->elsewhere)
		descriptors_note(self);
	return answer;
}

/* The rows held back are of the network namespace before. */
static int on_section(struct netlink *self, const void *note, size_t len)
{
	static const char own[] = WIRE_NETNS "self ", asked[] = " asked";
	int answer = self->holding ? held_give(self) : 0;
	self->holding = self->want->ordered;
	self->request = (struct request){ .proto = PROTO_TCP, .family = AF_UNSPEC };
	recent_forget(self);
	self->open = memmem(note, strnlen(note, len), asked, sizeof(asked) - 1) != NULL;
	self->elsewhere = !self->want->section && (len < sizeof(own) || memcmp(note, own, sizeof(own) - 1) != 0);
	if (answer || !self->want->section)
		return answer;
	self->sink_answer = self->want->section(self->want->context, note, len);
	return self->sink_answer ? STOP : 0;
}

static bool is_section(const struct nlmsghdr *message, const void *payload, size_t len)
{
	return message->nlmsg_type == NLMSG_NOOP && len >= sizeof(WIRE_NETNS) &&
	       memcmp(payload, WIRE_NETNS, sizeof(WIRE_NETNS) - 1) == 0;
}

/* Behind a refusal the recorded kernel may have been asked in another way. */
static int on_end(struct netlink *self, int number)
{
	unsigned proto = self->want->query->protos & PROTO_BIT(self->request.proto);
	self->open = self->of_descriptors = false;
	if (!number) {
		self->told |= proto;
	} else if (proto && self->rows) {
		self->told |= proto;
		self->report->lost++;
		self->report->cut_errno = number;
	} else {
		self->refused |= proto;
		if (proto)
			self->report->refused[self->request.proto] =
				number == ENOENT || number == EOPNOTSUPP ? 0 : number;
	}
	self->rows = 0;
	return 0;
}

static int on_recorded(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct netlink *self = context;
	struct request next;
	if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
		return on_end(self, self->exchange.number);
	if (is_section(message, payload, len))
		return on_section(self, payload, len);
	self->open = true;
	if (message->nlmsg_type == NLMSG_NOOP && descriptor_record_read(payload, len, &self->unread)) {
		self->of_descriptors = true;
		return 0;
	}
	if (message->nlmsg_type == NLMSG_NOOP) {
		note_origin(self, payload, len);
		return 0;
	}
	if (!is_diag(message))
		return exchange_malformed(&self->exchange, message);
	if (!(message->nlmsg_flags & NLM_F_REQUEST)) {
		int answer = on_answer(self, message, payload, len);
		self->recorded.bound |= self->decoded->sock.row.state == STATE_BOUND;
		return answer;
	}
	if (!request_read(message, message->nlmsg_len, &next))
		return exchange_malformed(&self->exchange, message);
	if (!self->elsewhere && !self->of_descriptors)
		recorded_add(&self->recorded, self->want->query, message, &next);
	return on_request(self, &next);
}

/* `ss -D` writes no requests, and dumps TCP alone. */
enum netlink_end netlink_replay(struct netlink *self)
{
	self->request = (struct request){ .proto = PROTO_TCP, .family = AF_UNSPEC };
	self->holding = self->want->ordered;
	self->open = true; /* an empty file is a cut-off one */
	enum netlink_end end = dump_end(self, exchange_replay(&self->exchange, on_recorded, self));
	if (end == NETLINK_DONE && self->open) {
		netlink_fail(self, ENODATA, "read the recording to its end", self->exchange.wire->offset);
		end = NETLINK_FAILED;
	}
	if (end == NETLINK_DONE && held_give(self))
		end = NETLINK_STOPPED;
	self->report->interrupted += self->interrupted;
	self->report->lost += self->lost;
	self->report->unavailable |= self->refused & ~self->told;
	/* Of many namespaces netns_gather.c knows what was not asked for. */
	if (!self->want->section) {
		self->report->unrecorded |=
			recorded_lacks(&self->recorded, self->want->query) & ~self->report->unavailable;
		self->report->unrecorded_said = self->recorded.requests;
		self->report->bound_recorded = self->recorded.bound;
	}
	return end;
}

/* --- all of it --- */

struct netlink *netlink_new(struct wire *wire, const struct source_request *request, int proc_net_fd,
                            struct report *report, struct error *error)
{
	struct netlink *self = calloc(1, sizeof(*self));
	struct decoded *decoded = malloc(sizeof(*decoded));
	if (!self || !decoded || exchange_start(&self->exchange, wire) < 0) {
		free(self);
		free(decoded);
		error_set(error, ENOMEM, "read sockets", "");
		return NULL;
	}
	self->want = request;
	self->proc_net_fd = proc_net_fd;
	self->report = report;
	self->error = error;
	self->decoded = decoded;
	table_init(&self->hold, request->query->want);
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
	table_free(&self->hold);
	free(self->grouped.cookie);
	exchange_close(&self->exchange);
	free(self->decoded);
	free(self);
}

uint64_t netlink_given(const struct netlink *self)
{
	return self->given;
}

int netlink_errno(const struct netlink *self)
{
	return self->exchange.number;
}

int netlink_answer(const struct netlink *self)
{
	return self->sink_answer;
}
