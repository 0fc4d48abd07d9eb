/*
 * netlink.c - the sock_diag source: requests out, messages in, sockets to the sink.
 *
 *   request_list -> [send -> receive... -> message...] per request
 *                     message: ERROR | DONE | answer -> decode -> query_matches -> order -> sink
 *
 * A replayed wire has no requests of ours: it is read once from beginning to
 * end, and the requests recorded in it say what the answers are of. libmnl's
 * own loop (mnl_cb_run) is not used: it overlooks an errno inside NLMSG_DONE
 * and drops the rest of a buffer at NLM_F_DUMP_INTR.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/proto.h>
#include <sockview/source.h>

#include "collect/family.h"
#include "collect/request.h"
#include <sockview/wire.h>

enum {
	TRIES = 3, /* a retry could be endless on a busy host, so then the partial dump is kept */
	/*
	 * tcp6 rows held back until all of tcp was shown. Beyond that they are
	 * asked for again, so that memory stays the same however many there are.
	 */
	HOLD_MAX = 16384,
	RECENT = 32, /* rows; so many sockets would have to be opened in one hash slot between two datagrams */
};

/* What stopped a dump; the sink's own answer is kept beside it. */
enum stop { RUNNING, DONE, REFUSED, BROKEN, SINK_STOPPED };

struct netlink {
	struct wire *wire;
	const struct source_request *want;
	struct report *report;
	struct error *error;
	struct request request; /* what is being answered */
	uint32_t seq;
	char *buffer;
	struct decoded *decoded;

	/* of the dump under way */
	enum stop stop;
	int refused; /* errno of the kernel's refusal */
	bool interrupted, lost;
	bool open; /* messages have come and no end yet */
	int sink_answer;

	/* tcp6 held back */
	bool holding, overflow;
	struct table hold;

	struct row recent[RECENT]; /* the last rows of UDP, a ring */
	unsigned recent_count;

	struct procnet_unix unix_;         /* what unix_diag leaves out; empty unless it is asked */
	bool no_mark, no_code;             /* the kernel refused to judge marks, or anything */
	enum bytecode_autobound autobound; /* which of the two dumps for the filter's `autobound` is under way */
	const struct query *unix_query;    /* asked for unix sockets instead of the caller's; NULL: not now */
	bool newline_names;                /* a unix socket's name has a newline in it */
};

/* --- rows --- */

static void give(struct netlink *self, const struct sock *sock)
{
	self->sink_answer = self->want->sink(self->want->context, sock);
	if (self->sink_answer)
		self->stop = SINK_STOPPED;
}

static void give_unix(struct netlink *self, const struct sock *sock)
{
	struct sock told = *sock;
	struct sock_unix detail = *sock->unix_;
	told.unix_ = &detail;
	if (procnet_unix_refcnt(&self->unix_, sock->row.inode, &detail.refcnt))
		detail.has |= UNIX_HAS_REFCNT;
	give(self, &told);
}

static void hold_back(struct netlink *self, const struct sock *sock)
{
	if (self->overflow)
		return;
	/* A replay can't be asked again. */
	bool full = self->hold.count >= HOLD_MAX && !self->wire->replay;
	if (!full && table_add(&self->hold, sock) == 0)
		return;
	self->overflow = true;
	table_clear(&self->hold);
}

static void release_held(struct netlink *self)
{
	for (size_t i = 0; i < self->hold.count && self->stop != SINK_STOPPED; i++) {
		struct sock sock;
		table_get(&self->hold, i, &sock);
		give(self, &sock);
	}
	table_clear(&self->hold);
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
	if (!tells || (row->proto != PROTO_UDP && row->proto != PROTO_UDPLITE))
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
}

static void one_row(struct netlink *self, const struct sock *sock)
{
	if (told_again(self, &sock->row))
		return;
	self->report->received++;
	if (sock->row.proto == PROTO_UNIX)
		name_note(self, sock);
	if (!query_matches(self->want->query, &sock->row))
		return;
	if (self->holding && sock->row.family == AF_INET6)
		hold_back(self, sock);
	else if (self->unix_.count && sock->row.proto == PROTO_UNIX)
		give_unix(self, sock);
	else
		give(self, sock);
}

/* --- messages --- */

static bool decode(struct netlink *self, const struct nlmsghdr *message)
{
	const void *payload = mnl_nlmsg_get_payload(message);
	size_t len = mnl_nlmsg_get_payload_len(message);
	enum proto proto = self->request.proto;
	return family_of(proto)->decode(payload, len, proto, self->want->query->want, self->decoded);
}

static void fail(struct netlink *self, int number, const char *what, int64_t offset)
{
	error_set(self->error, number, what, "");
	self->error->offset = offset;
	self->stop = BROKEN;
}

