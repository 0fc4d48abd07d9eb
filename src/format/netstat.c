// SPDX-License-Identifier: MIT
/*
 * netstat.c - the lines of netstat -W, column for column (net-tools 2.10).
 *
 *   tcp        0      0 127.0.0.1:631           0.0.0.0:*               LISTEN      0          4711       812/cupsd            off (0.00/0/0)
 *   ^6    ^6     ^6     ^23                     ^23                     ^11         ^10 -e     ^10 -e     ^20 -p               -o
 *
 * Blanks that end a line stay: scripts rely on the one behind a port.
 */
#include <sockview/format.h>

#include <string.h>

#include <sockview/column_table.h>
#include <sockview/countof.h>
#include <sockview/detail.h>
#include <sockview/names.h>
#include <sockview/netns.h>
#include <sockview/proto.h>
#include <sockview/text.h>

#include "format/mark.h"
#include "format/pad.h"

enum {
	PROTO_WIDTH = 6,
	QUEUE_WIDTH = 6,
	ADDRESS_WIDTH = 23,
	STATE_WIDTH = 11,
	USER_WIDTH = 10,
	INODE_WIDTH = 10,
	PROGRAM_WIDTH = 20,
	/* Names come from files and resolvers; what is longer than any real one is cut. */
	NAME_MAX_BYTES = 4096,
};

struct netstat_state {
	unsigned headings;          /* PROTO_BIT()s of sections whose heading was written; PROTO_TCP: the internet's */
	struct detail_list details; /* what netstat does not have, as name:value behind the row */
	struct text detail;
};

/* The internet protocols are one section, each other family is one of its own. */
static enum proto section_of(const struct row *row)
{
	return row_is_inet(row) ? PROTO_TCP : row->proto;
}

/* A name, printable; the bytes written. */
static size_t out_escaped(struct out *out, const char *name, size_t len, enum text_escape how)
{
	if (len > NAME_MAX_BYTES)
		len = NAME_MAX_BYTES;
	char *to = out_room(out, TEXT_ESCAPED_MAX(len));
	char *end = text_escape(to, name, len, how);
	out_advance(out, end);
	return (size_t)(end - to);
}

/* --- headings --- */

static const char *which(const struct view *view)
{
	if (view->all)
		return "servers and established";
	return view->listening ? "only servers" : "w/o servers";
}

static void inet_heading(const struct view *view, struct out *out, enum proto section)
{
	out_string(out, "Active ");
	/* Families without connections of their own are not asked for by -l and -a. */
	if (section == PROTO_TCP) {
		out_string(out, "Internet connections (");
		out_string(out, which(view));
		out_string(out, ")");
	} else {
		out_string(out, proto_name(section));
		out_string(out, " sockets");
	}
	out_string(out, "\nProto Recv-Q Send-Q Local Address           Foreign Address         State      ");
	if (view->extend)
		out_string(out, " User       Inode     ");
	if (view->programs)
		out_string(out, " PID/Program name    ");
	if (view->timers)
		out_string(out, " Timer");
	if (view->context->netns)
		out_string(out, " Netns");
	out_char(out, '\n');
}

static void unix_heading(const struct view *view, struct out *out)
{
	out_string(out, "Active UNIX domain sockets (");
	out_string(out, which(view));
	out_string(out, ")\nProto RefCnt Flags       Type       State         I-Node  ");
	if (view->programs)
		out_string(out, " PID/Program name    ");
	out_string(out, view->context->netns ? " Path Netns\n" : " Path\n");
}

static void netstat_heading(struct netstat_state *state, const struct view *view, struct out *out, enum proto section)
{
	if (view->no_header || (state->headings & PROTO_BIT(section)))
		return;
	state->headings |= PROTO_BIT(section);
	if (section == PROTO_UNIX)
		unix_heading(view, out);
	else
		inet_heading(view, out, section);
}

/* --- columns --- */

static char *netstat_put_addr(char *to, const struct row *row, bool remote)
{
	bool mapped = row->flags & (remote ? ROW_REMOTE_MAPPED : ROW_LOCAL_MAPPED);
	return addr_text(to, remote ? &row->remote : &row->local, row->family, mapped);
}

static char *netstat_put_port(char *to, uint16_t port)
{
	if (port)
		return text_u64(to, port);
	*to = '*';
	return to + 1;
}

/* NULL where the number is to be shown. */
static void out_endpoint_named(struct out *out, const struct row *row, bool remote, const char *host,
                               const char *service)
{
	char addr[ADDR_TEXT_MAX], port[TEXT_U64_MAX];
	size_t used = (size_t)(netstat_put_addr(addr, row, remote) - addr);
	if (host)
		used = out_escaped(out, host, strlen(host), TEXT_WORD);
	else
		out_bytes(out, addr, used);
	out_char(out, ':');
	size_t len = (size_t)(netstat_put_port(port, remote ? row->remote_port : row->local_port) - port);
	if (service)
		len = out_escaped(out, service, strlen(service), TEXT_WORD);
	else
		out_bytes(out, port, len);
	pad_narrow_out(out, used + 1 + len, ADDRESS_WIDTH);
	out_char(out, ' ');
}

