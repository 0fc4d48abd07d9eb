// SPDX-License-Identifier: MIT
/*
 * procnet_unix.c - /proc/net/unix (procnet.h).
 *
 * unix_seq_show(), net/unix/af_unix.c, Linux 6.18:
 *
 *    Num:  RefCount Protocol Flags Type St Inode [Path]
 *   "%pK: %08X %08X %08X %04X %02X %5lu[ %s]"
 *
 * The path is at most 108 bytes, NULs written as '@' (which only abstract names
 * have, at the beginning and anywhere behind), everything else raw: a
 * newline in it begins a new line, and what follows may look like anything.
 * So a row is kept back until the line behind it has been seen.
 */
#include "collect/procnet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/vec.h>

#include "collect/lines.h"

#define ACCEPTS (1u << 16) /* __SO_ACCEPTCON */

/* enum socket_state, include/uapi/linux/net.h: of the file's St. */
enum { SS_UNCONNECTED = 1, SS_CONNECTING, SS_CONNECTED, SS_DISCONNECTING };

/* A row that waits for the rest of its path. */
struct unix_pending {
	bool there, certain;
	struct row row;
	struct sock_unix unix_;
	bool has_path;
	size_t len;
	char path[PROCNET_PATH_MAX];
	/*
	 * How much of its bytes the nearest name that may still go on has used up:
	 * this row's, or the one that this row may be a part of. All if there is none.
	 */
	size_t used;
};

struct unix_reader {
	procnet_unix_sink *sink;
	void *context;
	struct report *report;
	struct unix_pending pending;
	int answer; /* the sink's, if it ended the reading */
};

static bool take_hex_column(struct cursor *cursor, unsigned digits, uint64_t *value)
{
	return cursor_char(cursor, ' ') && cursor_hex(cursor, digits, digits, value);
}

/* Of a socket without a file St says the same as the flag UNIX_NO_FILE and the state. */
static bool state_set(struct row *row, struct sock_unix *unix_, uint64_t flags, uint64_t st)
{
	static const uint8_t states[] = {
		[SS_UNCONNECTED] = STATE_CLOSE,
		[SS_CONNECTING] = STATE_ESTABLISHED,
		[SS_CONNECTED] = STATE_ESTABLISHED,
		[SS_DISCONNECTING] = STATE_CLOSE,
	};
	if (st < SS_UNCONNECTED || st > SS_DISCONNECTING)
		return false;
	row->state = flags & ACCEPTS ? STATE_LISTEN : states[st];
	if (st == SS_CONNECTING || st == SS_DISCONNECTING)
		unix_->has |= UNIX_NO_FILE;
	return true;
}

static bool take_inode(struct cursor *cursor, uint32_t *inode)
{
	uint64_t value;
	if (!cursor_char(cursor, ' '))
		return false;
	cursor_blanks(cursor);
	if (!cursor_decimal(cursor, UINT32_MAX, &value))
		return false;
	*inode = (uint32_t)value;
	return true;
}

static bool take_path(struct cursor *cursor, struct bytes *path)
{
	*path = (struct bytes){ NULL, 0 };
	if (cursor->at == cursor->end)
		return true;
	if (!cursor_char(cursor, ' '))
		return false;
	*path = (struct bytes){ cursor->at, (size_t)(cursor->end - cursor->at) };
	return path->len <= PROCNET_PATH_MAX;
}

bool procnet_unix_parse(const char *text, size_t len, struct row *row, struct sock_unix *unix_, struct bytes *path)
{
	struct cursor cursor = { text, text + len };
	uint64_t refcnt, protocol, flags, type, st;
	*row = (struct row){ .proto = PROTO_UNIX, .family = AF_UNIX };
	if (!cursor_address(&cursor) || !cursor_char(&cursor, ':') || !take_hex_column(&cursor, 8, &refcnt) ||
	    !take_hex_column(&cursor, 8, &protocol) || !take_hex_column(&cursor, 8, &flags) ||
	    !take_hex_column(&cursor, 4, &type) || !take_hex_column(&cursor, 2, &st) ||
	    !take_inode(&cursor, &row->inode) || !take_path(&cursor, path))
		return false;
	*unix_ = (struct sock_unix){ .refcnt = (uint32_t)refcnt, .type = (uint8_t)type, .has = UNIX_HAS_REFCNT };
	return state_set(row, unix_, flags, st);
}

static int pending_give(struct unix_reader *reader)
{
	struct unix_pending *pending = &reader->pending;
	if (!pending->there)
		return 0;
	struct sock sock = { .row = pending->row, .unix_ = &pending->unix_ };
	if (pending->len) {
		if (pending->path[0] == '@') {
			pending->path[0] = '\0';
			if (memchr(pending->path, '@', pending->len))
				pending->unix_.has |= UNIX_NUL_OR_AT;
		}
		sock.blob[BLOB_PATH] = (struct bytes){ pending->path, pending->len };
	}
	pending->there = false;
	return reader->sink(reader->context, &sock, pending->certain);
}

/* True if the kernel may have written a newline and `len` bytes behind it as part of the name before. */
static bool has_room(const struct unix_pending *pending, size_t len)
{
	return len < PROCNET_PATH_MAX && pending->used + 1 + len <= PROCNET_PATH_MAX;
}