/* Where a message of the received bytes stands in a replayed file. */
static int64_t offset_of(const struct netlink *self, const void *message)
{
	return self->wire->offset + ((const char *)message - self->buffer);
}

static void bad_message(struct netlink *self, const void *message)
{
	if (self->wire->replay)
		fail(self, EBADMSG, "read the recording", offset_of(self, message));
	else
		self->report->malformed++;
}

static void on_answer(struct netlink *self, const struct nlmsghdr *message)
{
	if (decode(self, message)) {
		note_autobound(self, &self->decoded->sock.row);
		one_row(self, &self->decoded->sock);
	} else {
		bad_message(self, message);
	}
}

static void end_dump(struct netlink *self, int number)
{
	self->open = false;
	self->refused = number;
	self->stop = number ? REFUSED : DONE;
}

static void on_error(struct netlink *self, const struct nlmsghdr *message)
{
	int32_t number;
	if (mnl_nlmsg_get_payload_len(message) < sizeof(number)) {
		bad_message(self, message);
		end_dump(self, EBADMSG);
		return;
	}
	memcpy(&number, mnl_nlmsg_get_payload(message), sizeof(number));
	end_dump(self, number < 0 ? -number : number);
}

/* A dump that failed may say so only here: a negative errno as the payload of the end. */
static void on_done(struct netlink *self, const struct nlmsghdr *message)
{
	int32_t number = 0;
	if (mnl_nlmsg_get_payload_len(message) >= sizeof(number))
		memcpy(&number, mnl_nlmsg_get_payload(message), sizeof(number));
	end_dump(self, number < 0 ? -number : 0);
}

static void note_origin(struct netlink *self, const struct nlmsghdr *message)
{
	size_t len = mnl_nlmsg_get_payload_len(message);
	len = len < WIRE_ORIGIN_MAX ? len : WIRE_ORIGIN_MAX;
	memcpy(self->wire->origin, mnl_nlmsg_get_payload(message), len);
	self->wire->origin[len] = '\0';
}

/* tcp6 waits for the end of tcp; a replay tells that only by going on to something else. */
static void change_request(struct netlink *self, const struct request *next)
{
	if (self->holding && next->proto != PROTO_TCP) {
		release_held(self);
		self->holding = false;
	}
	self->request = *next;
	self->open = true;
	recent_forget(self);
}

static bool is_answer(const struct nlmsghdr *message)
{
	return message->nlmsg_type == SOCK_DIAG_BY_FAMILY || message->nlmsg_type == TCPDIAG_GETSOCK;
}

static void on_recorded(struct netlink *self, const struct nlmsghdr *message)
{
	struct request next;
	if (message->nlmsg_type == NLMSG_NOOP)
		note_origin(self, message);
	else if (!is_answer(message))
		bad_message(self, message);
	else if (!(message->nlmsg_flags & NLM_F_REQUEST))
		on_answer(self, message);
	else if (request_read(message, message->nlmsg_len, &next))
		change_request(self, &next);
	else
		bad_message(self, message);
}

static void on_message(struct netlink *self, const struct nlmsghdr *message)
{
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		self->interrupted = true;
	if (message->nlmsg_type == NLMSG_ERROR)
		on_error(self, message);
	else if (message->nlmsg_type == NLMSG_DONE)
		on_done(self, message);
	else if (message->nlmsg_type == NLMSG_OVERRUN)
		self->lost = true;
	else if (self->wire->replay)
		on_recorded(self, message);
	else if (is_answer(message))
		on_answer(self, message);
}

/* --- datagrams --- */

/*
 * The length of the whole message at `message`, 0 if there is none. Not
 * mnl_nlmsg_ok(): that takes a length of 2^31 or more for a negative one that
 * fits, and mnl_nlmsg_next() then stays where it is for ever.
 */
static size_t message_len(const struct nlmsghdr *message, size_t rest)
{
	if (rest < sizeof(*message) || message->nlmsg_len < sizeof(*message) || message->nlmsg_len > rest)
		return 0;
	size_t padded = NLMSG_ALIGN((size_t)message->nlmsg_len);
	return padded < rest ? padded : rest;
}

/* Whatever of the bytes is not a whole message is malformed; a replay has only whole ones. */
static void each_message(struct netlink *self, size_t len)
{
	const char *at = self->buffer;
	size_t rest = len, step;
	while (self->stop == RUNNING && (step = message_len((const struct nlmsghdr *)at, rest))) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)at;
		/* An answer to an earlier request of this wire that was given up. */
		bool stale = !self->wire->replay && message->nlmsg_seq != self->seq;
		if (!stale)
			on_message(self, message);
		if (self->wire->replay && (self->stop == DONE || self->stop == REFUSED))
			self->stop = RUNNING;
		at += step;
		rest -= step;
	}
	if (rest && self->stop == RUNNING)
		self->report->malformed++;
}