static void out_endpoint(const struct view *view, struct out *out, const struct row *row, bool remote)
{
	uint16_t port = remote ? row->remote_port : row->local_port;
	const char *host = NULL, *service = NULL;
	const union addr *addr = remote ? &row->remote : &row->local;
	bool mapped = row->flags & (remote ? ROW_REMOTE_MAPPED : ROW_LOCAL_MAPPED);
	/* netstat's name of the IPv6 wildcard (INET6_rresolve(), lib/inet6.c). */
	if (!view->numeric_hosts && row->family == AF_INET6 && addr_is_any(addr, mapped) && !mapped)
		host = "[::]";
	else if (view->resolve && !view->numeric_hosts)
		host = names_host(view->names, row->family, remote ? &row->remote : &row->local);
	if (!view->numeric_ports && port)
		service = names_service(view->names, row->proto, port);
	if (host || service) {
		out_endpoint_named(out, row, remote, host, service);
		return;
	}
	/* The usual row of -n, in one piece. */
	char *from = out_room(out, ADDR_TEXT_MAX + TEXT_U64_MAX + PAD_NARROW + 2);
	char *to = netstat_put_addr(from, row, remote);
	*to++ = ':';
	to = netstat_put_port(to, port);
	to = pad_narrow(to, (size_t)(to - from), ADDRESS_WIDTH);
	*to++ = ' ';
	out_advance(out, to);
}

static void begin_mark(struct out *out, enum mark mark)
{
	if (mark != MARK_NONE)
		out_string(out, mark_begin(mark));
}

static void end_mark(struct out *out, enum mark mark)
{
	if (mark != MARK_NONE)
		out_string(out, MARK_END);
}

/* A full accept queue is marked. */
static void out_recv_q(const struct view *view, struct out *out, const struct row *row)
{
	enum mark mark = view->color ? mark_queue(row) : MARK_NONE;
	begin_mark(out, mark);
	pad_narrow_right_u64(out, row->recv_q, QUEUE_WIDTH);
	end_mark(out, mark);
}

static void out_state(const struct view *view, struct out *out, const struct row *row)
{
	char number[TEXT_U64_MAX];
	const char *text = state_name(row->state);
	size_t len = strlen(text);
	/* Raw sockets have no state but the kernel's number; unconnected datagrams have none. */
	if (proto_has(row->proto, PROTO_STATE_NUMBER)) {
		text = number;
		len = (size_t)(text_u64(number, row->state) - number);
	} else if (row->state == STATE_CLOSE && !proto_has(row->proto, PROTO_CONNECTIONS)) {
		len = 0;
	}
	enum mark mark = view->color ? mark_state(row) : MARK_NONE;
	begin_mark(out, mark);
	out_bytes(out, text, len);
	end_mark(out, mark);
	pad_narrow_out(out, len, STATE_WIDTH);
}

static void out_user(const struct view *view, struct out *out, const struct row *row)
{
	const char *name = view->numeric_users ? NULL : names_user(view->names, row->uid);
	size_t used;
	out_char(out, ' ');
	if (!(row->flags & ROW_HAS_UID)) {
		out_char(out, '-');
		used = 1;
	} else if (name) {
		used = out_escaped(out, name, strlen(name), TEXT_WORD);
	} else {
		char *to = out_room(out, TEXT_U64_MAX);
		char *end = text_u64(to, row->uid);
		out_advance(out, end);
		used = (size_t)(end - to);
	}
	pad_narrow_out(out, used, USER_WIDTH);
	out_char(out, ' ');
}

/* "812/nginx" */
static size_t netstat_out_process(const struct view *view, struct out *out, const struct process *process)
{
	struct bytes program = owners_text(view->owners, process->program);
	enum text_escape how = view->programs > 1 ? TEXT_ITEM : TEXT_WORD;
	char *to = out_room(out, TEXT_U64_MAX + 1);
	char *end = text_u64(to, (uint64_t)process->pid);
	*end++ = '/';
	out_advance(out, end);
	size_t used = (size_t)(end - to);
	if (program.len)
		return used + out_escaped(out, program.data, program.len, how);
	out_char(out, '-');
	return used + 1;
}

