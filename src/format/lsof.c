/*
 * lsof.c - the listing of lsof -i (lsof 4.95); its -F fields are in lsof_fields.c.
 *
 *   COMMAND   PID USER   FD   TYPE DEVICE SIZE/OFF NODE NAME
 *   nginx    1234 root    6u  IPv4  12493      0t0  TCP *:80 (LISTEN)
 *   ^content ^    ^        ^4 ^     ^               ^   right but for COMMAND and NAME
 *
 * A row is an fd of a process, in order of pid and fd, so all sockets are kept
 * until the last is known. Escapes of hostile names are ours (\x1b where lsof
 * has ^[), fds from 10000 on are whole where lsof has *000.
 */
#include "format/lsof.h"

#include <stdlib.h>
#include <string.h>

#include <sockview/proto.h>
#include <sockview/text.h>
#include <sockview/vec.h>

enum { COMMAND_MIN = 7, DEVICE_MIN = 6, NODE_MIN = 4, USER_MIN = 4, PID_MIN = 3 };

static int lsof_begin(void *state, const struct view *view, struct out *out)
{
	(void)state;
	(void)view;
	(void)out;
	return 0;
}

static int lsof_row(void *at, const struct view *view, struct out *out, const struct sock *sock)
{
	struct lsof_state *state = at;
	(void)out;
	struct owner_span span = { 0 };
	if (view->owners)
		span = owners_of(view->owners, &sock->row);
	if (!span.count)
		return 0;
	struct row *row = vec_reserve(state->row, &state->row_capacity, state->row_count + 1, sizeof(*row));
	if (!row)
		return -1;
	state->row = row;
	struct file *file =
		vec_reserve(state->file, &state->file_capacity, state->file_count + span.count, sizeof(*file));
	if (!file)
		return -1;
	state->file = file;
	for (size_t i = 0; i < span.count; i++)
		state->file[state->file_count++] =
			(struct file){ (uint32_t)(span.first + i - view->owners->owner), (uint32_t)state->row_count };
	state->row[state->row_count++] = sock->row;
	return 0;
}

/* --- what stands in a line --- */

struct line lsof_line(const struct lsof_state *state, const struct view *view, size_t index)
{
	const struct owner *owner = &view->owners->owner[state->file[index].owner];
	return (struct line){ view, owner, &view->owners->process[owner->process],
		              &state->row[state->file[index].row] };
}

/* How much of an escaped word fits into `width`: no escape and no character is cut in two. */
static size_t whole_units(const char *text, size_t len, size_t width)
{
	size_t at = 0, places = 0;
	while (at < len) {
		size_t unit = text[at] == '\\' ? (text[at + 1] == 'x' ? 4 : 2) : text_utf8_len(text + at, len - at);
		size_t wide = text[at] == '\\' ? unit : 1;
		if (places + wide > width)
			break;
		places += wide;
		at += unit;
	}
	return at;
}

/* lsof shows the kernel's name of the process, blanks as \x20, cut to a width. */
static int put_command(struct text *text, const struct line *line)
{
	struct bytes comm = owners_text(line->view->owners, line->process->comm);
	text->len = 0;
	if (text_add_escaped(text, comm, TEXT_WORD) < 0)
		return -1;
	unsigned width = line->view->command_width;
	if (width)
		text->len = whole_units(text->data, text->len, width < COMMAND_MIN ? COMMAND_MIN : width);
	return 0;
}

const char *lsof_login(const struct line *line)
{
	return line->view->numeric_users ? NULL : names_user(line->view->names, line->process->uid);
}

static int put_user(struct text *text, const struct line *line)
{
	const char *login = lsof_login(line);
	text->len = 0;
	if (login)
		return text_add_escaped(text, (struct bytes){ login, strlen(login) }, TEXT_WORD);
	char *to = text_room(text, TEXT_U64_MAX);
	if (!to)
		return -1;
	text_advance(text, text_u64(to, line->process->uid));
	return 0;
}

const char *lsof_type(const struct row *row)
{
	return row->family == AF_INET ? "IPv4" : row->family == AF_INET6 ? "IPv6" : "unix";
}

