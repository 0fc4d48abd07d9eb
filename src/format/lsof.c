// SPDX-License-Identifier: MIT
/*
 * lsof.c - the listing of lsof -i (lsof 4.95); its -F fields are in lsof_fields.c.
 *
 *   COMMAND   PID USER   FD   TYPE DEVICE SIZE/OFF NODE NAME
 *   nginx    1234 root    6u  IPv4  12493      0t0  TCP *:80 (LISTEN)
 *   ^content ^    ^        ^4 ^     ^               ^   right but for COMMAND and NAME
 *
 * A row is an fd of a process, in order of pid and fd, so nothing is written
 * until the last is known; the sockets stay in their table. Escapes of hostile names are ours (\x1b where lsof
 * has ^[), fds from 10000 on are whole where lsof has *000.
 */
#include <sockview/format.h>

#include <stdlib.h>
#include <string.h>

#include <sockview/names.h>
#include <sockview/netns.h>
#include <sockview/proto.h>
#include <sockview/text.h>
#include <sockview/vec.h>

#include "format/lsof_fields.h"
#include "format/lsof_line.h"
#include "format/pad.h"

/* The widths that the heading takes. */
enum {
	COMMAND_MIN = 7,
	DEVICE_MIN = 6,
	NODE_MIN = 4,
	USER_MIN = 4,
	PID_MIN = 3,
	UID_MIN = 8, /* USER with -l */
	NETNS_MIN = 5,
	PARENT_MIN = 5, /* PPID with -R, PGID with -g: a blank before the word */
};

struct lsof_widths {
	size_t command, pid, parent, group, user, device, node;
	size_t netns; /* 0: there is no such column */
};

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
	for (size_t i = 0; i < span.count; i++) {
		if (view->chosen && filter_judge_owner(view->chosen, sock, view->owners, span.first + i) != VERDICT_YES)
			continue;
		struct lsof_file *file = vec_push(state->file, state->file_count, state->file_capacity);
		if (!file)
			return -1;
		file->owner = (uint32_t)(span.first + i - view->owners->owner);
		file->row = sock->at;
	}
	return 0;
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
static int lsof_put_command(struct text *text, const struct lsof_line *line)
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

static int lsof_put_user(struct text *text, const struct lsof_line *line)
{
	const char *login = lsof_login(line);
	text->len = 0;
	if (login)
		return text_add_escaped(text, (struct bytes){ login, strlen(login) }, TEXT_WORD);
	return text_add_u64(text, line->process->uid);
}

static int lsof_put_netns(struct text *text, const struct lsof_line *line)
{
	const char *label = line->view->context->netns->item[line->row->netns].label;
	text->len = 0;
	return text_add_escaped(text, (struct bytes){ label, strlen(label) }, TEXT_WORD);
}

/* --- the listing --- */