static void receive_failed(struct netlink *self)
{
	if (self->wire->replay) {
		fail(self, errno, "read the recording", errno == EBADMSG ? self->wire->offset : -1);
		return;
	}
	if (self->wire->record_errno) {
		fail(self, self->wire->record_errno, "write the recording", -1);
		return;
	}
	/* The dump goes on behind what was lost: read on, and try again if that is possible. */
	if (errno == ENOBUFS || errno == ENOSPC)
		self->lost = true;
	else
		fail(self, errno, "read from the kernel (netlink)", -1);
}

static void receive_all(struct netlink *self)
{
	enum { LOSSES = 1000 }; /* a wire that only ever loses must end too */
	int losses = 0;
	self->stop = RUNNING;
	while (self->stop == RUNNING) {
		ssize_t got = self->wire->receive(self->wire, self->buffer, WIRE_BUFFER);
		if (got > 0) {
			self->open |= self->wire->replay;
			each_message(self, (size_t)got);
		} else if (got < 0 && ++losses < LOSSES) {
			receive_failed(self);
		} else {
			self->stop = DONE;
		}
	}
}

/* --- one dump --- */

static int send_request(struct netlink *self, const struct bytecode *code)
{
	char bytes[REQUEST_SIZE];
	const struct query *query = self->unix_query ? self->unix_query : self->want->query;
	size_t len = request_build(&self->request, query, code, ++self->seq, bytes, sizeof(bytes));
	self->report->requests++;
	recent_forget(self);
	return self->wire->send(self->wire, bytes, len);
}

/* What of the filter the kernel shall judge in this dump. */
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
	bool judged = self->request.proto != PROTO_UNIX;
	bytecode_compile(judged ? self->want->query->expr : NULL, &dump, code);
}

/*
 * True if less should be asked of the kernel: marks are judged only for
 * CAP_NET_ADMIN, and an older kernel may not know an op. All rows are judged
 * again anyway.
 */
static bool ask_less(struct netlink *self, const struct bytecode *code)
{
	bool refused = self->stop == REFUSED && (self->refused == EPERM || self->refused == EINVAL);
	if (!refused || !code->len)
		return false;
	self->no_code = self->no_mark;
	self->no_mark = true;
	if (self->no_code)
		self->autobound = AUTOBOUND_ANY;
	return true;
}

static void ask_failed(struct netlink *self)
{
	if (self->wire->record_errno)
		fail(self, self->wire->record_errno, "write the recording", -1);
	else
		fail(self, errno, "ask the kernel (netlink)", -1);
}

/* Sends the request and reads its answer; the kernel judges what it can. */
static void ask_autobound(struct netlink *self, enum bytecode_autobound autobound)
{
	self->autobound = autobound;
	struct bytecode code;
	do {
		compile(self, &code);
		if (code.impossible) {
			self->stop = DONE;
			return;
		}
		if (send_request(self, &code) < 0) {
			ask_failed(self);
			return;
		}
		receive_all(self);
	} while (ask_less(self, &code));
}

static void ask(struct netlink *self)
{
	bool halves =
		self->request.proto != PROTO_UNIX && !self->no_code && bytecode_asks_autobound(self->want->query->expr);
	ask_autobound(self, halves ? AUTOBOUND_YES : AUTOBOUND_ANY);
	if (self->autobound == AUTOBOUND_YES && self->stop == DONE)
		ask_autobound(self, AUTOBOUND_NO);
	self->autobound = AUTOBOUND_ANY;
}

static bool can_retry(const struct netlink *self)
{
	return self->want->mark && !self->holding && !self->wire->recording;
}

/* One dump, again if it was interrupted and what it gave can be taken back. */
static void run_request(struct netlink *self)
{
	for (int attempt = 1;; attempt++) {
		size_t mark = can_retry(self) ? self->want->mark(self->want->context) : 0;
		self->interrupted = self->lost = false;
		ask(self);
		if ((!self->interrupted && !self->lost) || self->stop == SINK_STOPPED || self->stop == BROKEN)
			return;
		if (!can_retry(self) || attempt == TRIES) {
			self->report->interrupted += self->interrupted;
			self->report->lost += self->lost;
			return;
		}
		self->want->rewind(self->want->context, mark);
	}
}

/* TCP in one walk with tcp6 held back, or given as it comes if nobody minds the order. */
static void run_both_families(struct netlink *self)
{
	self->holding = self->want->ordered;
	self->overflow = false;
	run_request(self);
	self->holding = false;
	if (self->stop != DONE)
		return;
	if (self->overflow) {
		self->request = (struct request){ PROTO_TCP, AF_INET6 };
		run_request(self);
		return;
	}
	release_held(self);
}