const char *lsof_node(const struct row *row)
{
	static const char *const nodes[PROTO_COUNT] = { "TCP", "UDP", "UDPLITE", "RAW", "" };
	return nodes[row->proto];
}

static bool is_any(const union addr *addr, bool mapped)
{
	return mapped ? !addr->word[3] : !(addr->word[0] | addr->word[1] | addr->word[2] | addr->word[3]);
}

static int add_host(struct text *text, const struct line *line, const union addr *addr, bool mapped)
{
	const char *host = NULL;
	if (is_any(addr, mapped))
		return text_add_string(text, "*");
	if (line->view->resolve && !line->view->numeric_hosts)
		host = names_host(line->view->names, line->row->family, addr);
	if (host)
		return text_add_escaped(text, (struct bytes){ host, strlen(host) }, TEXT_WORD);
	char *to = text_room(text, ADDR_TEXT_MAX + 2);
	if (!to)
		return -1;
	bool brackets = line->row->family == AF_INET6 && !mapped;
	if (brackets)
		*to++ = '[';
	to = addr_text(to, addr, line->row->family, mapped);
	if (brackets)
		*to++ = ']';
	text_advance(text, to);
	return 0;
}

static int add_port(struct text *text, const struct line *line, uint16_t port)
{
	const char *service = NULL;
	if (!port)
		return text_add_string(text, ":*");
	if (!line->view->numeric_ports)
		service = names_service(line->view->names, line->row->proto, port);
	if (text_add_string(text, ":") < 0)
		return -1;
	if (service)
		return text_add_escaped(text, (struct bytes){ service, strlen(service) }, TEXT_WORD);
	char *to = text_room(text, TEXT_U64_MAX);
	if (!to)
		return -1;
	text_advance(text, text_u64(to, port));
	return 0;
}

int lsof_put_name(struct text *text, const struct line *line)
{
	const struct row *row = line->row;
	bool remote_mapped = row->flags & ROW_REMOTE_MAPPED;
	text->len = 0;
	if (row->family == AF_UNIX)
		return 0;
	if (add_host(text, line, &row->local, row->flags & ROW_LOCAL_MAPPED) < 0 ||
	    add_port(text, line, row->local_port) < 0)
		return -1;
	if (is_any(&row->remote, remote_mapped) && !row->remote_port)
		return 0;
	if (text_add_string(text, "->") < 0 || add_host(text, line, &row->remote, remote_mapped) < 0)
		return -1;
	return add_port(text, line, row->remote_port);
}

/* --- the listing --- */

static void out_blanks(struct out *out, size_t used, size_t width)
{
	for (; used < width; used++)
		out_char(out, ' ');
}

static void out_right(struct out *out, const char *text, size_t len, size_t width)
{
	out_blanks(out, len, width);
	out_bytes(out, text, len);
}

static void out_number(struct out *out, uint64_t number, size_t width)
{
	char digits[TEXT_U64_MAX];
	out_right(out, digits, (size_t)(text_u64(digits, number) - digits), width);
}

static void widen(size_t *width, size_t used)
{
	if (used > *width)
		*width = used;
}

static size_t digits_of(uint64_t number)
{
	char digits[TEXT_U64_MAX];
	return (size_t)(text_u64(digits, number) - digits);
}

static size_t characters(const struct text *text)
{
	size_t count = 0;
	for (size_t i = 0; i < text->len; i++)
		count += ((uint8_t)text->data[i] & 0xc0) != 0x80;
	return count;
}

static int measure(struct lsof_state *state, const struct view *view)
{
	state->command_width = COMMAND_MIN;
	state->pid_width = PID_MIN;
	state->user_width = USER_MIN;
	state->device_width = DEVICE_MIN;
	state->node_width = NODE_MIN;
	for (size_t i = 0; i < state->file_count; i++) {
		struct line line = lsof_line(state, view, i);
		if (put_command(&state->command, &line) < 0 || put_user(&state->name, &line) < 0)
			return -1;
		widen(&state->command_width, characters(&state->command));
		widen(&state->user_width, characters(&state->name));
		widen(&state->pid_width, digits_of((uint64_t)line.process->pid));
		widen(&state->device_width, digits_of(line.row->inode));
		widen(&state->node_width, strlen(lsof_node(line.row)));
	}
	return 0;
}

