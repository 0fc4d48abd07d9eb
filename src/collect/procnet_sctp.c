// SPDX-License-Identifier: MIT
/*
 * procnet_sctp.c - /proc/net/sctp/eps and assocs (procnet.h).
 *
 * sctp_eps_seq_show() and sctp_assocs_seq_show(), net/sctp/proc.c, Linux 6.18:
 *
 *    ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS
 *   "%8pK %8pK %-3d %-3d %-4d %-5d %5u %5lu " and "%pI4 " or "%pI6 " each
 *    ASSOC SOCK STY SST ST HBKT ASSOC-ID TX_QUEUE RX_QUEUE UID INODE LPORT RPORT LADDRS <-> RADDRS ...
 *   "%8pK %8pK %-3d %-3d %-2d %-4d %4d %8d %8d %7u %5lu %-5d %5d ", addresses, "<-> ", addresses, "\t%8lu ..."
 *
 * The primary address has a * before it. %pI6 writes eight groups of four digits.
 */
#include "collect/procnet.h"

#include <string.h>

#include <sockview/proto.h>

#include "collect/lines.h"

enum { GROUPS = 8 };

static bool sctp_numbers(struct cursor *cursor, uint64_t *value, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cursor_blanks(cursor);
		if (!cursor_decimal(cursor, UINT32_MAX, &value[i]))
			return false;
	}
	return true;
}

static bool take_dotted(struct cursor *cursor, union addr *addr)
{
	uint64_t value;
	for (size_t i = 0; i < 4; i++) {
		if ((i && !cursor_char(cursor, '.')) || !cursor_decimal(cursor, UINT8_MAX, &value))
			return false;
		addr->byte[i] = (uint8_t)value;
	}
	return true;
}

static bool take_grouped(struct cursor *cursor, union addr *addr)
{
	uint64_t value;
	for (size_t i = 0; i < GROUPS; i++) {
		if ((i && !cursor_char(cursor, ':')) || !cursor_hex(cursor, 4, 4, &value))
			return false;
		addr->byte[2 * i] = (uint8_t)(value >> 8);
		addr->byte[2 * i + 1] = (uint8_t)value;
	}
	return true;
}

static bool sctp_address(struct cursor *cursor, union addr *addr, uint8_t *family)
{
	struct cursor start = *cursor;
	*addr = (union addr){ 0 };
	*family = AF_INET;
	if (take_dotted(cursor, addr))
		return true;
	*cursor = start;
	*addr = (union addr){ 0 };
	*family = AF_INET6;
	return take_grouped(cursor, addr);
}

/* Addresses up to what is none: the primary one, or the first; false if there is none. */
static bool sctp_addresses(struct cursor *cursor, union addr *chosen, uint8_t *family)
{
	bool any = false;
	for (;;) {
		union addr addr;
		uint8_t of;
		cursor_blanks(cursor);
		struct cursor start = *cursor;
		bool primary = cursor_char(cursor, '*');
		if (!sctp_address(cursor, &addr, &of)) {
			*cursor = start;
			return any;
		}
		if (!any || primary) {
			*chosen = addr;
			*family = of;
		}
		any = true;
	}
}

static void sctp_row_begin(struct row *row, struct sock_detail *detail)
{
	*row = (struct row){ .proto = PROTO_SCTP };
	*detail = (struct sock_detail){ .sctp = SOCK_SCTP_UNTOLD, .has = HAS_SCTP };
}

static bool sctp_endpoint(struct cursor *cursor, struct row *row)
{
	enum { TYPE, STATE, BUCKET, PORT, UID, INODE, NUMBERS };
	uint64_t value[NUMBERS];
	if (!sctp_numbers(cursor, value, NUMBERS) || value[PORT] > UINT16_MAX || value[STATE] == STATE_UNKNOWN ||
	    value[STATE] >= STATE_NEW_SYN_RECV || !sctp_addresses(cursor, &row->local, &row->family))
		return false;
	row->state = (uint8_t)value[STATE];
	row->local_port = (uint16_t)value[PORT];
	row->uid = (uint32_t)value[UID];
	row->inode = (uint32_t)value[INODE];
	row->flags = ROW_HAS_UID;
	return true;
}

static bool sctp_association(struct cursor *cursor, struct row *row, struct sock_detail *detail)
{
	enum { TYPE, SOCKET_STATE, STATE, BUCKET, ID, TX, RX, UID, INODE, PORT, PEER_PORT, NUMBERS };
	uint64_t value[NUMBERS];
	uint8_t peer_family;
	if (!sctp_numbers(cursor, value, NUMBERS) || value[PORT] > UINT16_MAX || value[PEER_PORT] > UINT16_MAX ||
	    value[STATE] >= SCTP_STATES || !sctp_addresses(cursor, &row->local, &row->family))
		return false;
	if (!cursor_char(cursor, '<') || !cursor_char(cursor, '-') || !cursor_char(cursor, '>') ||
	    !sctp_addresses(cursor, &row->remote, &peer_family) || peer_family != row->family)
		return false;
	row->state = (uint8_t)sctp_row_state((unsigned)value[STATE]);
	row->local_port = (uint16_t)value[PORT];
	row->remote_port = (uint16_t)value[PEER_PORT];
	row->send_q = (uint32_t)value[TX];
	row->recv_q = (uint32_t)value[RX];
	row->uid = (uint32_t)value[UID];
	row->inode = (uint32_t)value[INODE];
	row->flags = ROW_HAS_UID | ROW_HAS_QUEUES;
	detail->sctp.state = (uint8_t)(value[STATE] + 1);
	return true;
}

bool procnet_sctp_parse(const char *text, size_t len, bool association, struct row *row, struct sock_detail *detail)
{
	struct cursor cursor = { text, text + len };
	sctp_row_begin(row, detail);
	cursor_blanks(&cursor);
	if (!cursor_address(&cursor))
		return false;
	cursor_blanks(&cursor);
	if (!cursor_address(&cursor))
		return false;
	if (!(association ? sctp_association(&cursor, row, detail) : sctp_endpoint(&cursor, row)))
		return false;
	row->flags |= row_mapped(row);
	return true;
}

struct sctp_file {
	const struct procnet_file *file;
	bool association;
};

static int sctp_take_line(void *context, const struct line *line)
{
	const struct sctp_file *self = context;
	struct sock sock = { 0 };
	struct sock_detail detail;
	if (!line->whole || !procnet_sctp_parse(line->text, line->len, self->association, &sock.row, &detail)) {
		self->file->report->malformed += !line->first;
		return 0;
	}
	sock.detail = &detail;
	return procnet_give(self->file, &sock);
}

int procnet_sctp_read(int fd, const struct procnet_file *file)
{
	struct sctp_file self = { file, strcmp(file->name, proto_table[PROTO_SCTP].file[1]) == 0 };
	return lines_read(fd, file->name, sctp_take_line, &self, file->error);
}