static int row_begin(struct unix_reader *reader, const struct unix_pending *next, const struct bytes *path,
                     size_t line_len)
{
	struct unix_pending *pending = &reader->pending;
	bool room = has_room(pending, line_len);
	size_t used = room ? pending->used + 1 + line_len : PROCNET_PATH_MAX;
	int answer = pending_give(reader);
	*pending = *next;
	pending->there = true;
	pending->certain = !room;
	pending->has_path = path->data;
	pending->len = path->len;
	pending->used = path->data ? path->len : used;
	if (path->len)
		memcpy(pending->path, path->data, path->len);
	return answer;
}

static int unix_take_line(void *context, const struct line *line)
{
	struct unix_reader *reader = context;
	struct unix_pending *pending = &reader->pending, next = { 0 };
	struct bytes path;
	if (line->whole && procnet_unix_parse(line->text, line->len, &next.row, &next.unix_, &path))
		return reader->answer = row_begin(reader, &next, &path, line->len);
	if (!line->whole || !pending->there || !pending->has_path || !has_room(pending, line->len)) {
		reader->report->malformed += !line->first;
		return 0;
	}
	pending->path[pending->len] = '\n';
	memcpy(pending->path + pending->len + 1, line->text, line->len);
	pending->len += 1 + line->len;
	pending->used = pending->len;
	return 0;
}

int procnet_unix_each(int fd, procnet_unix_sink *sink, void *context, struct report *report, struct error *error)
{
	struct unix_reader reader = {
		.sink = sink,
		.context = context,
		.report = report,
		.pending.used = PROCNET_PATH_MAX,
	};
	int answer = lines_read(fd, "unix", unix_take_line, &reader, error);
	if (reader.answer)
		return answer;
	int last = pending_give(&reader);
	return last ? last : answer;
}

static int give_any(void *context, const struct sock *sock, bool certain)
{
	(void)certain; /* the file is all that this source asks */
	return procnet_give(context, sock);
}

int procnet_unix_read(int fd, const struct procnet_file *file)
{
	struct procnet_file copy = *file;
	return procnet_unix_each(fd, give_any, &copy, file->report, file->error);
}

/* --- what unix_diag leaves out --- */

struct procnet_refcnt {
	uint32_t inode, refcnt;
	bool doubtful; /* the inode stands there twice, with two counts */
};

static int refcnt_add(struct procnet_unix *unix_, const struct sock *sock)
{
	struct procnet_refcnt *grown = vec_reserve(unix_->refcnt, &unix_->capacity, unix_->count + 1, sizeof(*grown));
	if (!grown)
		return -1;
	unix_->refcnt = grown;
	unix_->refcnt[unix_->count++] =
		(struct procnet_refcnt){ .inode = sock->row.inode, .refcnt = sock->unix_->refcnt };
	return 0;
}

static int load_sink(void *context, const struct sock *sock, bool certain)
{
	struct procnet_unix *unix_ = context;
	if (sock->row.inode)
		return refcnt_add(unix_, sock);
	return table_add(certain ? &unix_->certain : &unix_->uncertain, sock);
}

static int by_inode(const void *a, const void *b)
{
	const struct procnet_refcnt *x = a, *y = b;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* Sorted, each inode once. */
static void refcnt_sort(struct procnet_unix *unix_)
{
	size_t kept = 0;
	if (!unix_->count)
		return;
	qsort(unix_->refcnt, unix_->count, sizeof(*unix_->refcnt), by_inode);
	for (size_t i = 1; i < unix_->count; i++) {
		struct procnet_refcnt *last = &unix_->refcnt[kept], *next = &unix_->refcnt[i];
		if (last->inode == next->inode)
			last->doubtful |= last->refcnt != next->refcnt;
		else
			unix_->refcnt[++kept] = *next;
	}
	unix_->count = kept + 1;
}

int procnet_unix_load(struct procnet_unix *unix_, const struct source_files *files, int proc_net_fd,
                      struct report *report, struct error *error)
{
	*unix_ = (struct procnet_unix){ 0 };
	table_init(&unix_->certain, WANT_UNIX);
	table_init(&unix_->uncertain, WANT_UNIX);
	int fd = source_file_open(files, proc_net_fd, PROTO_UNIX, 0, error);
	if (fd < 0)
		return -1;
	error->number = 0;
	int answer = procnet_unix_each(fd, load_sink, unix_, report, error);
	source_file_close(files, fd);
	if (answer && !error->number)
		return error_set(error, ENOMEM, "keep", "/proc/net/unix");
	refcnt_sort(unix_);
	return answer;
}

bool procnet_unix_refcnt(const struct procnet_unix *unix_, uint32_t inode, uint32_t *refcnt)
{
	const struct procnet_refcnt key = { .inode = inode };
	const struct procnet_refcnt *found =
		unix_->count ? bsearch(&key, unix_->refcnt, unix_->count, sizeof(key), by_inode) : NULL;
	if (!found || found->doubtful)
		return false;
	*refcnt = found->refcnt;
	return true;
}

void procnet_unix_free(struct procnet_unix *unix_)
{
	free(unix_->refcnt);
	table_free(&unix_->certain);
	table_free(&unix_->uncertain);
	*unix_ = (struct procnet_unix){ 0 };
}