static size_t netstat_out_owners(const struct view *view, struct out *out, const struct owner_span *span)
{
	size_t used = 0;
	uint32_t last = UINT32_MAX;
	for (size_t i = 0; i < span->count; i++) {
		/* A process may hold a socket by several fds. */
		if (span->first[i].process == last)
			continue;
		if (used && view->programs < 2)
			break;
		if (used) {
			out_char(out, ',');
			used++;
		}
		last = span->first[i].process;
		used += netstat_out_process(view, out, &view->owners->process[last]);
	}
	return used;
}

static void out_program(const struct view *view, struct out *out, const struct row *row)
{
	struct owner_span span = { 0 };
	if (view->owners)
		span = owners_of(view->owners, row);
	out_char(out, ' ');
	size_t used = netstat_out_owners(view, out, &span);
	if (!used) {
		out_char(out, '-');
		used = 1;
	}
	pad_narrow_out(out, used, PROGRAM_WIDTH);
}

/* Retransmits are marked. */
static void out_tries(const struct view *view, struct out *out, unsigned tries)
{
	enum mark mark = view->color && tries ? MARK_ODD : MARK_NONE;
	begin_mark(out, mark);
	out_u64(out, tries);
	end_mark(out, mark);
}

/* "keepalive (7187.30/0/0)": seconds left, retransmits, unanswered probes. */
static void out_timer(const struct view *view, struct out *out, const struct sock_timer *timer)
{
	static const char *const kinds[] = { "off", "on", "keepalive", "timewait", "probe", "delack" };
	static const struct sock_timer off = { 0 };
	const struct sock_timer *shown = timer ? timer : &off;
	out_char(out, ' ');
	if (shown->kind < countof(kinds)) {
		out_string(out, kinds[shown->kind]);
	} else {
		out_string(out, "unkn-");
		out_u64(out, shown->kind);
	}
	uint32_t hundredths = shown->expires_ms / 10;
	out_string(out, " (");
	out_u64(out, hundredths / 100);
	out_char(out, '.');
	out_char(out, (char)('0' + hundredths / 10 % 10));
	out_char(out, (char)('0' + hundredths % 10));
	out_char(out, '/');
	out_tries(view, out, shown->retransmits);
	out_char(out, '/');
	out_tries(view, out, shown->probes);
	out_char(out, ')');
}

/* --- rows --- */

/* An end of a socket beside the internet protocols: the column's text. */
static int out_place(struct netstat_state *state, const struct view *view, struct out *out, const struct sock *sock,
                     const char *column)
{
	struct column_source source;
	struct value value;
	column_source_set(&source, view->context, sock);
	column_get(column_find(column, strlen(column)), &source, &value);
	state->detail.len = 0;
	if (value_text(&state->detail, &value, &source) < 0)
		return -1;
	out_bytes(out, state->detail.data, state->detail.len);
	pad_narrow_out(out, state->detail.len, ADDRESS_WIDTH);
	out_char(out, ' ');
	return 0;
}

static int inet_row(struct netstat_state *state, const struct view *view, struct out *out, const struct sock *sock)
{
	char digits[TEXT_U64_MAX];
	const struct row *row = &sock->row;
	const char *proto = proto_table[row->proto].netstat[row->family == AF_INET6];
	pad_narrow_left(out, proto, strlen(proto), PROTO_WIDTH);
	out_recv_q(view, out, row);
	out_char(out, ' ');
	pad_narrow_right_u64(out, row->send_q, QUEUE_WIDTH);
	out_char(out, ' ');
	if (row_is_inet(row)) {
		out_endpoint(view, out, row, false);
		out_endpoint(view, out, row, true);
	} else if (out_place(state, view, out, sock, "local") < 0 || out_place(state, view, out, sock, "remote") < 0) {
		return -1;
	}
	out_state(view, out, row);
	if (view->extend) {
		out_user(view, out, row);
		char *end = text_u64(digits, row->inode);
		pad_narrow_left(out, digits, (size_t)(end - digits), INODE_WIDTH);
	}
	if (view->programs)
		out_program(view, out, row);
	if (view->timers)
		out_timer(view, out, row_is_inet(row) ? sock->timer : NULL);
	return 0;
}

static const char *unix_type(unsigned type)
{
	static const char *const types[] = {
		[SOCK_STREAM] = "STREAM", [SOCK_DGRAM] = "DGRAM",         [SOCK_RAW] = "RAW",
		[SOCK_RDM] = "RDM",       [SOCK_SEQPACKET] = "SEQPACKET",
	};
	return type < countof(types) && types[type] ? types[type] : "UNKNOWN";
}

/* netstat's words are those of the kernel's struct socket, which an unaccepted one lacks yet. */
static const char *unix_state(const struct sock *sock)
{
	bool connected = sock->row.state == STATE_ESTABLISHED;
	if (sock->unix_ && (sock->unix_->has & UNIX_NO_FILE))
		return connected ? "CONNECTING" : "DISCONNECTING";
	if (sock->row.state == STATE_LISTEN)
		return "LISTENING";
	return connected ? "CONNECTED" : "";
}

