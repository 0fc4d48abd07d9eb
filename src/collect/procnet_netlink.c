// SPDX-License-Identifier: MIT
/*
 * procnet_netlink.c - /proc/net/netlink (procnet.h).
 *
 * netlink_native_seq_show(), net/netlink/af_netlink.c, Linux 6.18:
 *
 *    sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
 *   "%pK %-3d %-10u %08x %-8d %-8d %-5d %-8d %-8u %-8lu"
 */
#include "collect/procnet.h"

#include "collect/lines.h"

static bool netlink_numbers(struct cursor *cursor, uint64_t *value, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cursor_blanks(cursor);
		if (!cursor_decimal(cursor, UINT32_MAX, &value[i]))
			return false;
	}
	return true;
}

bool procnet_netlink_parse(const char *text, size_t len, struct row *row, struct sock_detail *detail)
{
	enum { RMEM, WMEM, DUMP, LOCKS, DROPS, INODE, REST };
	struct cursor cursor = { text, text + len };
	uint64_t head[2], groups, rest[REST];
	*row = (struct row){ .proto = PROTO_NETLINK, .family = AF_NETLINK, .state = STATE_CLOSE };
	*detail = (struct sock_detail){ 0 };
	if (!cursor_address(&cursor) || !netlink_numbers(&cursor, head, 2) || head[0] > UINT8_MAX)
		return false;
	cursor_blanks(&cursor);
	if (!cursor_hex(&cursor, 8, 8, &groups) || !netlink_numbers(&cursor, rest, REST))
		return false;
	row_set_netlink(row, detail, (unsigned)head[0], (uint32_t)head[1]);
	row->recv_q = (uint32_t)rest[RMEM];
	row->send_q = (uint32_t)rest[WMEM];
	row->inode = (uint32_t)rest[INODE];
	row->flags |= ROW_HAS_QUEUES;
	detail->netlink.groups = (uint32_t)groups;
	detail->netlink.drops = (uint32_t)rest[DROPS];
	detail->netlink.dumping = rest[DUMP];
	detail->has |= HAS_NETLINK_DROPS | HAS_NETLINK_FLAGS;
	return true;
}

static int netlink_take_line(void *context, const struct line *line)
{
	const struct procnet_file *file = context;
	struct sock sock = { 0 };
	struct sock_detail detail;
	if (!line->whole || !procnet_netlink_parse(line->text, line->len, &sock.row, &detail)) {
		file->report->malformed += !line->first;
		return 0;
	}
	sock.detail = &detail;
	return procnet_give(file, &sock);
}

int procnet_netlink_read(int fd, const struct procnet_file *file)
{
	struct procnet_file copy = *file;
	return lines_read(fd, file->name, netlink_take_line, &copy, file->error);
}