static void give_table(struct netlink *self, const struct table *table)
{
	for (size_t i = 0; i < table->count && self->stop == DONE; i++) {
		struct sock sock;
		table_get(table, i, &sock);
		if (query_matches(self->want->query, &sock.row))
			give(self, &sock);
	}
}

/*
 * Unix sockets that nobody accepted yet have no inode, and unix_diag passes
 * them over (net/unix/diag.c, sk_diag_dump). As unix_diag tells names exactly,
 * it tells whether any could have forged lines of /proc/net/unix. (One that
 * was there for the file and is gone from the dump is not seen: what it could
 * win is a line without an inode, and so without an owner.)
 */
static void give_unaccepted(struct netlink *self)
{
	give_table(self, &self->unix_.certain);
	if (self->newline_names)
		self->report->malformed += (unsigned)self->unix_.uncertain.count;
	else
		give_table(self, &self->unix_.uncertain);
}

/*
 * The file is only a complement: without it the answer still stands. With it
 * all names are asked for, whatever the state of their sockets.
 */
static void run_unix(struct netlink *self)
{
	struct error error = { 0 };
	struct query query = *self->want->query;
	bool loaded = self->want->proc_net_fd >= 0 &&
	              !procnet_unix_load(&self->unix_, self->want->proc_net_fd, self->report, &error);
	self->report->lost += error.number == ENOMEM; /* any other failure is a kernel without the file */
	if (loaded && query.states[PROTO_UNIX] & STATE_BIT(STATE_ESTABLISHED)) {
		query.states[PROTO_UNIX] = STATE_ALL;
		self->unix_query = &query;
	}
	self->newline_names = false;
	run_request(self);
	self->unix_query = NULL;
	if (self->stop == DONE)
		give_unaccepted(self);
	procnet_unix_free(&self->unix_);
}

static int run_list(struct netlink *self, bool apart);

/* A kernel that refuses the old request may know version 2. */
static int retry_apart(struct netlink *self)
{
	struct query tcp_only = *self->want->query;
	struct source_request want = *self->want;
	const struct source_request *whole = self->want;
	tcp_only.protos = PROTO_BIT(PROTO_TCP);
	want.query = &tcp_only;
	self->want = &want;
	int answer = run_list(self, true);
	self->want = whole;
	return answer;
}

static int run_list(struct netlink *self, bool apart)
{
	struct request list[REQUEST_MAX];
	size_t count = request_list(self->want->query, apart, list);
	for (size_t i = 0; i < count; i++) {
		self->request = list[i];
		bool both = list[i].family == AF_UNSPEC;
		if (both)
			run_both_families(self);
		else if (list[i].proto == PROTO_UNIX)
			run_unix(self);
		else
			run_request(self);
		if (self->stop == SINK_STOPPED)
			return self->sink_answer;
		if (self->stop == BROKEN)
			return -1;
		if (self->stop != REFUSED)
			continue;
		int answer = both ? retry_apart(self) : 0;
		if (answer)
			return answer;
		if (!both) {
			self->report->unavailable |= PROTO_BIT(list[i].proto);
			self->report->netlink_errno = self->refused;
		}
	}
	return 0;
}

/* --- replay --- */

/* `ss -D` writes no requests: what it dumps is TCP. */
static int run_replay(struct netlink *self)
{
	self->request = (struct request){ PROTO_TCP, AF_UNSPEC };
	self->holding = self->want->ordered;
	receive_all(self);
	if (self->stop == DONE && self->open)
		fail(self, ENODATA, "read the recording to its end", self->wire->offset);
	if (self->stop == DONE)
		release_held(self);
	self->report->interrupted += self->interrupted;
	self->report->lost += self->lost;
	if (self->stop == SINK_STOPPED)
		return self->sink_answer;
	return self->stop == BROKEN ? -1 : 0;
}

int source_netlink(struct wire *wire, const struct source_request *request, struct report *report, struct error *error)
{
	struct netlink self = {
		.wire = wire,
		.want = request,
		.report = report,
		.error = error,
		.open = wire->replay, /* an empty file is a cut-off one */
		.buffer = malloc(WIRE_BUFFER),
		.decoded = malloc(sizeof(*self.decoded)),
	};
	int answer = -1;
	table_init(&self.hold, request->query->want);
	if (!self.buffer || !self.decoded)
		error_set(error, ENOMEM, "read sockets", "");
	else if (wire->replay)
		answer = run_replay(&self);
	else
		answer = run_list(&self, request->ordered && (request->many_tcp6 || wire->recording));
	table_free(&self.hold);
	free(self.buffer);
	free(self.decoded);
	return answer;
}
