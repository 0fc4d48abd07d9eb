// SPDX-License-Identifier: MIT
/*
 * lsof_fields.c - lsof -F: a field a line, the process's first, then those of each of its files.
 *
 *   p1234      f6      tIPv4   n*:80
 *   cnginx             PTCP    TST=LISTEN ...
 */
#include "format/lsof_fields.h"

#include <string.h>

#include <sockview/proto.h>
#include <sockview/text.h>

struct fields {
	struct lsof_state *state;
	const struct lsof_line *line;
	struct out *out;
	char end; /* behind each field: newline, or NUL with -F0 */
};

static void field_text(const struct fields *fields, char letter, const char *text, size_t len)
{
	out_char(fields->out, letter);
	out_bytes(fields->out, text, len);
	out_char(fields->out, fields->end);
}

static void field_number(const struct fields *fields, char letter, uint64_t number)
{
	char digits[TEXT_U64_MAX];
	field_text(fields, letter, digits, (size_t)(text_u64(digits, number) - digits));
}

static int field_escaped(const struct fields *fields, char letter, struct bytes bytes)
{
	struct text *text = &fields->state->command;
	text->len = 0;
	if (text_add_escaped(text, bytes, TEXT_LINE) < 0)
		return -1;
	field_text(fields, letter, text->data, text->len);
	return 0;
}

static void field_tcp(const struct fields *fields, const char *name, const char *text, size_t len)
{
	out_string(fields->out, name);
	out_bytes(fields->out, text, len);
	out_char(fields->out, fields->end);
}

static void field_tcp_number(const struct fields *fields, const char *name, uint64_t number)
{
	char digits[TEXT_U64_MAX];
	field_tcp(fields, name, digits, (size_t)(text_u64(digits, number) - digits));
}

/* In lsof's order; those of the process first. */
static const char process_letters[] = "pKgRcuL", file_letters[] = "faltdoPnT";

/* 0, or -1 with errno ENOMEM. */
static int field_out(const struct fields *fields, char letter)
{
	const struct lsof_line *line = fields->line;
	const struct process *process = line->process;
	const struct row *row = line->row;
	const char *text;
	switch (letter) {
	case 'p':
		field_number(fields, letter, (uint64_t)process->pid);
		break;
	case 'K':
		if (line->owner->tid != process->pid)
			field_number(fields, letter, (uint64_t)line->owner->tid);
		break;
	case 'g':
		if (process->has & PROCESS_START)
			field_number(fields, letter, (uint64_t)process->pgrp);
		break;
	case 'R':
		if (process->has & PROCESS_START)
			field_number(fields, letter, (uint64_t)process->ppid);
		break;
	case 'c':
		/* Whole, and blanks stay: the field ends where the line does. */
		return field_escaped(fields, letter, owners_text(line->view->owners, process->comm));
	case 'u':
		field_number(fields, letter, process->uid);
		break;
	case 'L':
		text = lsof_login(line);
		return text ? field_escaped(fields, letter, (struct bytes){ text, strlen(text) }) : 0;
	case 'f':
		field_number(fields, letter, (uint64_t)line->owner->fd);
		break;
	case 'a':
		field_text(fields, letter, "u", 1);
		break;
	case 'l':
		field_text(fields, letter, " ", 1);
		break;
	case 't':
		text = lsof_type(row);
		field_text(fields, letter, text, strlen(text));
		break;
	case 'd':
		field_number(fields, letter, row->inode);
		break;
	case 'o':
		field_text(fields, letter, "0t0", 3);
		break;
	case 'P':
		text = lsof_node(row);
		field_text(fields, letter, text, strlen(text));
		break;
	case 'n':
		if (lsof_put_name(&fields->state->name, line) < 0)
			return -1;
		field_text(fields, letter, fields->state->name.data, fields->state->name.len);
		break;
	case 'T':
		text = state_name(row->state);
		if (proto_has(row->proto, PROTO_CONNECTIONS))
			field_tcp(fields, "TST=", text, strlen(text));
		/* The queues as /proc/net/tcp has them, where lsof reads: of a listener, no backlog. */
		field_tcp_number(fields, "TQR=", row->recv_q);
		field_tcp_number(fields, "TQS=", row->flags & ROW_BACKLOG ? 0 : row->send_q);
	}
	return 0;
}

/* The fields of `letters` that -F names; the pid is always told, and -F0 is all with another end. */
static int fields_out(const struct fields *fields, const char *letters)
{
	const char *chosen = fields->line->view->fields;
	bool all = strspn(chosen, "0") == strlen(chosen), some = false;
	for (; *letters; letters++) {
		if (!all && *letters != 'p' && !strchr(chosen, *letters))
			continue;
		if (field_out(fields, *letters) < 0)
			return -1;
		some = true;
	}
	if (some && !fields->end)
		out_char(fields->out, '\n');
	return 0;
}

int lsof_out_fields(struct lsof_state *state, const struct view *view, struct out *out)
{
	char end = strchr(view->fields, '0') ? '\0' : '\n';
	const struct owner *last = NULL;
	for (size_t i = 0; i < state->file_count; i++) {
		struct lsof_line line = lsof_line(state, view, i);
		struct fields fields = { state, &line, out, end };
		bool same = last && last->process == line.owner->process && last->tid == line.owner->tid;
		last = line.owner;
		if ((!same && fields_out(&fields, process_letters) < 0) || fields_out(&fields, file_letters) < 0)
			return -1;
	}
	return 0;
}
