// SPDX-License-Identifier: MIT
/*
 * procnet_inet.c - a line of /proc/net/{tcp,udp,udplite,raw}{,6} (procnet_inet.h).
 *
 * All of them have this head (get_tcp4_sock(), get_openreq4() and
 * get_timewait4_sock() in net/ipv4/tcp_ipv4.c, udp4_format_sock() in
 * net/ipv4/udp.c, raw_sock_seq_show() in net/ipv4/raw.c and their kin of
 * net/ipv6, Linux 6.18):
 *
 *      sl: local:port remote:port st txqueue:rxqueue tr:tm->when retrnsmt uid timeout inode ...
 *   "%4d: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X %5u %8d %lu ..."
 *
 * An address is one or four words of network byte order, each printed as a
 * number of this host. Times are in USER_HZ, which is 100 wherever Linux runs
 * today. A listener's rx_queue is its accept queue; nothing tells its backlog.
 */
#include "collect/procnet_inet.h"

#include "collect/lines.h"
#include "collect/procnet.h"

#define MS_PER_TICK 10

static bool take_endpoint(struct cursor *cursor, int family, union addr *addr, uint16_t *port)
{
	uint64_t value;
	for (int i = 0; i < (family == AF_INET6 ? 4 : 1); i++) {
		if (!cursor_hex(cursor, 8, 8, &value))
			return false;
		addr->word[i] = (uint32_t)value;
	}
	if (!cursor_char(cursor, ':') || !cursor_hex(cursor, 4, 4, &value))
		return false;
	cursor_blanks(cursor);
	*port = (uint16_t)value;
	return true;
}

static bool take_state(struct cursor *cursor, struct row *row)
{
	uint64_t value;
	if (!cursor_hex(cursor, 2, 2, &value) || value == STATE_UNKNOWN || value > STATE_NEW_SYN_RECV)
		return false;
	row->state = value == STATE_NEW_SYN_RECV ? STATE_SYN_RECV : (uint8_t)value;
	cursor_blanks(cursor);
	return true;
}

static bool take_queues(struct cursor *cursor, struct row *row)
{
	uint64_t sent, received;
	if (!cursor_hex(cursor, 8, 8, &sent) || !cursor_char(cursor, ':') || !cursor_hex(cursor, 8, 8, &received))
		return false;
	row->send_q = (uint32_t)sent;
	row->recv_q = (uint32_t)received;
	cursor_blanks(cursor);
	return true;
}

static uint8_t at_most_255(uint64_t value)
{
	return value < 255 ? (uint8_t)value : 255;
}

/* "tr:tm->when retrnsmt". */
static bool take_timer(struct cursor *cursor, struct sock_timer *timer)
{
	uint64_t kind, ticks, retransmits;
	if (!cursor_hex(cursor, 2, 2, &kind) || !cursor_char(cursor, ':') || !cursor_hex(cursor, 8, 16, &ticks))
		return false;
	cursor_blanks(cursor);
	if (!cursor_hex(cursor, 8, 8, &retransmits))
		return false;
	cursor_blanks(cursor);
	timer->kind = (uint8_t)kind;
	timer->expires_ms = ticks > UINT32_MAX / MS_PER_TICK ? UINT32_MAX : (uint32_t)(ticks * MS_PER_TICK);
	timer->retransmits = at_most_255(retransmits);
	return true;
}

static bool take_column(struct cursor *cursor, uint64_t max, uint64_t *value)
{
	if (!cursor_decimal(cursor, max, value))
		return false;
	bool ends = cursor->at == cursor->end || *cursor->at == ' ';
	cursor_blanks(cursor);
	return ends;
}

/* "uid timeout inode"; the timeout is the number of unanswered probes (icsk_probes_out). */
static bool take_numbers(struct cursor *cursor, struct row *row, struct sock_timer *timer)
{
	uint64_t uid, probes, inode;
	if (!take_column(cursor, UINT32_MAX, &uid) || !take_column(cursor, UINT32_MAX, &probes) ||
	    !take_column(cursor, UINT32_MAX, &inode))
		return false;
	row->uid = (uint32_t)uid;
	row->inode = (uint32_t)inode;
	timer->probes = at_most_255(probes);
	return true;
}

bool procnet_inet_parse(const char *text, size_t len, enum proto proto, int family, struct row *row,
                        struct sock_timer *timer)
{
	struct cursor cursor = { text, text + len };
	uint64_t slot;
	*row = (struct row){ .proto = (uint8_t)proto, .family = (uint8_t)family };
	*timer = (struct sock_timer){ 0 };
	cursor_blanks(&cursor);
	if (!cursor_decimal(&cursor, UINT64_MAX, &slot) || !cursor_char(&cursor, ':'))
		return false;
	cursor_blanks(&cursor);
	if (!take_endpoint(&cursor, family, &row->local, &row->local_port) ||
	    !take_endpoint(&cursor, family, &row->remote, &row->remote_port) || !take_state(&cursor, row) ||
	    !take_queues(&cursor, row) || !take_timer(&cursor, timer) || !take_numbers(&cursor, row, timer))
		return false;
	row->flags = ROW_HAS_QUEUES | ROW_HAS_UID | ROW_NO_DEVICE | row_mapped(row);
	return true;
}

enum { LINES_A_LOOK = 256 }; /* at the clock */

/* What inet_take_line() ends a file with, beside the sink's answers. */
enum { LINES_ENOUGH = 0x5e01 };

struct inet_reading {
	const struct procnet_file *file;
	bool only_listeners;
	unsigned lines;
};

static int inet_take_line(void *context, const struct line *line)
{
	struct inet_reading *reading = context;
	const struct procnet_file *file = reading->file;
	struct sock sock = { 0 };
	struct sock_timer timer;
	if (++reading->lines % LINES_A_LOOK == 0 && procnet_is_late(file->request, file->report))
		return LINES_ENOUGH;
	if (!line->whole || !procnet_inet_parse(line->text, line->len, file->proto, file->family, &sock.row, &timer)) {
		file->report->malformed += !line->first;
		return 0;
	}
	if (reading->only_listeners && sock.row.state != STATE_LISTEN)
		return LINES_ENOUGH;
	if (file->request->query->want & WANT_TIMER)
		sock.timer = &timer;
	return procnet_give(file, &sock);
}

int procnet_inet_read(int fd, const struct procnet_file *file)
{
	const struct source_request *request = file->request;
	struct inet_reading reading = {
		.file = file,
		.only_listeners = request->waiting_first && file->proto == PROTO_TCP &&
		                  request->query->states[PROTO_TCP] == STATE_BIT(STATE_LISTEN),
	};
	int answer = lines_read(fd, file->name, inet_take_line, &reading, file->error);
	return answer == LINES_ENOUGH ? 0 : answer;
}