static void out_heading(const struct lsof_state *state, struct out *out)
{
	out_string(out, "COMMAND");
	out_blanks(out, COMMAND_MIN, state->command_width);
	out_char(out, ' ');
	out_right(out, "PID", 3, state->pid_width);
	out_char(out, ' ');
	out_right(out, "USER", 4, state->user_width);
	out_string(out, "   FD   TYPE ");
	out_right(out, "DEVICE", 6, state->device_width);
	out_string(out, " SIZE/OFF ");
	out_right(out, "NODE", 4, state->node_width);
	out_string(out, " NAME\n");
}

static int out_line(struct lsof_state *state, struct out *out, const struct line *line)
{
	const struct row *row = line->row;
	if (put_command(&state->command, line) < 0 || put_user(&state->name, line) < 0)
		return -1;
	out_bytes(out, state->command.data, state->command.len);
	out_blanks(out, characters(&state->command), state->command_width);
	out_char(out, ' ');
	out_number(out, (uint64_t)line->process->pid, state->pid_width);
	out_char(out, ' ');
	out_blanks(out, characters(&state->name), state->user_width);
	out_bytes(out, state->name.data, state->name.len);
	out_char(out, ' ');
	out_number(out, (uint64_t)line->owner->fd, 4);
	out_string(out, "u  ");
	out_string(out, lsof_type(row));
	out_char(out, ' ');
	out_number(out, row->inode, state->device_width);
	out_string(out, "      0t0 ");
	out_right(out, lsof_node(row), strlen(lsof_node(row)), state->node_width);
	out_char(out, ' ');
	if (lsof_put_name(&state->name, line) < 0)
		return -1;
	out_bytes(out, state->name.data, state->name.len);
	/* lsof's blank behind a name without a state stays, as scripts may have met it. */
	out_char(out, ' ');
	if (row->proto == PROTO_TCP) {
		out_char(out, '(');
		out_string(out, state_name(row->state));
		out_char(out, ')');
	}
	out_char(out, '\n');
	return 0;
}

static int out_listing(struct lsof_state *state, const struct view *view, struct out *out)
{
	if (!state->file_count)
		return 0;
	if (measure(state, view) < 0)
		return -1;
	if (!view->no_header)
		out_heading(state, out);
	for (size_t i = 0; i < state->file_count; i++) {
		struct line line = lsof_line(state, view, i);
		if (out_line(state, out, &line) < 0)
			return -1;
	}
	return 0;
}

/* --- at the end --- */

/* Processes are numbered by ascending pid. */
static int compare(const void *a, const void *b, void *context)
{
	const struct owner *owner = context;
	const struct owner *left = &owner[((const struct file *)a)->owner];
	const struct owner *right = &owner[((const struct file *)b)->owner];
	if (left->process != right->process)
		return left->process < right->process ? -1 : 1;
	if (left->tid != right->tid)
		return left->tid < right->tid ? -1 : 1;
	return left->fd < right->fd ? -1 : left->fd > right->fd;
}

static void free_state(struct lsof_state *state)
{
	free(state->row);
	free(state->file);
	text_free(&state->command);
	text_free(&state->name);
}

static int lsof_end(void *at, const struct view *view, struct out *out)
{
	struct lsof_state *state = at;
	if (state->file_count)
		qsort_r(state->file, state->file_count, sizeof(*state->file), compare, view->owners->owner);
	int result = view->fields ? lsof_out_fields(state, view, out) : out_listing(state, view, out);
	free_state(state);
	return result;
}

const struct format format_lsof = {
	.name = "lsof",
	.help = "the listing of lsof -i",
	.begin = lsof_begin,
	.row = lsof_row,
	.end = lsof_end,
	.state_size = sizeof(struct lsof_state),
	.owned_only = true,
};