static void out_path(struct out *out, struct bytes path)
{
	const char *name = path.data;
	size_t len = path.len;
	if (!name)
		return;
	/* An abstract name begins with NUL, shown as @; a relative path may begin with a real one. */
	bool abstract = len && !name[0];
	if (!abstract)
		len = strnlen(name, len);
	if (len && (abstract || name[0] == '@')) {
		out_string(out, abstract ? "@" : "\\x40");
		name++;
		len--;
	}
	if (len > NAME_MAX_BYTES)
		len = NAME_MAX_BYTES;
	out_advance(out, text_escape(out_room(out, TEXT_ESCAPED_MAX(len)), name, len, TEXT_LINE));
}

static void unix_row(const struct view *view, struct out *out, const struct sock *sock)
{
	static const struct sock_unix nothing = { 0 };
	const struct sock_unix *detail = sock->unix_ ? sock->unix_ : &nothing;
	char number[TEXT_U64_MAX + 1];
	char *end = number;
	const char *proto = proto_table[sock->row.proto].netstat[0];
	pad_narrow_left(out, proto, strlen(proto), PROTO_WIDTH);
	if (detail->has & UNIX_HAS_REFCNT)
		end = text_u64(number, detail->refcnt);
	else
		*end++ = '-';
	pad_narrow_left(out, number, (size_t)(end - number), 6);
	const char *flags = sock->row.state == STATE_LISTEN ? " [ ACC ]     " : " [ ]         ";
	out_string(out, flags);
	const char *type = unix_type(detail->type);
	pad_narrow_left(out, type, strlen(type), 10);
	out_char(out, ' ');
	const char *state = unix_state(sock);
	pad_narrow_left(out, state, strlen(state), 13);
	out_char(out, ' ');
	end = text_u64(number, sock->row.inode);
	pad_narrow_left(out, number, (size_t)(end - number), 8);
	if (view->programs)
		out_program(view, out, &sock->row);
	out_char(out, ' ');
	out_path(out, sock->blob[BLOB_PATH]);
}

/* The details of the rows, by the options. */
static int choose_details(const struct view *view, struct column_list *columns)
{
	const struct {
		bool wanted;
		enum column_group group;
	} details[] = {
		{ view->extend > 1, GROUP_EXTRA }, { view->memory, GROUP_MEMORY },   { view->info, GROUP_INFO },
		{ view->filters, GROUP_FILTER },   { view->storage, GROUP_STORAGE },
	};
	for (size_t i = 0; i < countof(details); i++)
		if (details[i].wanted && column_list_add_group(columns, details[i].group) < 0)
			return -1;
	return view->contexts ? column_list_add(columns, column_find("context", strlen("context"))) : 0;
}

static int netstat_begin(void *at, const struct view *view, struct out *out)
{
	struct netstat_state *state = at;
	struct column_list columns = { 0 };
	int result = choose_details(view, &columns);
	if (result == 0)
		result = detail_list_make(&state->details, &columns);
	column_list_free(&columns);
	if (result < 0)
		return -1;
	if (view->protos & PROTO_INET_ALL)
		netstat_heading(state, view, out, PROTO_TCP);
	return 0;
}

static int netstat_row(void *at, const struct view *view, struct out *out, const struct sock *sock)
{
	struct netstat_state *state = at;
	struct column_source source;
	int result = 0;
	netstat_heading(state, view, out, section_of(&sock->row));
	if (sock->row.proto == PROTO_UNIX)
		unix_row(view, out, sock);
	else if (inet_row(state, view, out, sock) < 0)
		return -1;
	if (state->details.count) {
		column_source_set(&source, view->context, sock);
		result = detail_out(out, &state->detail, &state->details, &source);
	}
	if (view->context->netns) {
		const char *label = view->context->netns->item[sock->row.netns].label;
		out_char(out, ' ');
		out_escaped(out, label, strlen(label), TEXT_WORD);
	}
	out_char(out, '\n');
	return result;
}

/* netstat heads a section of unix sockets also when there are none; so are the other families' headed. */
static int netstat_end(void *at, const struct view *view, struct out *out)
{
	struct netstat_state *state = at;
	FOR_EACH_PROTO (proto, view->protos & ~(unsigned)PROTO_INET_ALL)
		netstat_heading(state, view, out, proto);
	detail_list_free(&state->details);
	text_free(&state->detail);
	return 0;
}

const struct format format_netstat = {
	.name = "netstat",
	.begin = netstat_begin,
	.row = netstat_row,
	.end = netstat_end,
	.state_size = sizeof(struct netstat_state),
	.details = PROCESS_NAME,
	.want = WANT_REFCNT,
	.unix_apart = true,
};
