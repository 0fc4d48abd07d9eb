// SPDX-License-Identifier: MIT
/*
 * procnet_packet.c - /proc/net/packet (procnet.h).
 *
 * packet_seq_show(), net/packet/af_packet.c, Linux 6.18:
 *
 *    sk RefCnt Type Proto Iface R Rmem User Inode
 *   "%pK %-6d %-4d %04x   %-5d %1d %-6u %-6u %-6lu"
 */
#include "collect/procnet.h"

#include <linux/packet_diag.h>

#include "collect/lines.h"

static bool packet_number(struct cursor *cursor, uint64_t max, uint64_t *value)
{
	cursor_blanks(cursor);
	return cursor_decimal(cursor, max, value);
}

bool procnet_packet_parse(const char *text, size_t len, struct row *row, struct sock_detail *detail)
{
	struct cursor cursor = { text, text + len };
	uint64_t refcnt, type, protocol, ifindex, running, received, uid, inode;
	*row = (struct row){ .proto = PROTO_PACKET, .family = AF_PACKET, .state = STATE_CLOSE };
	*detail = (struct sock_detail){ .has = HAS_PACKET };
	if (!cursor_address(&cursor) || !packet_number(&cursor, UINT32_MAX, &refcnt) ||
	    !packet_number(&cursor, UINT8_MAX, &type))
		return false;
	cursor_blanks(&cursor);
	if (!cursor_hex(&cursor, 4, 4, &protocol) || !packet_number(&cursor, UINT32_MAX, &ifindex) ||
	    !packet_number(&cursor, 1, &running) || !packet_number(&cursor, UINT32_MAX, &received) ||
	    !packet_number(&cursor, UINT32_MAX, &uid) || !packet_number(&cursor, UINT32_MAX, &inode))
		return false;
	row->ifindex = (uint32_t)ifindex;
	row->recv_q = (uint32_t)received;
	row->uid = (uint32_t)uid;
	row->inode = (uint32_t)inode;
	row->flags = ROW_HAS_UID | ROW_HAS_QUEUES;
	detail->type = (uint8_t)type;
	detail->packet.protocol = (uint16_t)protocol;
	return true;
}

static int packet_take_line(void *context, const struct line *line)
{
	const struct procnet_file *file = context;
	struct sock sock = { 0 };
	struct sock_detail detail;
	if (!line->whole || !procnet_packet_parse(line->text, line->len, &sock.row, &detail)) {
		file->report->malformed += !line->first;
		return 0;
	}
	sock.detail = &detail;
	return procnet_give(file, &sock);
}

int procnet_packet_read(int fd, const struct procnet_file *file)
{
	struct procnet_file copy = *file;
	return lines_read(fd, file->name, packet_take_line, &copy, file->error);
}