static void lsof_pad(struct out *out, size_t used, size_t width)
{
	pad_blanks(out, used < width ? width - used : 0);
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

static int measure(struct lsof_state *state, const struct view *view, struct lsof_widths *widths)
{
	*widths = (struct lsof_widths){
		COMMAND_MIN,
		PID_MIN,
		PARENT_MIN,
		PARENT_MIN,
		view->numeric_users ? UID_MIN : USER_MIN,
		DEVICE_MIN,
		NODE_MIN,
		view->context->netns ? NETNS_MIN : 0,
	};
	const struct process *last = NULL;
	for (size_t i = 0; i < state->file_count; i++) {
		struct lsof_line line = lsof_line(state, view, i);
		widen(&widths->device, digits_of(line.row->inode));
		widen(&widths->node, strlen(lsof_node(line.row)));
		if (widths->netns && lsof_put_netns(&state->name, &line) < 0)
			return -1;
		if (widths->netns)
			widen(&widths->netns, characters(&state->name));
		/* The files of a process stand together. */
		if (line.process == last)
			continue;
		last = line.process;
		if (lsof_put_command(&state->command, &line) < 0 || lsof_put_user(&state->name, &line) < 0)
			return -1;
		widen(&widths->command, characters(&state->command));
		widen(&widths->user, characters(&state->name));
		widen(&widths->pid, digits_of((uint64_t)line.process->pid));
		widen(&widths->parent, digits_of((uint64_t)line.process->ppid));
		widen(&widths->group, digits_of((uint64_t)line.process->pgrp));
	}
	return 0;
}

static void lsof_out_heading(const struct lsof_widths *widths, const struct view *view, struct out *out)
{
	out_string(out, "COMMAND");
	lsof_pad(out, COMMAND_MIN, widths->command);
	out_char(out, ' ');
	pad_right(out, "PID", 3, widths->pid);
	out_char(out, ' ');
	if (view->show_parent) {
		pad_right(out, "PPID", 4, widths->parent);
		out_char(out, ' ');
	}
	if (view->show_group) {
		pad_right(out, "PGID", 4, widths->group);
		out_char(out, ' ');
	}
	pad_right(out, "USER", 4, widths->user);
	if (widths->netns) {
		out_char(out, ' ');
		pad_right(out, "NETNS", 5, widths->netns);
	}
	out_string(out, "   FD   TYPE ");
	pad_right(out, "DEVICE", 6, widths->device);
	out_string(out, " SIZE/OFF ");
	pad_right(out, "NODE", 4, widths->node);
	out_string(out, " NAME\n");
}

static int lsof_out_line(struct lsof_state *state, const struct lsof_widths *widths, struct out *out,
                         const struct lsof_line *line)
{
	const struct row *row = line->row;
	if (lsof_put_command(&state->command, line) < 0 || lsof_put_user(&state->name, line) < 0)
		return -1;
	out_bytes(out, state->command.data, state->command.len);
	lsof_pad(out, characters(&state->command), widths->command);
	out_char(out, ' ');
	pad_right_u64(out, (uint64_t)line->process->pid, widths->pid);
	out_char(out, ' ');
	if (line->view->show_parent) {
		pad_right_u64(out, (uint64_t)line->process->ppid, widths->parent);
		out_char(out, ' ');
	}
	if (line->view->show_group) {
		pad_right_u64(out, (uint64_t)line->process->pgrp, widths->group);
		out_char(out, ' ');
	}
	lsof_pad(out, characters(&state->name), widths->user);
	out_bytes(out, state->name.data, state->name.len);
	out_char(out, ' ');
	if (widths->netns) {
		if (lsof_put_netns(&state->name, line) < 0)
			return -1;
		lsof_pad(out, characters(&state->name), widths->netns);
		out_bytes(out, state->name.data, state->name.len);
		out_char(out, ' ');
	}
	pad_right_u64(out, (uint64_t)line->owner->fd, 4);
	out_string(out, "u  ");
	out_string(out, lsof_type(row));
	out_char(out, ' ');
	pad_right_u64(out, row->inode, widths->device);
	out_string(out, "      0t0 ");
	pad_right(out, lsof_node(row), strlen(lsof_node(row)), widths->node);
	out_char(out, ' ');
	if (lsof_put_name(&state->name, line) < 0)
		return -1;
	out_bytes(out, state->name.data, state->name.len);
	/* lsof's blank behind a name without a state stays, as scripts may have met it. */
	out_char(out, ' ');
	if (proto_has(row->proto, PROTO_CONNECTIONS)) {
		out_char(out, '(');
		out_string(out, state_name(row->state));
		out_char(out, ')');
	}
	out_char(out, '\n');
	return 0;
}

static int lsof_out_listing(struct lsof_state *state, const struct view *view, struct out *out)
{
	struct lsof_widths widths;
	if (!state->file_count)
		return 0;
	if (measure(state, view, &widths) < 0)
		return -1;
	if (!view->no_header)
		lsof_out_heading(&widths, view, out);
	for (size_t i = 0; i < state->file_count; i++) {
		struct lsof_line line = lsof_line(state, view, i);
		if (lsof_out_line(state, &widths, out, &line) < 0)
			return -1;
	}
	return 0;
}

/* --- at the end --- */

/* Of one process. */
static int lsof_compare(const void *a, const void *b, void *context)
{
	const struct owner *owner = context;
	const struct owner *left = &owner[((const struct lsof_file *)a)->owner];
	const struct owner *right = &owner[((const struct lsof_file *)b)->owner];
	if (left->tid != right->tid)
		return left->tid < right->tid ? -1 : 1;
	return left->fd < right->fd ? -1 : left->fd > right->fd;
}

/* A process's part of the files; while they are put in order the next one of it comes to `next`. */
struct lsof_part {
	uint32_t next, end;
};

/* Each file to the part of its process. */
static void lsof_gather(struct lsof_state *state, const struct owners *owners, struct lsof_part *part)
{
	for (size_t i = 0; i < owners->process_count; i++)
		while (part[i].next < part[i].end) {
			struct lsof_file *file = &state->file[part[i].next], found = *file;
			struct lsof_part *whose = &part[owners->owner[found.owner].process];
			*file = state->file[whose->next];
			state->file[whose->next++] = found;
		}
}

/*
 * By ascending pid, as processes are numbered. Each process's files are sorted
 * by themselves: qsort_r() takes the memory of what it sorts once more.
 */
static int lsof_order(struct lsof_state *state, const struct owners *owners)
{
	struct lsof_part *part = calloc(owners->process_count, sizeof(*part));
	uint32_t first = 0;
	if (!part)
		return -1;
	for (size_t i = 0; i < state->file_count; i++)
		part[owners->owner[state->file[i].owner].process].end++;
	for (size_t i = 0; i < owners->process_count; i++) {
		part[i].next = first;
		first = part[i].end += first;
	}
	lsof_gather(state, owners, part);
	first = 0;
	for (size_t i = 0; i < owners->process_count; first = part[i++].end)
		qsort_r(state->file + first, part[i].end - first, sizeof(*state->file), lsof_compare, owners->owner);
	free(part);
	return 0;
}

static int lsof_end(void *at, const struct view *view, struct out *out)
{
	struct lsof_state *state = at;
	int result = state->file_count ? lsof_order(state, view->owners) : 0;
	if (!result)
		result = view->fields ? lsof_out_fields(state, view, out) : lsof_out_listing(state, view, out);
	if (view->repeated && view->fields)
		out_string(out, "m\n");
	else if (view->repeated)
		out_string(out, "=======\n");
	free(state->file);
	text_free(&state->command);
	text_free(&state->name);
	return result;
}

const struct format format_lsof = {
	.name = "lsof",
	.begin = lsof_begin,
	.row = lsof_row,
	.end = lsof_end,
	.state_size = sizeof(struct lsof_state),
	.details = PROCESS_NAME | PROCESS_UID,
	.owned_only = true,
	.own_order = true,
};
